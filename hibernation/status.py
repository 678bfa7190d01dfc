"""Everything there is to know of the headers database at this moment, as one value: for `rds_status` and the page.

Owns: what is asked for it. Where AWS does not answer, what the portal itself knows is still told.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from chunks.headers_db.place import HeadersPlace
from chunks.headers_db.state import read_state
from hibernation import configuration, events, held
from hibernation.aws import clients_for, speaking
from hibernation.errors import AwsRefused
from hibernation.events import Waiting
from hibernation.models import Sleep, present_sleep
from hibernation.prices import Cost, Prices, cost_of, dollars, prices_here
from hibernation.site import Site, site_here
from hibernation.snapshots import Held, kept
from hibernation.states import Goal, Host, Instance
from hibernation.work import Look, Work, look
from jobs.models import Job
from people.scope import Scope
from storage.objects import Objects

SHOWN = 10


@dataclass(frozen=True, kw_only=True)
class Status:
    """`fault`: why AWS could not be asked, else empty; `waiting`: in the queues; `saved`: over all sleeps, dollars."""

    site: Site
    place: HeadersPlace
    sleep: Sleep | None
    holder: Job | None
    prices: Prices
    by_snapshot: Cost
    by_stopping: Cost
    saved: Decimal
    look: Look | None = None
    snapshots: tuple[Held, ...] = ()
    waiting: tuple[Waiting, ...] = ()
    fault: str = ""

    @property
    def started_by_aws(self) -> bool:
        """Whether AWS has started an instance again that was stopped: it costs, and nobody uses it."""
        stopped = self.sleep is not None and self.sleep.mode == Goal.STOP and self.sleep.slept_at is not None
        return bool(stopped and self.look and self.look.seen.instance in {Instance.AVAILABLE, Instance.COMING})

    @property
    def cost_now(self) -> Decimal | None:
        """Dollars a month as it is now."""
        if self.look is None:
            return None
        if self.look.seen.instance == Instance.ABSENT:
            return self.by_snapshot.asleep
        return self.by_stopping.asleep if self.look.seen.instance == Instance.STOPPED else self.by_snapshot.awake


def status(work: Work) -> Status:
    """Asks the portal database and AWS. Raises `PricesUnreadable`."""
    seen, fault = None, ""
    there: tuple[Held, ...] = ()
    waiting: tuple[Waiting, ...] = ()
    try:
        with speaking():
            seen = look(work)
            if work.clients is not None:
                there = tuple(kept(work.clients, instance=work.site.instance))
                waiting = tuple(events.waiting(work.clients, seen.mappings))
    except AwsRefused as refused:
        fault = str(refused)
    prices, sleep = prices_here(), present_sleep()
    wanted = _configuration(seen, sleep=sleep, site=work.site)
    host_type = seen.host_type if seen else ""
    return Status(
        site=work.site,
        place=read_state(),
        sleep=sleep,
        holder=held.holder(),
        prices=prices,
        by_snapshot=cost_of(wanted, mode=Goal.SNAPSHOT, prices=prices, host_type=host_type),
        by_stopping=cost_of(wanted, mode=Goal.STOP, prices=prices, host_type=host_type),
        saved=sum((each.saved or Decimal(0) for each in Sleep.objects.all()), Decimal(0)),
        look=seen,
        snapshots=there,
        waiting=waiting,
        fault=fault,
    )


def status_here(scope: Scope, *, objects: Objects) -> Status:
    site = site_here()
    return status(
        Work(site=site, clients=clients_for(site) if site.on_rds else None, by=scope, objects=objects)
    )  # fmt: skip


def lines(told: Status) -> Iterator[str]:
    """One screen for a terminal."""
    yield f"Headers database: {told.place}" + (f" – {told.place.note}" if told.place.note else "")
    if told.holder is not None:
        yield f"At it now:        {held.said_of(told.holder)}"
    if not told.site.on_rds:
        yield "Instance:         none on RDS (ECOG_RDS_INSTANCE is empty): a file or a server of your own"
        return
    yield from _aws_lines(told)
    yield from _cost_lines(told)
    for note in told.sleep.notes if told.sleep else []:
        yield f"Note:             {note}"


def _aws_lines(told: Status) -> Iterator[str]:
    if told.look is None:
        yield f"AWS:              {told.fault}"
        return
    seen = told.look.seen
    yield f"Instance:         {told.site.instance}: {told.look.status}"
    if told.started_by_aws:
        yield f"{' ' * 18}AWS has started it again after 7 days, and it costs: rds_hibernate puts it to sleep again."
    if not told.snapshots:
        yield "Snapshots:        none"
    for number, each in enumerate(told.snapshots[:SHOWN]):
        yield ("Snapshots:        " if not number else " " * 18) + each.line
    more = len(told.snapshots) - SHOWN
    if more > 0:
        yield f"{' ' * 18}and {more} more (rds_restore --list)"
    host = f"{told.site.host}: {seen.host}" if seen.host != Host.NONE else "none"
    yield f"Host:             {host}"
    yield f"Events:           {seen.events} ({told.site.function})"
    for queue in told.waiting:
        yield f"{' ' * 18}{queue.queue}: about {queue.waiting:,} wait, {queue.dead:,} failed"


def _cost_lines(told: Status) -> Iterator[str]:
    prices = f"prices of {told.prices.of}, {told.prices.region}"
    yield f"A month costs:    {dollars(told.cost_now)} as it is now ({prices})"
    yield f"                  {cost_words(told)}"
    if unknown := told.by_snapshot.unknown:
        yield f"                  not in the table of prices: {unknown}"
    yield f"Saved so far:     {dollars(told.saved.quantize(Decimal('0.01')))}"


def cost_words(told: Status) -> str:
    return (
        f"{dollars(told.by_snapshot.awake)} awake, at most {dollars(told.by_snapshot.asleep)} as a snapshot, "
        f"{dollars(told.by_stopping.asleep)} stopped (and its backups)"
    )


def _configuration(seen: Look | None, *, sleep: Sleep | None, site: Site) -> configuration.Configuration:
    if seen is not None and seen.instance is not None:
        return configuration.read(seen.instance)
    if sleep is not None and sleep.configuration:
        return dict(sleep.configuration)
    last = Sleep.objects.filter(instance=site.instance, recorded_at__isnull=False).first()
    return dict(last.configuration) if last else {}
