"""Looks, does the next step, looks again, until the goal is reached. Driven by a command or by a worker, all the same.

Owns: the loop. It keeps nothing in memory from one step to the next, so whoever is killed is gone on for by anybody.
"""

from collections.abc import Callable

from chunks.headers_db.place import State
from hibernation import host, sleeping, waking
from hibernation.aws import NotNow, speaking
from hibernation.errors import InstanceBroken, NothingThere, SnapshotUnclear, TookTooLong
from hibernation.models import Sleep
from hibernation.states import CHAIN, TOLD, Goal, Host, Seen, Snapshot, Step, next_step
from hibernation.work import Look, Work, look

# The same step again and again with nothing changed, for longer than AWS takes to settle: it says yes and does nothing.
TRIES = 20
_SLEEPING = {
    Step.RECORD: sleeping.record,
    Step.PAUSE: sleeping.pause,
    Step.DRAIN: sleeping.drain,
    Step.TAKE: sleeping.take,
    Step.VERIFY: sleeping.verify,
    Step.UNPROTECT: sleeping.unprotect,
    Step.DELETE: sleeping.delete,
    Step.STOP: sleeping.stop,
    Step.STOP_HOST: sleeping.stop_host,
}
_WAKING = {Step.RESTORE: waking.restore, Step.CREATE: waking.create}
_BARE: dict[Step, Callable[[Work, Look], None]] = {
    Step.ANNOUNCE: waking.announce,
    Step.START_HOST: waking.start_host,
    Step.START: waking.start,
    Step.OPEN: waking.open_search,
}
# What AWS is asked for, and does at once or in the minutes after.
_ASKED = frozenset(Step) - {Step.WAIT, Step.DRAIN, *CHAIN}
# After these there is nothing to wait for.
_AT_ONCE = frozenset({Step.CLOSE, Step.RECORD, Step.VERIFY, Step.ANNOUNCE, Step.OPEN, *CHAIN})


def put_to_sleep(work: Work, *, goal: Goal) -> Sleep:
    """Until all is off. Raises `HibernationError`s, each with the way on; running it again goes on where things are."""
    if goal in {Goal.SNAPSHOT, Goal.STOP}:
        host.refuse_own_machine(work.site)
    seen = _run(work, goal=goal)
    sleep = sleeping.the_sleep(work, goal=goal)
    sleeping.fall_asleep(work, seen, sleep=sleep, goal=goal)
    return sleep


def wake(work: Work) -> Sleep | None:
    """Until search is open; the sleep that is over then. None where it was awake already."""
    before = Sleep.objects.first()
    _run(work, goal=Goal.AWAKE)
    after = Sleep.objects.first()
    return None if after is None or (before is not None and before.over and before == after) else after


def _run(work: Work, *, goal: Goal) -> Look:
    same, since, last = 0, work.pace.now(), None
    while True:
        with speaking():
            seen = look(work)
        work.check(None)
        step = next_step(seen.seen, goal=goal)
        told = (step, seen.seen, _progress(seen))
        if told != last:
            same, since, last = 0, work.pace.now(), told
        same += 1
        if step == Step.DONE:
            return seen
        if step in TOLD:
            raise _settled_by_people(step, work, seen, goal=goal)
        waited_s = (work.pace.now() - since).total_seconds()
        if waited_s > work.pace.limit_s or (same > TRIES and waited_s > work.pace.settle_s and step in _ASKED):
            raise _took_too_long(step, seen, goal=goal, same=same, waited_s=waited_s)
        _do(step, work, seen, goal=goal)
        if step == Step.OPEN:
            return seen


def _do(step: Step, work: Work, seen: Look, *, goal: Goal) -> None:
    if step == Step.WAIT:
        sentence, percent = _what_is_waited_for(seen, goal=goal)
        work.tell(sentence, percent=percent)
        return _pause(work, work.pace.look_s)
    chain_before = len(_sleep(work, goal).steps) if step in CHAIN else 0
    try:
        with speaking():
            _act(step, work, seen, goal=goal)
    except NotNow as busy:
        work.tell(str(busy.args[0]))
        return _pause(work, work.pace.look_s)
    unfinished = step in CHAIN and len(_sleep(work, goal).steps) == chain_before
    if unfinished or step == Step.DRAIN:
        return _pause(work, work.pace.look_s if unfinished else work.pace.quick_s)
    if step not in _AT_ONCE:
        _pause(work, work.pace.quick_s)
    return None


def _act(step: Step, work: Work, seen: Look, *, goal: Goal) -> None:
    if step == Step.CLOSE:
        sleeping.close(work, seen, goal=goal)
    elif step in _BARE:
        _BARE[step](work, seen)
    elif step in CHAIN:
        sleep = _sleep(work, goal)
        if step == CHAIN[0] and seen.seen.headers == State.WAKING and sleep.repaired_at is None:
            waking.restored(work, sleep)
        waking.link(step, work, seen, sleep=sleep)
    elif step in _WAKING:
        _WAKING[step](work, seen, sleep=_sleep(work, goal))
    else:
        _SLEEPING[step](work, seen, sleep=_sleep(work, goal))


def _sleep(work: Work, goal: Goal) -> Sleep:
    return sleeping.the_sleep(work, goal=goal)


def _pause(work: Work, seconds: float) -> None:
    """In short pieces, so that a cancelled or ended job stops soon."""
    left = seconds
    while left > 0:
        work.check(None)
        work.pace.sleep(min(left, work.pace.quick_s))
        left -= work.pace.quick_s


def _took_too_long(step: Step, seen: Look, *, goal: Goal, same: int, waited_s: float) -> TookTooLong:
    what = f" {_what_is_waited_for(seen, goal=goal)[0]}" if step == Step.WAIT else ""
    return TookTooLong(
        f"The step “{step}” has not come to its end (tried {same} times in {waited_s / 60:.0f} minutes).{what} "
        "Nothing was lost: look at rds_status and at AWS's pages, then run the same command again; "
        "it goes on where things are."
    )


def _progress(seen: Look) -> tuple[object, ...]:
    """What grows while one waits, so that what grows slowly is not given up."""
    return tuple((told or {}).get("PercentProgress") for told in (seen.snapshot, seen.instance))


def _what_is_waited_for(seen: Look, *, goal: Goal) -> tuple[str, int | None]:
    of = seen.seen
    if of.snapshot == Snapshot.CREATING and goal != Goal.AWAKE and seen.snapshot:
        percent = seen.snapshot.get("PercentProgress")
        return f"The snapshot {seen.snapshot['DBSnapshotIdentifier']} is being made ({percent or 0} %).", percent
    if of.host == Host.CHANGING and seen.status in {"absent", "available", "stopped"}:
        return "The host changes its state.", None
    return _of_instance(of, status=seen.status), (seen.instance or {}).get("PercentProgress")


def _of_instance(of: Seen, *, status: str) -> str:
    if status in {"available", "absent"}:
        return f"Events are {of.events}."
    return f"The instance is {status}."


def _settled_by_people(step: Step, work: Work, seen: Look, *, goal: Goal) -> Exception:
    name = work.site.instance
    if step == Step.TELL_BROKEN:
        return InstanceBroken(
            f"The instance {name} is {seen.status}, and AWS allows nothing we need. Nothing was changed or "
            "deleted. See its events on AWS's pages. Where it cannot be healed, delete it there and run "
            "rds_restore --latest, or --from-buckets: everything in it can be rebuilt from the buckets."
        )
    if step == Step.TELL_NO_SOURCE:
        return SnapshotUnclear(
            f"There is no instance {name}. Say what to restore: --date YYYY-MM-DD, --snapshot NAME or --latest "
            "(--list shows the snapshots), or --from-buckets, which needs none."
        )
    return NothingThere(
        f"There is no instance {name} to put to sleep, and no verified snapshot of a present sleep. Is "
        "ECOG_RDS_INSTANCE right? rds_restore makes it again, from a snapshot or from the buckets."
    )
