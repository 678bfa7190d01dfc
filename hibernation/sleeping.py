"""The steps of putting the headers database to sleep: each does one thing, and may be done again.

Owns: the one call that deletes an instance. It is given a `Verified`, and looks once more at everything that makes it
right: search closed, events paused, the snapshot available, the instance the one that was recorded.
"""

from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError
from django.utils import timezone

from chunks.headers_db.place import State
from chunks.headers_db.state import read_state, set_state
from hibernation import configuration, events, snapshots
from hibernation.aws import code_of
from hibernation.errors import SnapshotUnfit, WorkUnderWay
from hibernation.models import Sleep, present_sleep
from hibernation.prices import cost_of, prices_here
from hibernation.states import Events, Goal, Instance, Snapshot
from hibernation.work import Look, Work, look
from jobs import kinds
from jobs.models import Job
from jobs.models import State as JobState
from people import audit

SNAPSHOT_TRIES = 3
TAKEN = frozenset({"DBSnapshotAlreadyExists", "DBSnapshotAlreadyExistsFault"})
CALLS_TWICE = 2
DEFAULT_TIMEOUT_S = 60


def close(work: Work, seen: Look, *, goal: Goal) -> None:
    """Search closes first, so that nobody writes any more; the row of the sleep is there before it does.

    Where it was waking, that waking is over: what it had restored is put to sleep again, by a snapshot of its own.
    """
    old = present_sleep()
    if old is not None:
        old.awake_at = work.pace.now()
        old.notes = [*old.notes, "It was put to sleep again before search was opened."]
        old.save(update_fields=["awake_at", "notes"])
    Sleep.objects.create(
        instance=work.site.instance,
        mode=goal.value,
        by=work.by.by,
        closed_at=work.pace.now(),
        paused=old.paused if old else [],
    )
    note = {Goal.CLOSED: "closed by hand"}.get(goal, f"to be hibernated ({goal})")
    set_state(seen.place, state=State.ASLEEP, by=work.by.by, note=note)
    work.tell("Search is closed.")


def the_sleep(work: Work, *, goal: Goal) -> Sleep:
    """The present one; made anew where the database is closed without one (by hand, or by an older portal)."""
    found = present_sleep()
    if found is None:
        found = Sleep.objects.create(
            instance=work.site.instance, mode=goal.value, by=work.by.by, closed_at=work.pace.now()
        )
    return found


def record(work: Work, seen: Look, *, sleep: Sleep) -> None:
    told = _there(seen)
    wanted = configuration.read(told)
    cost = cost_of(wanted, mode=sleep.mode, prices=prices_here(), host_type=seen.host_type)
    sleep.instance, sleep.configuration, sleep.recorded_at = work.site.instance, wanted, work.pace.now()
    sleep.resource_id = told.get("DbiResourceId", "")
    sleep.awake_per_month, sleep.asleep_per_month = cost.awake, cost.asleep
    # Whatever was made before is a snapshot of another instance.
    sleep.snapshot, sleep.verified_at = "", None
    sleep.save()
    work.tell(f"The configuration of {work.site.instance} is recorded ({len(wanted)} facts).")


def pause(work: Work, seen: Look, *, sleep: Sleep) -> None:
    """Whatever was proved while events ran is proved no longer."""
    on = [mapping["UUID"] for mapping in seen.mappings if mapping.get("State") == "Enabled"]
    sleep.paused = sorted({*sleep.paused, *on})
    sleep.paused_at, sleep.drained_at, sleep.snapshot, sleep.verified_at = work.pace.now(), None, "", None
    sleep.save()
    events.switch(work.aws, uuids=on, on=False)
    work.tell(f"The events are paused (event source mappings: {len(on)}): they wait in the queue.")


def drain(work: Work, seen: Look, *, sleep: Sleep) -> None:
    """Notes that the last writer is done, or says who it is."""
    if seen.seen.events == Events.NONE and work.site.on_rds and not sleep.paused_at:
        work.tell(f"The function {work.site.function} has no event source: there are no events to pause.")
        sleep.paused_at = work.pace.now()
        sleep.save(update_fields=["paused_at"])
    now, left = work.pace.now(), _quiet_from(work, seen, sleep=sleep)
    if now < left:
        work.tell(f"What still runs has until {left:%H:%M:%S} UTC to end.")
        return
    if writing := writers(before=sleep.closed_at):
        work.tell(f"Waiting for {in_words(writing)}.")
        return
    sleep.drained_at = now
    sleep.snapshot, sleep.verified_at = "", None
    sleep.save(update_fields=["drained_at", "snapshot", "verified_at"])
    work.tell("Nobody writes any more.")


def writers(*, before: datetime | None = None) -> list[Job]:
    """Jobs at work that write headers; `before`: those that began before, which still may write rows."""
    running = Job.objects.filter(kind__in=kinds.names(writing_headers=True), state=JobState.RUNNING)
    if before is not None:
        running = running.filter(started_at__lte=before + timedelta(seconds=10))
    # A killed command's lease has run out.
    return [job for job in running.order_by("pk") if job.lease_until and job.lease_until > timezone.now()]


def written_since(moment: datetime) -> bool:
    """Whether a job that writes headers is at work, or has ended since."""
    written = Job.objects.filter(kind__in=kinds.names(writing_headers=True), finished_at__gte=moment)
    return bool(writers()) or written.exists()


def in_words(jobs: list[Job]) -> str:
    each = [f"job {job.pk} ({job.kind} of {job.asker_name}, since {job.started_at:%H:%M} UTC)" for job in jobs]
    return ", ".join(each)


def take(work: Work, _seen: Look, *, sleep: Sleep) -> None:
    sleep.snapshot_failures += bool(sleep.snapshot)
    if sleep.snapshot_failures >= SNAPSHOT_TRIES:
        sleep.snapshot_failures = 0
        sleep.save(update_fields=["snapshot_failures"])
        raise SnapshotUnfit(
            f"AWS failed {SNAPSHOT_TRIES} times to make a snapshot, the last one being {sleep.snapshot}. The "
            "instance is there, and nothing was deleted. Look at the events of the instance on AWS's pages, then run "
            "the command again; rds_restore opens search meanwhile."
        )
    # Named before it is made: who is killed in between makes another, and the name of none is used twice.
    sleep.snapshot = snapshots.name_for(work.site.instance, now=work.pace.now())
    sleep.verified_at = None
    sleep.save(update_fields=["snapshot", "snapshot_failures", "verified_at"])
    try:
        work.aws.rds.create_db_snapshot(
            DBInstanceIdentifier=work.site.instance,
            DBSnapshotIdentifier=sleep.snapshot,
            Tags=[{"Key": "made-by", "Value": "ecog-portal rds_hibernate"}],
        )
    except ClientError as error:
        # None was begun. One of that name is another sleep's (a clock went back): it is never taken for ours.
        sleep.snapshot = ""
        sleep.save(update_fields=["snapshot"])
        if code_of(error) not in TAKEN:
            raise
        work.tell("A snapshot of that name is there: another name is taken.")
        return
    work.tell(f"The snapshot {sleep.snapshot} is being made.")


def verify(work: Work, seen: Look, *, sleep: Sleep) -> None:
    proved = snapshots.verify(seen.snapshot, sleep=sleep)
    sleep.verified_at = work.pace.now()
    sleep.snapshot_bytes = ((seen.snapshot or {}).get("AllocatedStorage") or 0) * snapshots.GIB
    sleep.save(update_fields=["verified_at", "snapshot_bytes"])
    work.tell(f"The snapshot {proved.name} is available and verified.")


def unprotect(work: Work, seen: Look, *, sleep: Sleep) -> None:
    snapshots.verify(seen.snapshot, sleep=sleep)
    work.aws.rds.modify_db_instance(
        DBInstanceIdentifier=work.site.instance, DeletionProtection=False, ApplyImmediately=True
    )
    work.tell("The deletion protection is lifted.")


def delete(work: Work, _seen: Look, *, sleep: Sleep) -> None:
    """Looks at everything once more, then deletes."""
    now = look(work)
    proved = snapshots.verify(now.snapshot, sleep=sleep)
    _require_unchanged(work, now, sleep=sleep)
    question = f"{work.site.instance}, held by the snapshot {proved.name}"
    with audit.act("delete RDS instance", scope=work.by, question=question, origin=work.origin):
        sleep.delete_asked_at = work.pace.now()
        sleep.save(update_fields=["delete_asked_at"])
        _delete_instance(work, proved)
    work.tell(f"The instance {work.site.instance} is being deleted; the snapshot {proved.name} holds its rows.")


def _delete_instance(work: Work, proved: snapshots.Verified) -> None:
    """No final snapshot is asked for only because the verified one exists. AWS's automated backups are kept as long as
    their retention says: they cost what they did, and are one more way back."""
    assert isinstance(proved, snapshots.Verified)  # noqa: S101 - the type is the promise
    work.aws.rds.delete_db_instance(
        DBInstanceIdentifier=work.site.instance, SkipFinalSnapshot=True, DeleteAutomatedBackups=False
    )


def _require_unchanged(work: Work, now: Look, *, sleep: Sleep) -> None:
    seen = now.seen
    right = (
        seen.instance == Instance.AVAILABLE
        and read_state().state == State.ASLEEP
        and seen.events in {Events.DISABLED, Events.NONE}
        and seen.drained
        and seen.recorded
        and seen.snapshot == Snapshot.VERIFIED
        and not writers(before=sleep.closed_at)
    )
    if not right:
        raise WorkUnderWay(
            f"Something has changed since the snapshot {sleep.snapshot} was verified (the instance is {now.status}, "
            f"search is {now.place}, events are {seen.events}). Nothing was deleted; run the command again."
        )


def stop(work: Work, _seen: Look, *, sleep: Sleep) -> None:
    work.aws.rds.stop_db_instance(DBInstanceIdentifier=work.site.instance)
    sleep.mode = Goal.STOP
    sleep.save(update_fields=["mode"])
    work.tell(f"The instance {work.site.instance} is being stopped. AWS starts it again by itself after 7 days.")


def stop_host(work: Work, _seen: Look, *, sleep: Sleep) -> None:
    # Noted first, so that whoever wakes starts what we stopped.
    sleep.host_stopped = True
    sleep.save(update_fields=["host_stopped"])
    work.aws.ec2.stop_instances(InstanceIds=[work.site.host])
    work.tell(f"The host {work.site.host} is being stopped.")


def fall_asleep(work: Work, seen: Look, *, sleep: Sleep, goal: Goal) -> None:
    """The goal is reached: since when, and what it costs."""
    if sleep.slept_at is None:
        sleep.slept_at = work.pace.now()
    if seen.instance is None and sleep.snapshot:
        sleep.mode = Goal.SNAPSHOT
    elif goal in {Goal.STOP, Goal.CLOSED}:
        sleep.mode = goal.value
    if sleep.configuration:
        cost = cost_of(sleep.configuration, mode=sleep.mode, prices=prices_here(), host_type=seen.host_type)
        sleep.awake_per_month, sleep.asleep_per_month = cost.awake, cost.asleep
    sleep.save()


def _quiet_from(work: Work, seen: Look, *, sleep: Sleep) -> datetime:
    """When every call and statement that had begun has surely ended."""
    quiet = sleep.closed_at + timedelta(seconds=work.pace.closing_s)
    if sleep.paused_at and seen.seen.events != Events.NONE:
        told = events.configuration(work.aws, function=work.site.function)
        timeout_s = int((told or {}).get("Timeout") or DEFAULT_TIMEOUT_S)
        quiet = max(quiet, sleep.paused_at + timedelta(seconds=CALLS_TWICE * timeout_s))
    return quiet


def _there(seen: Look) -> Any:  # noqa: ANN401 - as AWS has it
    if seen.instance is None:
        raise WorkUnderWay("The instance is gone meanwhile. Look with rds_status.")
    return seen.instance
