"""The stack deployed for real: a session's JSON put into the bucket by hand becomes records, run by nobody of ours."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from behavior.dynamodb import DynamoSessions
from behavior.keys import notes_key, tombstone_key
from tests.aws import CREDENTIALS, own_credentials  # noqa: F401
from tests.behavior.made import content, document
from tests.lambdas.certificates import authority
from tests.lambdas.deployed import REGION, Deployed, client, deploy, wait_for
from tests.servers import ServerMissing, ministack_server

BUCKET = "behavioral-data-all"
KEY = "ToM Loc+2003.json"


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in CREDENTIALS.items():
            patch.setenv(name, value)
        try:
            with ministack_server(LAMBDA_EXECUTOR="local") as url:
                secrets = client(url, "secretsmanager")
                secrets.create_secret(Name="ecog/lambda", SecretString=json.dumps({"password": "of the database"}))
                yield deploy(
                    url,
                    tmp_path_factory.mktemp("zips"),
                    ca=authority()[0],
                    HeadersPasswordSecret="ecog/lambda",
                    DatabaseInstance="ecog-headers",
                    HostInstance="i-0123456789abcdef0",
                    BundlesBucket="lab-bundles",
                )
        except ServerMissing as missing:
            pytest.skip(str(missing))


@pytest.fixture
def sessions(deployed: Deployed) -> DynamoSessions:
    return DynamoSessions(region=REGION, endpoint=deployed.url)


def tasks(sessions: DynamoSessions, key: str) -> list[str]:
    return [each.experiment for each in sessions.of_object(key)]


def waiting(deployed: Deployed, queue: str) -> int:
    """How many messages are in the queue, being worked at or not."""
    queues = deployed.client("sqs")
    url = queues.get_queue_url(QueueName=queue)["QueueUrl"]
    told = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    return int(told["ApproximateNumberOfMessages"]) + int(told["ApproximateNumberOfMessagesNotVisible"])


def test_a_session_put_by_hand_is_recorded_corrected_and_removed(deployed: Deployed, sessions: DynamoSessions) -> None:
    store = deployed.client("s3")
    store.put_object(Bucket=BUCKET, Key=KEY, Body=content(document(), document(experiment="Stroop")))
    wait_for(lambda: tasks(sessions, KEY) == ["ToM_Loc", "Stroop"], what="the records")
    notes = {"version": 1, "sessions": {"2": {"corrections": {"experiment": "Naming"}}}, "history": []}
    store.put_object(Bucket=BUCKET, Key=notes_key(KEY), Body=json.dumps(notes).encode())
    wait_for(lambda: tasks(sessions, KEY) == ["ToM_Loc", "Naming"], what="the correction")
    store.delete_object(Bucket=BUCKET, Key=KEY)
    wait_for(lambda: tasks(sessions, KEY) == [], what="the removal")
    wait_for(lambda: sessions.counts() == [], what="the counts")


def test_what_is_no_session_and_what_is_withdrawn_leaves_queue_and_table_empty(
    deployed: Deployed, sessions: DynamoSessions
) -> None:
    store = deployed.client("s3")
    store.put_object(Bucket=BUCKET, Key=tombstone_key("2009"), Body=b"{}")
    store.put_object(Bucket=BUCKET, Key="gone.json", Body=content(document(subject="2009")))
    store.put_object(Bucket=BUCKET, Key="broken.json", Body=b"{")
    store.put_object(Bucket=BUCKET, Key="last.JSON", Body=content(document(experiment="Last")))
    queues = deployed.client("sqs")
    url = queues.get_queue_url(QueueName="ecog-session-events")["QueueUrl"]
    queues.send_message(QueueUrl=url, MessageBody=json.dumps({"Event": "s3:TestEvent", "Bucket": BUCKET}))
    queues.send_message(QueueUrl=url, MessageBody="no event")
    wait_for(lambda: tasks(sessions, "last.JSON") == ["Last"], what="the last record")
    wait_for(lambda: waiting(deployed, "ecog-session-events") == 0, what="the end of the queue")
    assert {each.file_name for each in sessions.everything()} == {"last.JSON"}
    assert waiting(deployed, "ecog-session-events-dead") == 0


def test_the_portal_finds_the_tables_complete(deployed: Deployed, sessions: DynamoSessions) -> None:
    table = deployed.client("dynamodb")
    before = table.describe_table(TableName=sessions.names.records)["Table"]["GlobalSecondaryIndexes"]
    assert sessions.make_tables() == []
    assert table.describe_table(TableName=sessions.names.records)["Table"]["GlobalSecondaryIndexes"] == before


def test_the_password_is_read_from_the_secret_at_deployment(deployed: Deployed) -> None:
    told = deployed.client("lambda").get_function_configuration(FunctionName="s3_rds_data_transfer")
    assert told["Environment"]["Variables"]["ECOG_HEADERS_PASSWORD"] == "of the database"


def test_without_its_database_the_function_of_headers_keeps_the_events(deployed: Deployed) -> None:
    store = deployed.client("s3")
    store.create_bucket(Bucket="edf-chunks-2003", CreateBucketConfiguration={"LocationConstraint": REGION})
    told = {"QueueArn": deployed.outputs["ChunkQueueArn"], "Events": ["s3:ObjectCreated:*"]}
    store.put_bucket_notification_configuration(
        Bucket="edf-chunks-2003", NotificationConfiguration={"QueueConfigurations": [told]}
    )
    store.put_object(Bucket="edf-chunks-2003", Key="day3_101010/LTG1_chunk-0.chn", Body=b"{}\n")
    wait_for(lambda: received(deployed), what="a call of the function")
    assert waiting(deployed, "ecog-chunk-events") == 1
    assert waiting(deployed, "ecog-chunk-events-dead") == 0


def received(deployed: Deployed) -> bool:
    """Whether the function was called and has given the message back."""
    queues = deployed.client("sqs")
    url = queues.get_queue_url(QueueName="ecog-chunk-events")["QueueUrl"]
    told = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    logs = deployed.client("logs")
    groups = logs.describe_log_groups(logGroupNamePrefix="/aws/lambda/s3_rds_data_transfer")["logGroups"]
    lines = [
        each["message"]
        for group in groups
        for each in logs.filter_log_events(logGroupName=group["logGroupName"])["events"]
    ]
    return int(told["ApproximateNumberOfMessagesNotVisible"]) == 1 and any("REPORT" in line for line in lines)


def test_the_outputs_name_what_the_portal_is_told(deployed: Deployed) -> None:
    assert deployed.outputs["ChunkQueueArn"].endswith(":ecog-chunk-events")
    assert deployed.outputs["ChunkFunctionName"] == "s3_rds_data_transfer"
    policies = deployed.client("iam").list_policies(Scope="Local")["Policies"]
    assert {deployed.outputs["PortalPolicyArn"], deployed.outputs["SleepPolicyArn"]} <= {
        each["Arn"] for each in policies
    }


def test_zips_are_found_by_the_name_of_their_content(deployed: Deployed, tmp_path: Path) -> None:
    keys = {each["Key"] for each in deployed.client("s3").list_objects_v2(Bucket="lab-code")["Contents"]}
    assert {key.rpartition("-")[0] for key in keys} == {"s3_rds_data_transfer", "s3_dynamo_behavioral"}
