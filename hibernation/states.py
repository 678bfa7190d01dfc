"""What can be seen of the headers database and its surroundings, and which step is next.

Owns: the one rule. It is a function of what is seen now, so that whoever was interrupted goes on where things are, not
where they were meant to be. Its promise, tested over every combination: an instance is deleted only while there is a
verified snapshot of it, made after the portal was closed, the events were paused and the last writers were done.
Imports nothing that talks to anybody.
"""

from dataclasses import dataclass
from enum import StrEnum

from chunks.headers_db.place import State


class Goal(StrEnum):
    """What somebody wants: asleep as a snapshot, as a stopped instance, or merely closed; or awake."""

    SNAPSHOT = "snapshot"
    STOP = "stop"
    CLOSED = "closed"
    AWAKE = "awake"


class Instance(StrEnum):
    """OWN: no RDS instance, but a server or file of one's own, which nobody here starts or stops."""

    OWN = "own"
    ABSENT = "absent"
    AVAILABLE = "available"
    COMING = "coming"
    STOPPING = "stopping"
    STOPPED = "stopped"
    DELETING = "deleting"
    BROKEN = "broken"


class Snapshot(StrEnum):
    """The snapshot of the present sleep, and no other."""

    NONE = "none"
    CREATING = "creating"
    MADE = "made"
    VERIFIED = "verified"
    FAILED = "failed"


class Events(StrEnum):
    """The event source mappings of the function that indexes; NONE: it has none, or there is no function."""

    NONE = "none"
    ENABLED = "enabled"
    CHANGING = "changing"
    DISABLED = "disabled"


class Host(StrEnum):
    """The machine that is needed only while the database runs; NONE: there is none."""

    NONE = "none"
    RUNNING = "running"
    CHANGING = "changing"
    STOPPED = "stopped"


class Source(StrEnum):
    """What a missing instance is to be made from."""

    NONE = "none"
    SNAPSHOT = "snapshot"
    BUCKETS = "buckets"


class Step(StrEnum):
    # putting to sleep
    CLOSE = "close search"
    RECORD = "record the configuration"
    PAUSE = "pause the events"
    DRAIN = "wait for the last writers"
    TAKE = "take a snapshot"
    VERIFY = "verify the snapshot"
    UNPROTECT = "lift the deletion protection"
    DELETE = "delete the instance"
    STOP = "stop the instance"
    STOP_HOST = "stop the host"
    # waking up
    ANNOUNCE = "say that it wakes"
    START_HOST = "start the host"
    RESTORE = "restore the snapshot"
    CREATE = "make an empty instance"
    REPAIR = "compare the configuration"
    POINT = "write the address"
    PROVE = "prove the address"
    WARM = "read the index once"
    MIGRATE = "migrate the tables"
    PROVE_FUNCTION = "prove the function's address"
    RESUME = "resume the events"
    REDRIVE = "send again what failed"
    REINDEX = "index what was missed"
    OPEN = "open search"
    # both
    START = "start the instance"
    WAIT = "wait"
    DONE = "done"
    # what a person must settle; the sentence says how
    TELL_NOTHING_THERE = "there is no instance"
    TELL_BROKEN = "the instance is broken"
    TELL_NO_SOURCE = "nothing was chosen to restore"


TOLD = frozenset({Step.TELL_NOTHING_THERE, Step.TELL_BROKEN, Step.TELL_NO_SOURCE})
# What is done once the instance is available, in this order; each is noted when it has been done.
CHAIN = (
    Step.REPAIR,
    Step.POINT,
    Step.PROVE,
    Step.WARM,
    Step.MIGRATE,
    Step.PROVE_FUNCTION,
    Step.RESUME,
    Step.REDRIVE,
    Step.REINDEX,
)


@dataclass(frozen=True, kw_only=True)
class Seen:
    """Everything the next step depends on.

    recorded: the configuration of this very instance is kept in the portal database; drained: since search was closed
    and the events paused in the present sleep, everybody who might still write has come to an end; protected: AWS
    refuses to delete the instance; done: steps of `CHAIN` that this waking has behind it.
    """

    instance: Instance
    headers: State
    snapshot: Snapshot = Snapshot.NONE
    events: Events = Events.NONE
    host: Host = Host.NONE
    recorded: bool = False
    drained: bool = False
    protected: bool = False
    source: Source = Source.NONE
    done: frozenset[Step] = frozenset()


def next_step(seen: Seen, *, goal: Goal) -> Step:
    """What to do now. `DONE` where the goal is reached; one of `TOLD` where a person must settle something."""
    return _towards_awake(seen) if goal == Goal.AWAKE else _towards_sleep(seen, goal=goal)


def _towards_sleep(seen: Seen, *, goal: Goal) -> Step:  # noqa: PLR0911 - one return a state reads best
    asleep = seen.headers == State.ASLEEP
    if seen.instance == Instance.BROKEN:
        return Step.TELL_BROKEN
    if seen.instance == Instance.ABSENT:
        return _host_off(seen) if asleep and seen.snapshot == Snapshot.VERIFIED else Step.TELL_NOTHING_THERE
    if seen.instance == Instance.DELETING:
        return Step.WAIT
    if not asleep:
        return Step.CLOSE
    if seen.instance != Instance.OWN and not seen.recorded:
        return Step.RECORD
    if seen.events == Events.ENABLED:
        return Step.PAUSE
    if seen.events == Events.CHANGING:
        return Step.WAIT
    if not seen.drained:
        return Step.DRAIN
    if seen.instance == Instance.OWN or goal == Goal.CLOSED:
        return Step.DONE
    return _stop(seen) if goal == Goal.STOP else _replace_by_snapshot(seen)


def _stop(seen: Seen) -> Step:
    if seen.instance == Instance.STOPPED:
        return _host_off(seen)
    return Step.STOP if seen.instance == Instance.AVAILABLE else Step.WAIT


def _replace_by_snapshot(seen: Seen) -> Step:
    if seen.instance == Instance.STOPPED:
        return Step.START  # AWS takes snapshots of what is available
    if seen.instance != Instance.AVAILABLE or seen.snapshot == Snapshot.CREATING:
        return Step.WAIT
    if seen.snapshot in {Snapshot.NONE, Snapshot.FAILED}:
        return Step.TAKE
    if seen.snapshot == Snapshot.MADE:
        return Step.VERIFY
    return Step.UNPROTECT if seen.protected else Step.DELETE


def _host_off(seen: Seen) -> Step:
    return {Host.RUNNING: Step.STOP_HOST, Host.CHANGING: Step.WAIT}.get(seen.host, Step.DONE)


def _towards_awake(seen: Seen) -> Step:  # noqa: PLR0911 - one return a state reads best
    there = seen.instance in {Instance.AVAILABLE, Instance.OWN}
    if there and seen.headers == State.AWAKE and seen.events in {Events.ENABLED, Events.NONE}:
        return Step.DONE
    if seen.instance == Instance.BROKEN:
        return Step.TELL_BROKEN
    if seen.instance == Instance.ABSENT and seen.source == Source.NONE:
        return Step.TELL_NO_SOURCE
    if seen.headers != State.WAKING:
        return Step.ANNOUNCE
    if seen.host == Host.STOPPED:
        return Step.START_HOST
    if seen.host == Host.CHANGING or seen.instance in {Instance.DELETING, Instance.COMING, Instance.STOPPING}:
        return Step.WAIT
    if seen.instance == Instance.ABSENT:
        return Step.RESTORE if seen.source == Source.SNAPSHOT else Step.CREATE
    if seen.instance == Instance.STOPPED:
        return Step.START
    return next((step for step in CHAIN if step not in seen.done), Step.OPEN)
