"""The cycle on a second emulator, which runs the function, and forgets groups and tags as it restores."""

from collections.abc import Iterator

import pytest

from chunks.headers_db.place import State
from chunks.headers_db.state import read_state
from hibernation import engine
from hibernation.jobs import Choice, chosen
from hibernation.states import Goal
from storage.folder import FolderObjects
from tests.hibernation.lab import Lab
from tests.servers import ServerMissing, ministack_server

pytestmark = pytest.mark.database(transaction=True)


@pytest.fixture
def ministack() -> Iterator[Lab]:
    try:
        with ministack_server(LAMBDA_EXECUTOR="local") as url:
            yield Lab(url)
    except ServerMissing as missing:
        pytest.skip(str(missing))


def test_the_cycle_on_ministack(ministack: Lab, objects: FolderObjects) -> None:
    lab = ministack
    lab.make()
    slept = engine.put_to_sleep(lab.work(objects), goal=Goal.SNAPSHOT)
    assert lab.instance() is None
    assert [each["DBSnapshotIdentifier"] for each in lab.snapshots()] == [slept.snapshot]
    assert (lab.host_state(), lab.mapping_state()) == ("stopped", "Disabled")
    lab.client("sqs").send_message(QueueUrl=lab.dead, MessageBody='{"Records": []}')

    woken = engine.wake(chosen(lab.work(objects), choice=Choice()))
    there = lab.instance()
    assert there is not None
    assert woken is not None
    # It forgot the groups as it restored: they were put right, or are told.
    groups = [each["VpcSecurityGroupId"] for each in there["VpcSecurityGroups"]]
    assert groups == slept.configuration["VpcSecurityGroupIds"] or "VpcSecurityGroupIds" in "".join(woken.notes)
    assert there["DeletionProtection"]
    assert (lab.host_state(), lab.mapping_state()) == ("running", "Enabled")
    assert lab.variables()["ECOG_HEADERS_PORT"] == str(there["Endpoint"]["Port"])
    assert "The headers database answers the function s3_rds_data_transfer." in lab.said
    assert read_state().state == State.AWAKE
    counted = lab.client("sqs").get_queue_attributes(QueueUrl=lab.dead, AttributeNames=["All"])["Attributes"]
    assert counted["ApproximateNumberOfMessages"] == "0"
