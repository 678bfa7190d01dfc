"""What every step of sleeping and waking has in hand: where things are, who wants it, how to tell, how to wait.

Owns: the value, and the look at everything a step depends on. Each look asks AWS anew.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from botocore.exceptions import ClientError
from django.utils import timezone

from chunks.headers_db.place import HeadersPlace, State
from chunks.headers_db.state import read_state
from hibernation import events, host, snapshots
from hibernation.aws import Clients, code_of
from hibernation.models import Sleep, present_sleep
from hibernation.site import Site
from hibernation.states import Events, Host, Instance, Seen, Source
from people.scope import Scope
from storage.objects import Objects

NO_INSTANCE = frozenset({"DBInstanceNotFound", "DBInstanceNotFoundFault"})
# docs.aws.amazon.com/AmazonRDS/latest/UserGuide/accessing-monitoring.html; every other one passes by itself.
_STATUSES = {
    "available": Instance.AVAILABLE,
    "storage-optimization": Instance.AVAILABLE,
    "storage-initialization": Instance.AVAILABLE,
    "stopped": Instance.STOPPED,
    "stopping": Instance.STOPPING,
    "deleting": Instance.DELETING,
}
_BROKEN = frozenset(
    {
        "failed",
        "inaccessible-encryption-credentials",
        "inaccessible-encryption-credentials-recoverable",
        "insufficient-capacity",
        "restore-error",
        "storage-full",
    }
)


class Tell(Protocol):
    def __call__(self, sentence: str, *, percent: int | None = None) -> None: ...


def _quiet(sentence: str, *, percent: int | None = None) -> None:
    """Nobody listens."""


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How long is waited between two looks, and how long at most for one thing that does not change."""

    look_s: float = 15.0
    quick_s: float = 2.0
    limit_s: float = 3 * 3600.0
    settle_s: float = 300.0
    closing_s: float = 70.0  # the portal's processes learn within 5 s that search is closed; a statement ends within 60
    now: Callable[[], datetime] = timezone.now
    sleep: Callable[[float], None] = time.sleep


@dataclass(kw_only=True)
class Work:
    """`check` is called before each step and while waiting, and raises where the work must stop. `address`: from the
    endpoint that AWS names to the address the portal connects to. `wanted`: what a missing instance is made from."""

    site: Site
    clients: Clients | None
    by: Scope
    objects: Objects
    tell: Tell = _quiet
    check: Callable[[str | None], None] = lambda _note: None
    pace: Pace = field(default_factory=Pace)
    origin: str = ""
    source: Source = Source.NONE
    snapshot: str = ""
    wanted: Mapping[str, Any] = field(default_factory=dict)
    address: Callable[[str, int], tuple[str, int]] = lambda name, port: (name, port)
    own_address: tuple[str, int] | None = None

    @property
    def aws(self) -> Clients:
        if self.clients is None:
            raise RuntimeError("There is nothing of AWS here.")
        return self.clients


@dataclass(frozen=True, kw_only=True)
class Look:
    """What was seen, and what of it the steps need in full."""

    seen: Seen
    place: HeadersPlace
    instance: Mapping[str, Any] | None = None
    snapshot: Mapping[str, Any] | None = None
    mappings: tuple[Any, ...] = ()
    host_type: str = ""

    @property
    def status(self) -> str:
        return str(self.instance["DBInstanceStatus"]) if self.instance else "absent"


def look(work: Work) -> Look:
    """Looks at everything. Raises botocore's errors."""
    place, sleep = read_state(), present_sleep()
    told = describe(work.clients, instance=work.site.instance) if work.clients and work.site.on_rds else None
    found = tuple(events.mappings(work.clients, function=work.site.function)) if work.clients else ()
    instance = instance_state(told) if work.site.on_rds else Instance.OWN
    told_snapshot = _snapshot_of(work, sleep)
    host_state, host_type = host.seen(work.clients, host=work.site.host) if work.clients else (Host.NONE, "")
    seen = Seen(
        instance=instance,
        headers=place.state,
        snapshot=snapshots.state_of(told_snapshot, verified=bool(sleep and sleep.verified_at)),
        events=events.state_of(found, wanted=()) if found else Events.NONE,
        host=host_state,
        recorded=_recorded(sleep, told=told),
        drained=bool(sleep and sleep.drained_at and place.state == State.ASLEEP),
        protected=bool(told and told.get("DeletionProtection")),
        source=work.source,
        done=sleep.done if sleep and place.state == State.WAKING else frozenset(),
    )
    return Look(seen=seen, place=place, instance=told, snapshot=told_snapshot, mappings=found, host_type=host_type)


def describe(clients: Clients, *, instance: str) -> Mapping[str, Any] | None:
    """What AWS says of the instance; None where there is none."""
    try:
        return clients.rds.describe_db_instances(DBInstanceIdentifier=instance)["DBInstances"][0]
    except ClientError as error:
        if code_of(error) in NO_INSTANCE:
            return None
        raise


def instance_state(told: Mapping[str, Any] | None) -> Instance:
    """Of what AWS says of it, if there is one."""
    if told is None:
        return Instance.ABSENT
    status = str(told["DBInstanceStatus"])
    if status in _BROKEN or status.startswith("incompatible-"):
        return Instance.BROKEN
    return _STATUSES.get(status, Instance.COMING)


def _snapshot_of(work: Work, sleep: Sleep | None) -> Mapping[str, Any] | None:
    """That of the present sleep."""
    if work.clients is None or sleep is None or not sleep.snapshot or sleep.instance != work.site.instance:
        return None
    return snapshots.describe(work.clients, name=sleep.snapshot)


def _recorded(sleep: Sleep | None, *, told: Mapping[str, Any] | None) -> bool:
    if sleep is None or not sleep.recorded_at or told is None:
        return False
    return bool(sleep.resource_id == told.get("DbiResourceId", ""))
