"""A fault at each call to AWS in turn: nothing unprotected is deleted, and whoever runs it again gets to the end.

A call is refused (throttled, six times over), or done and then the process killed before it could note anything.
"""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from chunks.headers_db.place import State
from chunks.headers_db.state import forget_state, read_state
from hibernation import engine
from hibernation.errors import AwsRefused, SnapshotUnfit
from hibernation.jobs import Choice, chosen
from hibernation.models import Sleep
from hibernation.states import Goal
from storage.folder import FolderObjects
from tests.hibernation.lab import FUNCTION, Lab

pytestmark = pytest.mark.database(transaction=True)
READING = ("Describe", "List", "Get", "Receive", "Invoke")


class Killed(BaseException):
    """The process is no more."""


class Faults:
    """Counts the calls and lets one go wrong; looks at each deletion past the portal."""

    def __init__(self, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls: list[str] = []
        self.at: int | None = None
        self.killed = False
        self.deletions = 0
        self._lab, self._is_looking = lab, False
        self._real: Callable[..., Any] = BaseClient._make_api_call
        monkeypatch.setattr(BaseClient, "_make_api_call", lambda client, *call: self._call(client, *call))  # noqa: PLW0108 - bound as a method

    def _call(self, client: BaseClient, operation: str, arguments: dict[str, Any]) -> Any:
        # The emulator runs in this process, and asks itself now and then.
        if self._is_looking or threading.current_thread() is not threading.main_thread():
            return self._real(client, operation, arguments)
        self.calls.append(operation)
        hit = self.at is not None and len(self.calls) - 1 == self.at
        if operation == "DeleteDBInstance":
            self._require_safe()
        if hit and not self.killed:
            raise ClientError({"Error": {"Code": "Throttling", "Message": "x"}}, operation)
        try:
            answer = self._real(client, operation, arguments)
        except ClientError as error:
            if hit:  # an answer too, such as that there is no instance
                raise Killed from error
            raise
        if hit:
            raise Killed
        return answer

    def _require_safe(self) -> None:
        """Asked at the moment of every deletion."""
        self._is_looking = True
        try:
            held = [each for each in self._lab.snapshots() if each["Status"] == "available"]
            named = Sleep.objects.latest("pk")
            assert named.verified_at is not None
            assert named.snapshot in {each["DBSnapshotIdentifier"] for each in held}
            assert read_state().state == State.ASLEEP
            assert self._lab.mapping_state() == "Disabled"
            self.deletions += 1
        finally:
            self._is_looking = False

    def old_address(self) -> None:
        """The function's, so that each round has to write it."""
        self._is_looking = True
        try:
            variables = self._lab.variables() | {"ECOG_HEADERS_HOST": "old"}
            self._lab.client("lambda").update_function_configuration(
                FunctionName=FUNCTION, Environment={"Variables": variables}
            )
        finally:
            self._is_looking = False

    def never_neither(self) -> None:
        self._is_looking = True
        try:
            assert self._lab.instance() is not None or self._lab.snapshots()
        finally:
            self._is_looking = False


@pytest.fixture
def faults(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> Faults:
    lab.make()
    return Faults(lab, monkeypatch)


def cycle(lab: Lab, objects: FolderObjects, *, faults: Faults) -> list[str]:
    """Once round, again and again until it gets through; what stopped it."""
    stopped: list[str] = []
    for goal in (Goal.SNAPSHOT, Goal.AWAKE):
        for _ in range(3):
            try:
                if goal == Goal.AWAKE:
                    engine.wake(chosen(lab.work(objects), choice=Choice()))
                else:
                    engine.put_to_sleep(lab.work(objects), goal=goal)
                break
            except (AwsRefused, Killed) as stop:
                stopped.append(type(stop).__name__)
                forget_state()
                faults.never_neither()
        else:
            raise AssertionError(f"{goal} does not come to its end: {stopped}")
        faults.never_neither()
    return stopped


def calls_of_a_cycle(lab: Lab, objects: FolderObjects, *, faults: Faults) -> list[str]:
    assert not cycle(lab, objects, faults=faults)
    made, faults.calls = faults.calls, []
    assert faults.deletions == 1
    return made


def once_with_a_fault(lab: Lab, objects: FolderObjects, *, faults: Faults, at: int, killed: bool) -> None:
    """From awake to awake with a fault at one call; a second round of the same instance is as good as a first."""
    faults.calls, faults.at, faults.killed = [], at, killed
    before = faults.deletions
    faults.old_address()
    stopped = cycle(lab, objects, faults=faults)
    # How often is looked while waiting depends on how quick the machine is: the last calls may not come about.
    assert len(stopped) == (at < len(faults.calls)), f"call {at} of {len(faults.calls)}: {faults.calls[at : at + 1]}"
    assert faults.deletions >= before + 1
    faults.at = None
    there = lab.instance()
    assert there is not None
    assert there["DeletionProtection"]
    assert lab.mapping_state() == "Enabled"
    assert lab.host_state() in {"running", "pending"}
    assert read_state().state == State.AWAKE


@pytest.mark.parametrize("killed", [False, True], ids=["refused", "killed"])
def test_a_fault_at_the_calls_that_make_and_take_away(
    lab: Lab, objects: FolderObjects, faults: Faults, killed: bool
) -> None:
    made = calls_of_a_cycle(lab, objects, faults=faults)
    for name in ("CreateDBSnapshot", "DeleteDBInstance", "RestoreDBInstanceFromDBSnapshot"):
        once_with_a_fault(lab, objects, faults=faults, at=made.index(name), killed=killed)


@pytest.mark.prove
@pytest.mark.parametrize("killed", [False, True], ids=["refused", "killed"])
def test_a_fault_at_each_call_that_changes_something(
    lab: Lab, objects: FolderObjects, faults: Faults, killed: bool
) -> None:
    made = calls_of_a_cycle(lab, objects, faults=faults)
    changing = [place for place, name in enumerate(made) if not name.startswith(READING)]
    expected = {"CreateDBSnapshot", "ModifyDBInstance", "DeleteDBInstance", "RestoreDBInstanceFromDBSnapshot"}
    expected |= {"UpdateEventSourceMapping", "UpdateFunctionConfiguration", "StopInstances", "StartInstances"}
    assert {made[place] for place in changing} >= expected
    for at in changing:
        once_with_a_fault(lab, objects, faults=faults, at=at, killed=killed)


@pytest.mark.prove
@pytest.mark.parametrize("killed", [False, True], ids=["refused", "killed"])
def test_a_fault_at_every_single_call(lab: Lab, objects: FolderObjects, faults: Faults, killed: bool) -> None:
    made = calls_of_a_cycle(lab, objects, faults=faults)
    for at in range(len(made)):
        once_with_a_fault(lab, objects, faults=faults, at=at, killed=killed)


def test_a_snapshot_that_fails_is_made_again_and_then_told(
    lab: Lab, objects: FolderObjects, faults: Faults, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = faults._real

    def failing(client: BaseClient, operation: str, arguments: dict[str, Any]) -> Any:
        answer = real(client, operation, arguments)
        if operation == "DescribeDBSnapshots":
            for each in answer["DBSnapshots"]:
                each["Status"] = "failed"
        return answer

    monkeypatch.setattr(faults, "_real", failing)
    with pytest.raises(SnapshotUnfit, match="nothing was deleted"):
        engine.put_to_sleep(lab.work(objects), goal=Goal.SNAPSHOT)
    assert faults.calls.count("CreateDBSnapshot") == 3
    assert "DeleteDBInstance" not in faults.calls
    monkeypatch.setattr(faults, "_real", real)
    engine.wake(chosen(lab.work(objects), choice=Choice()))
    assert read_state().state == State.AWAKE


@pytest.mark.parametrize(
    ("fact", "value"),
    [
        ("DBInstanceIdentifier", "another"),
        ("DbiResourceId", "db-EARLIER"),
        ("Engine", "postgres"),
        ("EngineVersion", "5.6.27"),
        ("AllocatedStorage", 1),
        ("Encrypted", True),
        ("PercentProgress", 99),
    ],
)
def test_a_snapshot_that_is_not_what_it_must_be_costs_no_instance(
    lab: Lab, objects: FolderObjects, faults: Faults, monkeypatch: pytest.MonkeyPatch, fact: str, value: Any
) -> None:
    real = faults._real

    def other(client: BaseClient, operation: str, arguments: dict[str, Any]) -> Any:
        answer = real(client, operation, arguments)
        if operation == "DescribeDBSnapshots":
            for each in answer["DBSnapshots"]:
                each[fact] = value
        return answer

    monkeypatch.setattr(faults, "_real", other)
    with pytest.raises(SnapshotUnfit, match="Nothing was deleted"):
        engine.put_to_sleep(lab.work(objects), goal=Goal.SNAPSHOT)
    assert not {"DeleteDBInstance", "ModifyDBInstance"} & set(faults.calls)


def test_events_that_somebody_switches_on_again_make_a_new_snapshot(
    lab: Lab, objects: FolderObjects, faults: Faults
) -> None:
    """The first snapshot may miss what was written after it."""
    faults.at, faults.killed = 10_000, True
    work = lab.work(objects)
    seen: list[str] = []

    def tell(sentence: str, *, percent: int | None = None) -> None:
        if "is available and verified" in sentence and not seen:
            seen.append(sentence)
            lab.client("lambda").update_event_source_mapping(UUID=lab.uuid, Enabled=True)

    work.tell = tell
    engine.put_to_sleep(work, goal=Goal.SNAPSHOT)
    assert faults.calls.count("CreateDBSnapshot") == 2
    assert lab.instance() is None


def test_a_snapshot_of_the_same_name_is_not_taken_for_ours(
    lab: Lab, objects: FolderObjects, faults: Faults, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where a clock went back; the snapshot that is there is too old."""
    names = iter([f"{lab.name}-hib-20260601t100000z", f"{lab.name}-hib-20260601t100001z"])
    lab.client("rds").create_db_snapshot(
        DBInstanceIdentifier=lab.name, DBSnapshotIdentifier=f"{lab.name}-hib-20260601t100000z"
    )
    monkeypatch.setattr("hibernation.snapshots.name_for", lambda _instance, *, now: next(names))
    slept = engine.put_to_sleep(lab.work(objects), goal=Goal.SNAPSHOT)
    assert slept.snapshot.endswith("100001z")
    assert len(lab.snapshots()) == 2
