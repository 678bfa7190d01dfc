"""The four commands as an administrator types them."""

import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.utils import timezone

from chunks.headers_db.place import State
from chunks.headers_db.state import read_state
from hibernation import jobs
from hibernation.models import Hold, Sleep
from hibernation.states import Goal
from jobs.asking import enqueue
from jobs.models import Job, Runner
from jobs.models import State as JobState
from jobs.tasks import run as work
from people.models import AuditEntry
from people.scope import server_scope
from tests.hibernation.lab import FUNCTION, REGION, Clock, Lab

pytestmark = pytest.mark.database(transaction=True)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits are leaps; the emulator's address is the portal's own database."""
    real = jobs.work_here

    def quick(*args: Any, **more: Any) -> Any:
        work = real(*args, **more)
        work.pace, work.address = Clock().pace(), lambda _name, _port: ("", 0)
        return work

    monkeypatch.setattr(jobs, "work_here", quick)


@pytest.fixture
def configured(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> Lab:
    """Settings that name the lab's instance."""
    lab.make()
    monkeypatch.setenv("AWS_ENDPOINT_URL", lab.url)
    named = {"RDS_INSTANCE": lab.name, "RDS_HOST_INSTANCE": lab.host, "INDEX_FUNCTION": FUNCTION, "AWS_REGION": REGION}
    for name, value in named.items():
        monkeypatch.setattr(settings, name, value)
    return lab


def run(*words: str) -> str:
    out = io.StringIO()
    call_command(*words, stdout=out)
    return out.getvalue()


def restore(*words: str) -> str:
    """As far as this emulator goes: it answers for the function without running it, so its address is not proved."""
    out = io.StringIO()
    with pytest.raises(CommandError, match="is not proved") as told:
        call_command("rds_restore", *words, stdout=out)
    assert told.value.returncode == 3
    return out.getvalue()


def refused(*words: str, match: str) -> CommandError:
    with pytest.raises(CommandError, match=match) as told:
        run(*words)
    return told.value


def test_asleep_and_awake_as_typed(configured: Lab) -> None:
    told = run("rds_hibernate", "--yes")
    # 730 h at 0.016 and 20 GB at 0.115, and the host 730 h at 0.0042; 20 GB at 0.095
    assert "$17.05 awake, at most $1.90 as a snapshot" in told
    assert "is available and verified" in told
    assert "A month costs $1.90 now instead of $17.05" in told
    status = run("rds_status")
    assert "asleep since" in status
    assert "(server)" in status
    assert f"{configured.name}: absent" in status
    assert "verified  ecog-headers-hib-" in status
    told = restore()
    assert "The snapshot is completely restored." in told
    assert read_state().state == State.AWAKE
    acts = list(AuditEntry.objects.order_by("pk").values_list("act", "outcome"))
    assert acts == [("hibernate", "done"), ("delete RDS instance", "done"), ("wake", "done")]
    assert {job.state for job in Job.objects.all()} == {JobState.DONE}


def test_it_asks_and_without_a_terminal_does_nothing(configured: Lab) -> None:
    refused("rds_hibernate", match="Nothing was changed")
    assert read_state().state == State.AWAKE


def test_without_an_instance_it_says_so(db: None) -> None:
    refused("rds_hibernate", "--yes", match="no RDS instance")
    refused("rds_prune", "--keep", "1", match="no RDS instance")
    assert "none on RDS" in run("rds_status")


def test_the_embedded_portal_can_be_closed_and_opened(db: None) -> None:
    run("rds_hibernate", "--mode", "closed", "--yes")
    assert read_state().state == State.ASLEEP
    assert "0 rows were recovered" in run("rds_restore")
    assert "awake already" in run("rds_restore")
    assert read_state().state == State.AWAKE


def test_a_second_person_is_told_who_and_since_when(configured: Lab) -> None:
    job = Job.objects.create(
        kind="hibernate",
        asker_name="ann",
        question_key="x",
        runner=Runner.COMMAND,
        state=JobState.RUNNING,
        attempt=1,
        started_at=timezone.now(),
        lease_until=timezone.now() + timedelta(seconds=25),
    )
    Hold.objects.create(pk=1, job_id=job.pk)
    for command in (("rds_hibernate", "--yes"), ("rds_restore",)):
        told = refused(*command, match="ann is at it in a terminal since")
        assert f"job {job.pk}" in str(told)
    assert "ann is at it" in run("rds_status")
    # Killed: its lease runs out.
    Job.objects.filter(pk=job.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    run("rds_hibernate", "--yes")
    assert Hold.objects.get(pk=1).job_id is None


@pytest.mark.parametrize("left", [JobState.QUEUED, JobState.RUNNING], ids=["handed back", "killed"])
def test_a_sleep_that_another_has_taken_over_is_not_begun_again(db: None, left: JobState) -> None:
    """Its worker comes back when somebody has woken the database meanwhile."""
    scope, question = server_scope(means="page"), jobs.sleep_question(Goal.CLOSED)
    job = enqueue(jobs.SLEEP, question=question, scope=scope, send=lambda _: None)
    dead = timezone.now() - timedelta(seconds=1) if left == JobState.RUNNING else None
    Job.objects.filter(pk=job.pk).update(state=left, attempt=1, started_at=timezone.now(), lease_until=dead)
    run("rds_hibernate", "--mode", "closed", "--yes")
    run("rds_restore")
    work(job.pk)
    assert read_state().state == State.AWAKE
    job.refresh_from_db()
    assert (job.state, job.reason) == (JobState.FAILED, f"Taken over by job {job.pk + 1} of server.")


def test_a_date_with_two_snapshots_is_not_guessed(configured: Lab) -> None:
    run("rds_hibernate", "--yes")
    restore()
    run("rds_hibernate", "--yes")
    today = Sleep.objects.latest("pk").snapshot
    told = refused("rds_restore", "--date", f"{timezone.now():%Y-%m-%d}", match="2 snapshots")
    assert today in str(told)
    assert told.returncode == 2


def test_a_snapshot_of_the_lab_is_listed_with_advice_and_not_restored(configured: Lab) -> None:
    old = f"{configured.name}-2017-06-01"
    rds = configured.client("rds")
    rds.create_db_snapshot(DBInstanceIdentifier=configured.name, DBSnapshotIdentifier=old)
    run("rds_hibernate", "--yes")
    listed = run("rds_restore", "--list")
    assert f"not of this portal  {old}" in listed
    assert "rebuild from the buckets" in listed
    refused("rds_restore", "--snapshot", old, match="not made by this portal")
    assert read_state().state == State.ASLEEP
    assert configured.instance() is None
    assert "The snapshot is completely restored." in restore("--latest")


def test_a_host_on_which_the_portal_runs_is_refused(configured: Lab) -> None:
    from hibernation.models import PortalMachine

    PortalMachine.objects.create(pk=configured.host)
    refused("rds_hibernate", "--yes", match="it must stay on")
    assert read_state().state == State.AWAKE
    PortalMachine.objects.update(seen_at=timezone.now() - timedelta(days=8))
    run("rds_hibernate", "--yes")
    assert configured.host_state() in {"stopping", "stopped"}


def test_old_snapshots_go_but_never_the_needed(configured: Lab) -> None:
    old = [f"{configured.name}-hib-2026060{day}t100000z" for day in (1, 2, 3)]
    labs = f"{configured.name}-2017-06-01"
    for name in [*old, labs]:
        configured.client("rds").create_db_snapshot(DBInstanceIdentifier=configured.name, DBSnapshotIdentifier=name)
    run("rds_hibernate", "--yes")
    present = Sleep.objects.get().snapshot
    refused("rds_prune", "--keep", "0", match="1 or more")
    refused("rds_prune", "--keep", "1", match="Nothing was removed")
    assert len(configured.snapshots()) == 5
    run("rds_prune", "--keep", "2", "--yes")
    assert {each["DBSnapshotIdentifier"] for each in configured.snapshots()} == {old[2], labs, present}
    run("rds_prune", "--keep", "1", "--yes")
    assert {each["DBSnapshotIdentifier"] for each in configured.snapshots()} == {labs, present}
    assert "No snapshot has to go" in run("rds_prune", "--keep", "1")
    assert AuditEntry.objects.filter(act="delete RDS snapshot").count() == 3


def test_the_price_of_a_class_nobody_knows_is_unknown(configured: Lab) -> None:
    configured.client("rds").modify_db_instance(
        DBInstanceIdentifier=configured.name, DBInstanceClass="db.x99.huge", ApplyImmediately=True
    )
    told = run("rds_status")
    assert "unknown awake" in told
    assert "the class db.x99.huge" in told


def test_a_worker_does_both(configured: Lab) -> None:
    """As the page asks for them: by a job's number alone."""
    scope = server_scope(means="page")
    for kind, question, state in (
        (jobs.SLEEP, jobs.sleep_question(Goal.SNAPSHOT), State.ASLEEP),
        (jobs.WAKE, jobs.Choice().question(), State.AWAKE),
    ):
        job = enqueue(kind, question=question, scope=scope, send=lambda _: None)
        work(job.pk)
        job.refresh_from_db()
        assert (job.state, job.reason) == (JobState.DONE, "")
        assert read_state().state == state


@pytest.fixture
def typing(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """A person at a terminal who answers so, and then presses Ctrl-D; what was asked."""

    def answers(*typed: str) -> list[str]:
        asked, left = list[str](), iter(typed)

        def answer(question: str) -> str:
            asked.append(question)
            try:
                return next(left)
            except StopIteration:
                raise EOFError from None

        monkeypatch.setattr("sys.stdin.isatty", lambda: True)
        monkeypatch.setattr("builtins.input", answer)
        return asked

    return answers


def test_at_a_terminal_it_asks_for_the_date_as_the_lab_knows_it(
    configured: Lab, typing: Callable[..., list[str]]
) -> None:
    run("rds_hibernate", "--yes")
    Sleep.objects.update(verified_at=None)  # an older portal's: which snapshot is meant is not clear
    asked = typing(
        "yesterday", "2017-06-01", "", f"{configured.name}-hib-20170601t100000z", f"{timezone.now():%Y-%m-%d}"
    )
    told = restore()
    assert "The snapshot is completely restored." in told
    for said in ("'yesterday' is no date", "no snapshot of 2017-06-01", "'' is no date", "There is no snapshot 'ecog"):
        assert said in told
    assert [question.partition(" (")[0] for question in asked] == ["Enter the date of the snapshot"] * 5


def test_of_two_snapshots_of_a_day_the_person_at_the_terminal_says_which(
    configured: Lab, typing: Callable[..., list[str]]
) -> None:
    for _ in range(2):
        run("rds_hibernate", "--yes")
        restore()
    run("rds_hibernate", "--yes")
    first, today = Sleep.objects.earliest("pk").snapshot, f"{timezone.now():%Y-%m-%d}"
    Sleep.objects.update(verified_at=None)
    typing(today, first)
    told = restore()
    assert f"Of {today} there are 3 snapshots" in told
    assert f"The snapshot {first} is being restored." in told


def test_who_answers_nothing_changes_nothing(configured: Lab, typing: Callable[..., list[str]]) -> None:
    typing()
    assert refused("rds_hibernate", match="Nothing was changed").returncode == 1
    assert read_state().state == State.AWAKE
    run("rds_hibernate", "--yes")
    Sleep.objects.update(verified_at=None)
    assert refused("rds_restore", match="Nothing was answered").returncode == 2
    assert read_state().state == State.ASLEEP
    assert configured.instance() is None


def test_where_there_is_no_snapshot_nobody_is_asked_for_one(configured: Lab, typing: Callable[..., list[str]]) -> None:
    run("rds_hibernate", "--yes")
    configured.client("rds").delete_db_snapshot(DBSnapshotIdentifier=Sleep.objects.get().snapshot)
    asked = typing("2017-06-01")
    refused("rds_restore", match="--from-buckets needs none")
    assert asked == []


@pytest.mark.usefixtures("own_user")
def test_at_a_terminal_it_asks_how_a_new_instance_is_to_be(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, typing: Callable[..., list[str]]
) -> None:
    """Nothing was ever recorded, and there is neither instance nor snapshot."""
    lab.make(host=False)
    before = lab.instance()
    assert before is not None
    rds = lab.client("rds")
    rds.modify_db_instance(DBInstanceIdentifier=lab.name, DeletionProtection=False)
    rds.delete_db_instance(DBInstanceIdentifier=lab.name, SkipFinalSnapshot=True)
    monkeypatch.setenv("AWS_ENDPOINT_URL", lab.url)
    for name, value in {"RDS_INSTANCE": lab.name, "AWS_REGION": REGION}.items():
        monkeypatch.setattr(settings, name, value)
    groups = [each["VpcSecurityGroupId"] for each in before["VpcSecurityGroups"]]
    subnets = before["DBSubnetGroup"]["DBSubnetGroupName"]
    answers = ["db.t4g.small", "25", "mysql", subnets, " ".join(groups)]
    refused("rds_restore", "--from-buckets", match="Not known of the new instance")
    typing("db.t4g.small", "twenty", "mysql", subnets, " ".join(groups))
    refused("rds_restore", "--from-buckets", match="'twenty' is no number of gigabytes")
    typing(*answers)
    restore("--from-buckets")
    made = lab.instance()
    assert made is not None
    assert (made["DBInstanceClass"], made["AllocatedStorage"]) == ("db.t4g.small", 25)
    assert (made["DeletionProtection"], made["PubliclyAccessible"]) == (True, False)


def test_a_day_that_is_none_is_said_so(configured: Lab) -> None:
    refused("rds_restore", "--date", "2026-13-01", match="'2026-13-01' is no date: write it as 2026-06-01")
