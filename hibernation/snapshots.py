"""Snapshots of the instance: their names, what makes one proved, which is meant by a date, and which may go.

Owns: `Verified`, made by `verify` alone: nobody deletes an instance without one in hand.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import InitVar, dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from hibernation.aws import Clients, code_of
from hibernation.errors import SnapshotUnclear, SnapshotUnfit
from hibernation.models import Sleep
from hibernation.states import Snapshot

_SEAL = object()
_OURS = re.compile(r"-hib-(\d{8})t(\d{6})z")
# AWS's clock and ours agree within this.
CLOCKS = timedelta(minutes=5)
GONE = frozenset({"DBSnapshotNotFound", "DBSnapshotNotFoundFault"})
GIB = 1024**3


@dataclass(frozen=True, kw_only=True)
class Held:
    """A snapshot that AWS holds. `ours`: made by a hibernation of this portal; `verified`: and proved."""

    name: str
    made_at: datetime | None
    status: str
    size_bytes: int
    engine: str
    ours: bool
    verified: bool

    @property
    def line(self) -> str:
        when = f"{self.made_at:%Y-%m-%d %H:%M} UTC" if self.made_at else "being made"
        kind = ("verified" if self.verified else "not verified") if self.ours else "not of this portal"
        return f"{when}  {self.size_bytes / GIB:,.0f} GiB  {self.engine}  {self.status}  {kind}  {self.name}"


@dataclass(frozen=True, kw_only=True)
class Verified:
    """The proof that a snapshot holds this very instance, as it was after the last writer."""

    name: str
    resource_id: str
    seal: InitVar[object]

    def __post_init__(self, seal: object) -> None:
        if seal is not _SEAL:
            raise TypeError("Only snapshots.verify() proves a snapshot.")


def name_for(instance: str, *, now: datetime) -> str:
    return f"{instance}-hib-{now.astimezone(UTC):%Y%m%dt%H%M%Sz}"


def is_ours(name: str, *, instance: str) -> bool:
    return bool(name.startswith(instance) and _OURS.fullmatch(name.removeprefix(instance)))


def describe(clients: Clients, *, name: str) -> Mapping[str, Any] | None:
    """What AWS says of it; None where there is none."""
    try:
        return clients.rds.describe_db_snapshots(DBSnapshotIdentifier=name)["DBSnapshots"][0]
    except ClientError as error:
        if code_of(error) in GONE:
            return None
        raise


def kept(clients: Clients, *, instance: str) -> list[Held]:
    """Every snapshot of the instance that somebody made, the newest first. Automated ones are AWS's own."""
    pages = clients.rds.get_paginator("describe_db_snapshots").paginate(
        DBInstanceIdentifier=instance, SnapshotType="manual"
    )
    verified = set(Sleep.objects.filter(verified_at__isnull=False).values_list("snapshot", flat=True))
    found = [_held(told, instance=instance, verified=verified) for page in pages for told in page["DBSnapshots"]]
    return sorted(found, key=lambda held: (held.made_at or datetime.max.replace(tzinfo=UTC), held.name), reverse=True)


def state_of(told: Mapping[str, Any] | None, *, verified: bool) -> Snapshot:
    status = told["Status"] if told else ""
    if not told:
        return Snapshot.NONE
    if status == "available":
        return Snapshot.VERIFIED if verified else Snapshot.MADE
    return (
        Snapshot.FAILED
        if status in {"failed", "incompatible-restore", "incompatible-parameters"}
        else Snapshot.CREATING
    )


def verify(told: Mapping[str, Any] | None, *, sleep: Sleep) -> Verified:
    """Raises `SnapshotUnfit` unless it is this sleep's snapshot: whole, of this instance, after its last writer."""
    if told is None:
        raise SnapshotUnfit(f"The snapshot {sleep.snapshot} is gone. Nothing was deleted; run the command again.")
    faults = list(_faults(told, sleep=sleep))
    if faults:
        raise SnapshotUnfit(
            f"The snapshot {sleep.snapshot} is not what it must be: {', '.join(faults)}. Nothing was deleted. Look at "
            "it on AWS's pages; rds_restore wakes the instance as it is, and rds_hibernate then takes a new snapshot."
        )
    return Verified(name=sleep.snapshot, resource_id=sleep.resource_id, seal=_SEAL)


def _faults(told: Mapping[str, Any], *, sleep: Sleep) -> Iterator[str]:
    """What is wrong with it."""
    wanted, made_at, drained_at = sleep.configuration, told.get("SnapshotCreateTime"), sleep.drained_at
    size_gib = told.get("AllocatedStorage") or 0
    if told["DBSnapshotIdentifier"] != sleep.snapshot:
        yield "it is another snapshot"
    if told["Status"] != "available":
        yield f"its status is {told['Status']}"
    if told.get("PercentProgress", 100) != 100:
        yield f"it is at {told['PercentProgress']} %"
    if told["DBInstanceIdentifier"] != sleep.instance:
        yield f"it is one of {told['DBInstanceIdentifier']}"
    if told.get("DbiResourceId", sleep.resource_id) != sleep.resource_id:
        yield "it is one of an earlier instance of this name"
    for name in ("Engine", "EngineVersion"):
        if told.get(name) != wanted.get(name):
            yield f"its {name} is {told.get(name)}, not {wanted.get(name)}"
    if size_gib < wanted.get("AllocatedStorage", 1):
        yield f"it holds {size_gib} GiB only"
    if bool(told.get("Encrypted")) != bool(wanted.get("StorageEncrypted")):
        yield "its encryption is not the instance's"
    if drained_at is None or made_at is None or made_at < drained_at - CLOCKS:
        yield "somebody may have written after it"


def choose(held: Sequence[Held], *, day: date | None = None, name: str = "", latest: bool = False) -> Held:
    """The snapshot that is meant, by its day (UTC), its name, or as the newest that is fit.

    Raises `SnapshotUnclear`, and `SnapshotUnfit` for what this portal cannot restore.
    """
    if name:
        for each in held:
            if each.name == name:
                return _fit(each)
        raise SnapshotUnclear(
            f"There is no snapshot {name!r} of this instance: rds_restore --list shows those there are; "
            "--from-buckets needs none."
        )
    fit = [each for each in held if each.ours and each.status == "available"]
    if day is not None:
        fit = [each for each in fit if each.made_at and each.made_at.astimezone(UTC).date() == day]
        if not fit and any(each.made_at and each.made_at.date() == day for each in held):
            raise SnapshotUnfit(f"Of {day} there are only snapshots that this portal did not make. {REBUILD}")
        if len(fit) > 1:
            names = ", ".join(each.name for each in fit)
            raise SnapshotUnclear(f"Of {day} there are {len(fit)} snapshots: {names}. Say which: --snapshot NAME.")
    if not fit:
        of = f" of {day}" if day else ""
        raise SnapshotUnclear(
            f"There is no snapshot{of} to restore: --list shows those there are; --from-buckets needs none."
        )
    if latest or day is not None:
        return next((each for each in fit if each.verified), fit[0]) if latest else fit[0]
    raise SnapshotUnclear(
        "Say which snapshot: --date YYYY-MM-DD, --snapshot NAME or --latest; or --from-buckets. --list shows them."
    )


REBUILD = "They hold no tables that this portal can use: rebuild from the buckets instead (rds_restore --from-buckets)."


def _fit(held: Held) -> Held:
    if not held.ours:
        raise SnapshotUnfit(f"The snapshot {held.name} was not made by this portal. {REBUILD}")
    if held.status != "available":
        raise SnapshotUnfit(f"The snapshot {held.name} is {held.status}, not available: choose another, or wait.")
    return held


def _held(told: Mapping[str, Any], *, instance: str, verified: set[str]) -> Held:
    name = told["DBSnapshotIdentifier"]
    ours = is_ours(name, instance=instance)
    return Held(
        name=name,
        made_at=told.get("SnapshotCreateTime"),
        status=told["Status"],
        size_bytes=told.get("FullSnapshotSizeInBytes") or (told.get("AllocatedStorage") or 0) * GIB,
        engine=f"{told.get('Engine')} {told.get('EngineVersion', '')}".strip(),
        ours=ours,
        verified=ours and name in verified,
    )
