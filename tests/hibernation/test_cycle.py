"""The whole cycle, from awake to awake, as a lab's AWS sees it."""

from typing import Any

import pytest

from chunks.headers_db.place import State
from chunks.headers_db.state import read_state
from hibernation import engine
from hibernation.errors import NothingThere, SnapshotUnclear
from hibernation.jobs import Choice, chosen
from hibernation.models import Sleep, present_sleep
from hibernation.states import Goal
from people.models import AuditEntry
from storage.folder import FolderObjects
from tests.hibernation.lab import Lab

pytestmark = pytest.mark.database(transaction=True)


def sleep(lab: Lab, objects: FolderObjects, goal: Goal = Goal.SNAPSHOT, **more: Any) -> Sleep:
    return engine.put_to_sleep(lab.work(objects, **more), goal=goal)


def wake(lab: Lab, objects: FolderObjects, **choice: Any) -> Sleep | None:
    return engine.wake(chosen(lab.work(objects), choice=Choice(**choice)))


def test_to_sleep_by_a_snapshot_and_awake_again(lab: Lab, objects: FolderObjects) -> None:
    lab.make()
    before = lab.instance()
    assert before is not None
    slept = sleep(lab, objects)
    assert lab.instance() is None
    (snapshot,) = lab.snapshots()
    assert (snapshot["DBSnapshotIdentifier"], snapshot["Status"]) == (slept.snapshot, "available")
    assert slept.snapshot.startswith(f"{lab.name}-hib-")
    assert slept.snapshot == slept.snapshot.lower()
    assert lab.host_state() in {"stopping", "stopped"}
    assert lab.mapping_state() == "Disabled"
    assert read_state().state == State.ASLEEP
    assert AuditEntry.objects.filter(act="delete RDS instance", outcome="done").count() == 1
    assert slept.configuration["VpcSecurityGroupIds"]

    woken = wake(lab, objects)
    after = lab.instance()
    assert after is not None
    assert woken is not None
    same = ("DBInstanceClass", "VpcSecurityGroups", "DeletionProtection", "BackupRetentionPeriod", "StorageType")
    assert {name: after[name] for name in same} == {name: before[name] for name in same}
    assert {"Key": "lab", "Value": "ecog"} in after["TagList"]
    assert lab.mapping_state() == "Enabled"
    assert lab.host_state() in {"pending", "running"}
    assert read_state().state == State.AWAKE
    endpoint = after["Endpoint"]
    assert lab.variables() == {
        "ECOG_HEADERS_HOST": endpoint["Address"],
        "ECOG_HEADERS_PORT": str(endpoint["Port"]),
        "KEPT": "yes",
    }
    assert "The snapshot is completely restored." in lab.said
    assert present_sleep() is None


def test_a_second_sleep_takes_a_second_snapshot(lab: Lab, objects: FolderObjects) -> None:
    lab.make(host=False)
    first = sleep(lab, objects)
    wake(lab, objects)
    second = sleep(lab, objects)
    assert {each["DBSnapshotIdentifier"] for each in lab.snapshots()} == {first.snapshot, second.snapshot}


def test_to_sleep_by_stopping_and_awake_again(lab: Lab, objects: FolderObjects) -> None:
    lab.make()
    slept = sleep(lab, objects, Goal.STOP)
    there = lab.instance()
    assert there is not None
    assert there["DBInstanceStatus"] == "stopped"
    assert not lab.snapshots()
    assert any("7 days" in line for line in lab.said)
    assert (slept.mode, read_state().state) == (Goal.STOP, State.ASLEEP)
    wake(lab, objects)
    there = lab.instance()
    assert there is not None
    assert (there["DBInstanceStatus"], read_state().state) == ("available", State.AWAKE)


def test_what_was_stopped_may_become_a_snapshot(lab: Lab, objects: FolderObjects) -> None:
    lab.make()
    sleep(lab, objects, Goal.STOP)
    slept = sleep(lab, objects, Goal.SNAPSHOT)
    assert lab.instance() is None
    assert [each["DBSnapshotIdentifier"] for each in lab.snapshots()] == [slept.snapshot]


def test_sleeping_twice_and_waking_twice_changes_nothing(lab: Lab, objects: FolderObjects) -> None:
    lab.make()
    first = sleep(lab, objects)
    assert sleep(lab, objects) == first
    assert len(lab.snapshots()) == 1
    wake(lab, objects)
    wake(lab, objects)
    assert Sleep.objects.count() == 1


def test_without_function_and_host_there_is_nothing_to_pause(lab: Lab, objects: FolderObjects) -> None:
    lab.make(function=False, host=False)
    sleep(lab, objects)
    assert any("no event source" in line for line in lab.said)
    wake(lab, objects)
    assert read_state().state == State.AWAKE


def test_a_mapping_that_was_off_before_stays_off(lab: Lab, objects: FolderObjects) -> None:
    lab.make(host=False)
    functions = lab.client("lambda")
    other = lab.client("sqs").create_queue(QueueName="other")["QueueUrl"]
    arn = lab.client("sqs").get_queue_attributes(QueueUrl=other, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    off = functions.create_event_source_mapping(EventSourceArn=arn, FunctionName="s3_rds_data_transfer", Enabled=False)
    sleep(lab, objects)
    wake(lab, objects)
    assert functions.get_event_source_mapping(UUID=off["UUID"])["State"] == "Disabled"
    assert lab.mapping_state() == "Enabled"


def test_messages_that_failed_are_sent_again(lab: Lab, objects: FolderObjects) -> None:
    lab.make(host=False)
    sleep(lab, objects)
    lab.client("sqs").send_message(QueueUrl=lab.dead, MessageBody='{"Records": []}')
    wake(lab, objects)
    counted = "ApproximateNumberOfMessages"
    attributes = lab.client("sqs").get_queue_attributes(QueueUrl=lab.dead, AttributeNames=[counted])["Attributes"]
    assert attributes[counted] == "0"


@pytest.mark.usefixtures("own_user")
def test_from_the_buckets_without_any_snapshot(lab: Lab, objects: FolderObjects) -> None:
    lab.make(host=False)
    slept = sleep(lab, objects)
    lab.client("rds").delete_db_snapshot(DBSnapshotIdentifier=slept.snapshot)
    with pytest.raises(SnapshotUnclear):
        wake(lab, objects)
    assert read_state().state == State.ASLEEP
    wake(lab, objects, from_buckets=True)
    assert lab.instance() is not None
    assert read_state().state == State.AWAKE


def test_nothing_there_is_said_before_search_closes(lab: Lab, objects: FolderObjects) -> None:
    with pytest.raises(NothingThere):
        sleep(lab, objects)
    assert read_state().state == State.AWAKE


def test_a_snapshot_of_june_is_not_restored_over_an_instance(lab: Lab, objects: FolderObjects) -> None:
    lab.make(host=False)
    sleep(lab, objects)
    wake(lab, objects)
    with pytest.raises(SnapshotUnclear, match="newer than those of any snapshot"):
        wake(lab, objects, latest=True)
