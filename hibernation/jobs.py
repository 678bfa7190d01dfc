"""Sleeping and waking as jobs: what their question says, and how a command or a worker does them.

Owns: the form of the question (`mode=snapshot`; `latest`, `date=…`, `snapshot=…`, `from-buckets`, `address=…`), and
that each is one act of the audit, done by one at a time.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlencode

from django.conf import settings

from hibernation import engine, held, snapshots
from hibernation.aws import ask_before_each_request, clients_for, speaking
from hibernation.errors import SnapshotUnclear
from hibernation.models import Sleep, present_sleep
from hibernation.site import require_rds, site_here
from hibernation.states import Goal, Instance, Source
from hibernation.waking import require_enough, wanted_of
from hibernation.work import Pace, Tell, Work, look
from jobs.lease import Lease
from people import audit
from people.scope import Scope
from storage.urls import open_objects

SLEEP, WAKE = "hibernate", "wake"
JOB = "job"
_Answer = TypeVar("_Answer")


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What to restore, if there is no instance; nothing said: the present sleep's own snapshot."""

    day: date | None = None
    snapshot: str = ""
    latest: bool = False
    from_buckets: bool = False
    address: str = ""
    wanted: Mapping[str, Any] = field(default_factory=dict)

    @property
    def made(self) -> bool:
        return bool(self.day or self.snapshot or self.latest or self.from_buckets)

    def question(self) -> str:
        said = {
            "date": self.day.isoformat() if self.day else "",
            "snapshot": self.snapshot,
            "latest": "yes" if self.latest else "",
            "from-buckets": "yes" if self.from_buckets else "",
            "address": self.address,
        }
        return urlencode({name: value for name, value in said.items() if value})

    @classmethod
    def of(cls, question: str) -> "Choice":
        """Raises `ValueError` for what `question()` does not write."""
        said = {name: values[0] for name, values in parse_qs(question).items()}
        return cls(
            day=date.fromisoformat(said["date"]) if "date" in said else None,
            snapshot=said.get("snapshot", ""),
            latest="latest" in said,
            from_buckets="from-buckets" in said,
            address=said.get("address", ""),
        )


def sleep_question(goal: Goal) -> str:
    return urlencode({"mode": goal.value})


def run_sleep(lease: Lease) -> None:
    """As a worker does it."""
    goal = Goal(parse_qs(lease.question)["mode"][0])
    sleep = do_sleep(lease, goal=goal, scope=lease.scope(means=JOB), tell=telling(lease))
    lease.finish({"sleep": sleep.pk})


def run_wake(lease: Lease) -> None:
    sleep = do_wake(lease, choice=Choice.of(lease.question), scope=lease.scope(means=JOB), tell=telling(lease))
    lease.finish({"sleep": sleep.pk if sleep else None, "recovered": sleep.recovered if sleep else None})


def do_sleep(
    lease: Lease, *, goal: Goal, scope: Scope, tell: Tell, origin: str = "", pace: Pace | None = None
) -> Sleep:
    """One act of the audit, done by one at a time. Raises `SomebodyElse` and what the engine raises."""
    with audit.act("hibernate", scope=scope, question=sleep_question(goal), origin=origin):
        work = work_here(scope, tell=tell, pace=pace, origin=origin)
        if goal in {Goal.SNAPSHOT, Goal.STOP}:
            require_rds(work.site)
        return _held(lease, work, lambda: engine.put_to_sleep(work, goal=goal))


def do_wake(
    lease: Lease, *, choice: Choice, scope: Scope, tell: Tell, origin: str = "", pace: Pace | None = None
) -> Sleep | None:
    with audit.act("wake", scope=scope, question=choice.question(), origin=origin):
        work = chosen(work_here(scope, tell=tell, pace=pace, origin=origin), choice=choice)
        return _held(lease, work, lambda: engine.wake(work))


def work_here(scope: Scope, *, tell: Tell, pace: Pace | None = None, origin: str = "") -> Work:
    site = site_here()
    return Work(
        site=site,
        clients=clients_for(site) if site.on_rds else None,
        by=scope,
        objects=open_objects(settings.OBJECTS_URL),
        tell=tell,
        pace=pace or Pace(),
        origin=origin,
    )


def chosen(work: Work, *, choice: Choice) -> Work:
    """The work with what a missing instance is to be made from.

    Raises `SnapshotUnclear` where that is not clear, or where an instance is there, whose rows are newer than any
    snapshot's.
    """
    if choice.address:
        work = replace(work, own_address=_address(choice.address))
    if not work.site.on_rds:
        if choice.made:
            raise SnapshotUnclear(
                "There is no RDS instance (ECOG_RDS_INSTANCE is empty), so there is nothing to restore from."
            )
        return work
    with speaking():
        seen = look(work).seen
    if seen.instance not in {Instance.ABSENT, Instance.DELETING}:
        # A waking that was interrupted goes on, whatever it was begun with.
        sleep = present_sleep()
        if choice.made and not seen.done and not (sleep and sleep.source):
            raise SnapshotUnclear(
                f"The instance {work.site.instance} is there, and its rows are newer than those of any snapshot: "
                "rds_restore without a choice wakes it as it is."
            )
        return work
    return _with_source(work, choice=choice)


def _with_source(work: Work, *, choice: Choice) -> Work:
    sleep = present_sleep()
    if choice.from_buckets or (not choice.made and sleep and sleep.source == "buckets"):
        work = replace(work, source=Source.BUCKETS, wanted=dict(choice.wanted))
        require_enough(wanted_of(work, sleep=sleep))
        return work
    with speaking():
        there = snapshots.kept(work.aws, instance=work.site.instance)
    name = choice.snapshot or ("" if choice.made else _own(sleep))
    found = snapshots.choose(there, day=choice.day, name=name, latest=choice.latest)
    return replace(work, source=Source.SNAPSHOT, snapshot=found.name)


def _address(text: str) -> tuple[str, int]:
    """`host:port`, or a host, a socket's path or a file's alone."""
    host, _, port = text.rpartition(":")
    return (host, int(port)) if host and port.isdigit() else (text, 0)


def _own(sleep: Sleep | None) -> str:
    """What an interrupted waking was begun with, else the verified snapshot of the present sleep."""
    if sleep is None:
        return ""
    return sleep.source or (sleep.snapshot if sleep.verified_at else "")


def telling(lease: Lease, *, also: Tell | None = None) -> Tell:
    def tell(sentence: str, *, percent: int | None = None) -> None:
        lease.progress(note=sentence)
        if also is not None:
            also(sentence, percent=percent)

    return tell


def _held(lease: Lease, work: Work, do: Callable[[], _Answer]) -> _Answer:
    right = held.take(lease, kinds=(SLEEP, WAKE))
    work.check = right.check
    if work.clients is not None:
        ask_before_each_request(work.clients, check=right.check)
    try:
        return do()
    finally:
        right.release()
