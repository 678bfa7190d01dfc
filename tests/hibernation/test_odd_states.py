"""Every status that AWS gives an instance, for as long as it likes: an end in a sentence that says what to do.

docs.aws.amazon.com/AmazonRDS/latest/UserGuide/accessing-monitoring.html has the list.
"""

from dataclasses import replace
from datetime import datetime
from typing import Any
from unittest.mock import Mock

import pytest
from botocore.exceptions import ClientError
from django.utils import timezone

from chunks.headers_db.place import State
from chunks.headers_db.state import read_state, set_state
from hibernation import engine
from hibernation.aws import Clients
from hibernation.errors import InstanceBroken, TookTooLong
from hibernation.models import Sleep
from hibernation.site import Site
from hibernation.snapshots import state_of
from hibernation.states import CHAIN, Goal, Seen
from hibernation.work import Look, Work, instance_state
from people.scope import server_scope
from storage.folder import FolderObjects
from tests.hibernation.lab import Clock

pytestmark = pytest.mark.database(transaction=True)
USABLE = {"available", "storage-optimization", "storage-initialization"}
PASSING = {
    "backing-up", "configuring-enhanced-monitoring", "configuring-iam-database-auth", "configuring-log-exports",
    "converting-to-vpc", "creating", "delete-precheck", "deleting", "maintenance", "modifying", "moving-to-vpc",
    "rebooting", "renaming", "resetting-master-credentials", "starting", "stopping", "storage-config-upgrade",
    "upgrading", "a-status-of-next-year",
}  # fmt: skip
BROKEN = {
    "failed", "inaccessible-encryption-credentials", "inaccessible-encryption-credentials-recoverable",
    "incompatible-create", "incompatible-network", "incompatible-option-group", "incompatible-parameters",
    "incompatible-restore", "insufficient-capacity", "restore-error", "storage-full",
}  # fmt: skip


@pytest.fixture
def work(objects: FolderObjects) -> Work:
    site = Site(instance="ecog-headers", host="", function="", region="us-east-1")
    pace = replace(Clock().pace(), limit_s=60)
    return Work(site=site, clients=None, by=server_scope(means="command"), objects=objects, pace=pace)


def stays(status: str, monkeypatch: pytest.MonkeyPatch, *, snapshot: dict[str, Any] | None = None) -> None:
    """Whatever is done, the instance is so."""

    def look(_work: Work) -> Look:
        place = read_state()
        told = {"DBInstanceStatus": status}
        seen = Seen(
            instance=instance_state(told),
            headers=place.state,
            recorded=True,
            drained=True,
            snapshot=state_of(snapshot, verified=False),
            done=frozenset(CHAIN),
        )
        return Look(seen=seen, place=place, instance=told, snapshot=snapshot)

    monkeypatch.setattr(engine, "look", look)


def test_the_instance_can_be_asked_in_these_alone() -> None:
    able = {each for each in USABLE | PASSING | BROKEN if instance_state({"DBInstanceStatus": each}) == "available"}
    assert able == USABLE


@pytest.mark.parametrize("goal", [Goal.SNAPSHOT, Goal.STOP, Goal.AWAKE])
@pytest.mark.parametrize("status", sorted(PASSING | BROKEN))
def test_a_status_that_never_passes_ends_in_a_sentence(
    work: Work, monkeypatch: pytest.MonkeyPatch, goal: Goal, status: str
) -> None:
    begun = State.WAKING if goal == Goal.AWAKE else State.ASLEEP
    Sleep.objects.create(instance="ecog-headers", closed_at=timezone.now())
    set_state(read_state(), state=begun, by="ann")
    stays(status, monkeypatch)
    with pytest.raises(InstanceBroken if status in BROKEN else TookTooLong) as told:
        engine.wake(work) if goal == Goal.AWAKE else engine.put_to_sleep(work, goal=goal)
    assert f" is {status}" in str(told.value)
    assert "rds_restore" in str(told.value) or "run the same command again" in str(told.value)
    assert read_state().state == begun


def test_a_snapshot_that_grows_is_waited_for_as_long_as_it_takes(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    Sleep.objects.create(instance="ecog-headers", closed_at=timezone.now())
    set_state(read_state(), state=State.ASLEEP, by="ann")
    snapshot = {"Status": "creating", "DBSnapshotIdentifier": "x", "PercentProgress": 0}
    stays("backing-up", monkeypatch, snapshot=snapshot)
    waited: list[datetime] = []

    def tell(_sentence: str, *, percent: int | None = None) -> None:
        waited.append(work.pace.now())
        snapshot["PercentProgress"] = min(len(waited) // 2, 99)

    work.tell = tell
    with pytest.raises(TookTooLong, match="The snapshot x is being made \\(99 %\\)"):
        engine.put_to_sleep(work, goal=Goal.SNAPSHOT)
    assert (waited[-1] - waited[0]).total_seconds() > 2 * work.pace.limit_s


def test_a_snapshot_that_aws_does_not_begin_now_has_not_failed(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS is at something else with an instance that it calls available, longer than a snapshot may fail."""
    Sleep.objects.create(instance="ecog-headers", closed_at=timezone.now())
    set_state(read_state(), state=State.ASLEEP, by="ann")
    stays("storage-optimization", monkeypatch)
    busy = ClientError({"Error": {"Code": "InvalidDBInstanceState", "Message": "x"}}, "CreateDBSnapshot")
    rds = Mock()
    rds.create_db_snapshot.side_effect = busy
    work.clients = Clients(rds=rds, ec2=Mock(), functions=Mock(), queues=Mock())
    with pytest.raises(TookTooLong, match="take a snapshot"):
        engine.put_to_sleep(work, goal=Goal.SNAPSHOT)
    assert rds.create_db_snapshot.call_count > 10
    sleep = Sleep.objects.get()
    assert (sleep.snapshot, sleep.snapshot_failures) == ("", 0)
