"""How buckets are set up on S3: every rule, drift from it, what others entered, and who may refuse."""

import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.stub import ANY, Stubber

from storage import s3_buckets
from storage.bucket_rules import BucketRules, Fault
from storage.errors import BucketMissing, CredentialsExpired
from storage.objects import Objects
from storage.s3 import S3Objects
from tests.storage.answering import Answer, answering, error
from tests.storage.certificates import make_certificates
from tests.storage.conftest import HURRIED, REGION

RULES = ["encryption", "public access", "ownership", "versioning", "lifecycle", "plain http", "events"]
BUCKET = "edf-chunks-2002"


def client(service: str, url: str) -> Any:
    config = Config(s3={"addressing_style": "path"}) if service == "s3" else None
    return boto3.client(service, region_name=REGION, endpoint_url=url, config=config)


@contextmanager
def encrypted(url: str, certificate: Path) -> Iterator[str]:
    """The https address of a line to the server at an http URL."""
    host, port = url.removeprefix("http://").split(":")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def carry(source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while piece := source.recv(65_536):
                sink.sendall(piece)
        with suppress(OSError):
            sink.shutdown(socket.SHUT_RDWR)

    def serve(plain: socket.socket) -> None:
        far = socket.create_connection((host, int(port)))
        with suppress(OSError), far, context.wrap_socket(plain, server_side=True) as near:
            back = threading.Thread(target=carry, args=(far, near), daemon=True)
            back.start()
            carry(near, far)
            back.join()

    def accept() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield f"https://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.fixture(scope="module")
def secure(ministack_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """ministack by https, and the authority to believe."""
    authority, certificate = make_certificates(tmp_path_factory.mktemp("certificates"))
    with encrypted(ministack_url, certificate) as url:
        yield url, authority


@pytest.fixture
def objects(secure: tuple[str, Path], monkeypatch: pytest.MonkeyPatch) -> Objects:
    url, authority = secure
    monkeypatch.setenv("AWS_CA_BUNDLE", str(authority))
    return S3Objects(region=REGION, endpoint=url)


@pytest.fixture
def s3(ministack_url: str) -> Any:
    return client("s3", ministack_url)


@pytest.fixture
def bucket(objects: Objects, bucket_name: str) -> str:
    objects.make_bucket(bucket_name)
    return bucket_name


@pytest.fixture
def queue(ministack_url: str, bucket_name: str) -> tuple[str, str]:
    """The URL and the ARN of a queue."""
    sqs = client("sqs", ministack_url)
    url = sqs.create_queue(QueueName=f"events-of-{bucket_name}")["QueueUrl"]
    answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return url, answer["Attributes"]["QueueArn"]


def whats(faults: list[Fault]) -> list[str]:
    return [fault.what for fault in faults]


def test_a_new_bucket_is_set_up_whole(objects: Objects, bucket: str, queue: tuple[str, str], s3: Any) -> None:
    done = objects.set_up(bucket, rules=BucketRules(versioning=True, events_queue_arn=queue[1]))
    # ministack encrypts and owns by itself, as S3 does since 2023.
    assert whats(done) == ["public access", "versioning", "lifecycle", "plain http", "events"]
    assert {fault.state for fault in done} == {"repaired"}
    held = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert set(held.values()) == {True}
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    rules = {rule["ID"]: rule for rule in s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]}
    assert rules["ecog-aborted-uploads"]["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 7}
    assert rules["ecog-old-versions"]["NoncurrentVersionExpiration"] == {"NoncurrentDays": 30}
    [statement] = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])["Statement"]
    assert (statement["Effect"], statement["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})
    assert statement["Resource"] == [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]


def test_of_chunks_and_recordings_and_nothing_else_the_queue_is_told(
    objects: Objects, bucket: str, queue: tuple[str, str], ministack_url: str
) -> None:
    objects.set_up(bucket, rules=BucketRules(events_queue_arn=queue[1]))
    told = ["r/LTG1_chunk-0.chn", "r/recording.json"]
    for key in [*told, "r/annotations.json", "recording.json", "r/x.chn.txt"]:
        objects.put(bucket, key, b"x")
    objects.delete(bucket, told[0])
    sqs, heard, end = client("sqs", ministack_url), [], time.monotonic() + 10
    while len(heard) < 3 and time.monotonic() < end:
        answer = sqs.receive_message(QueueUrl=queue[0], MaxNumberOfMessages=10, WaitTimeSeconds=1)
        for message in answer.get("Messages", []):
            sqs.delete_message(QueueUrl=queue[0], ReceiptHandle=message["ReceiptHandle"])
            records = json.loads(message["Body"]).get("Records", [])
            heard += [(each["eventName"].partition(":")[0], each["s3"]["object"]["key"]) for each in records]
    keys = sorted((name, key.replace("%2F", "/")) for name, key in heard)
    assert keys == [("ObjectCreated", told[0]), ("ObjectCreated", told[1]), ("ObjectRemoved", told[0])]


def break_public_access(s3: Any, bucket: str) -> None:
    held = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=held | {"BlockPublicPolicy": False})


def break_lifecycle(s3: Any, bucket: str) -> None:
    rules = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    for rule in rules:
        rule["Status"] = "Disabled"
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules})


def break_policy(s3: Any, bucket: str) -> None:
    policy = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])
    policy["Statement"][0]["Action"] = "s3:PutObject"
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))


def break_events(s3: Any, bucket: str) -> None:
    held = s3.get_bucket_notification_configuration(Bucket=bucket)["QueueConfigurations"]
    held[0]["Events"] = ["s3:ObjectCreated:*"]
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={"QueueConfigurations": held})


BREAKS: dict[str, Callable[[Any, str], object]] = {
    "public access": break_public_access,
    "ownership": lambda s3, bucket: s3.put_bucket_ownership_controls(
        Bucket=bucket, OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]}
    ),
    "versioning": lambda s3, bucket: s3.put_bucket_versioning(
        Bucket=bucket, VersioningConfiguration={"Status": "Suspended"}
    ),
    "lifecycle": break_lifecycle,
    "plain http": break_policy,
    "events": break_events,
}


@pytest.mark.parametrize("what", BREAKS)
def test_what_was_changed_is_found_and_repaired(
    objects: Objects, bucket: str, queue: tuple[str, str], s3: Any, what: str
) -> None:
    rules = BucketRules(versioning=True, events_queue_arn=queue[1])
    objects.set_up(bucket, rules=rules)
    BREAKS[what](s3, bucket)
    [would] = objects.set_up(bucket, rules=rules, dry_run=True)
    assert (would.bucket, would.what, would.state) == (bucket, what, "found")
    [done] = objects.set_up(bucket, rules=rules)
    assert (done.what, done.found, done.state) == (what, would.found, "repaired")
    assert objects.set_up(bucket, rules=rules) == []


def test_encryption_that_is_missing_is_found_and_repaired(moto_url: str, bucket_name: str) -> None:
    objects = S3Objects(region=REGION, endpoint=moto_url)
    objects.make_bucket(bucket_name)
    s3 = client("s3", moto_url)
    objects.set_up(bucket_name, rules=BucketRules())
    s3.delete_bucket_encryption(Bucket=bucket_name)
    assert whats(objects.set_up(bucket_name, rules=BucketRules())) == ["encryption"]
    assert objects.set_up(bucket_name, rules=BucketRules()) == []
    keys = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "x"}}]}
    s3.put_bucket_encryption(Bucket=bucket_name, ServerSideEncryptionConfiguration=keys)
    assert objects.set_up(bucket_name, rules=BucketRules()) == []  # a lab's own keys are left to it


def test_what_others_entered_stays(
    objects: Objects, bucket: str, queue: tuple[str, str], s3: Any, ministack_url: str
) -> None:
    lifecycle = {"ID": "theirs", "Status": "Enabled", "Filter": {"Prefix": "x/"}, "Expiration": {"Days": 9}}
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": [lifecycle]})
    statement = {
        "Sid": "Theirs",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:DeleteBucket",
        "Resource": f"arn:aws:s3:::{bucket}",
    }
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    other = client("sqs", ministack_url).create_queue(QueueName=f"theirs-{bucket}")["QueueUrl"].rsplit("/", 1)[1]
    theirs = {
        "Id": "theirs",
        "QueueArn": queue[1].rsplit(":", 1)[0] + f":{other}",
        "Events": ["s3:ObjectCreated:*"],
        "Filter": {"Key": {"FilterRules": [{"Name": "suffix", "Value": ".edf"}]}},
    }
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={"QueueConfigurations": [theirs]})

    def entered() -> list[list[Any]]:
        return [
            [rule["ID"] for rule in s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]],
            [each["Sid"] for each in json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])["Statement"]],
            [each["Id"] for each in s3.get_bucket_notification_configuration(Bucket=bucket)["QueueConfigurations"]],
        ]

    objects.set_up(bucket, rules=BucketRules(events_queue_arn=queue[1]))
    assert entered() == [
        ["theirs", "ecog-aborted-uploads"],
        ["Theirs", "EcogRefusesPlainHttp"],
        ["theirs", "ecog-chunks", "ecog-recordings"],
    ]
    [gone] = objects.set_up(bucket, rules=BucketRules())
    assert gone.what == "events"
    assert entered()[2] == ["theirs"]


def test_from_which_size_on_others_rules_move_objects_stays() -> None:
    """It is of the whole lifecycle, and S3 sets it back for whoever writes the rules without it."""
    client = boto3.client("s3", region_name=REGION)
    others = {"ID": "lab", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 900}}
    size = {"TransitionDefaultMinimumObjectSize": "varies_by_storage_class"}
    with Stubber(client) as stubbed:
        stubbed.add_response("get_bucket_lifecycle_configuration", {"Rules": [others], **size})
        stubbed.add_response(
            "put_bucket_lifecycle_configuration", {}, {"Bucket": BUCKET, "LifecycleConfiguration": ANY, **size}
        )
        fix = s3_buckets._lifecycle(client, BUCKET, BucketRules())
        assert fix is not None
        fix.repair()


def test_an_entry_that_says_the_same_under_another_name_will_do(
    objects: Objects, bucket: str, queue: tuple[str, str], s3: Any
) -> None:
    rules = BucketRules(events_queue_arn=queue[1])
    objects.set_up(bucket, rules=rules)
    held = s3.get_bucket_notification_configuration(Bucket=bucket)["QueueConfigurations"]
    for number, each in enumerate(held):
        each["Id"] = f"made-by-the-template-{number}"
        each["Events"].reverse()
        each["Filter"]["Key"]["FilterRules"][0]["Name"] = "Suffix"  # as S3 writes it
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={"QueueConfigurations": held})
    assert objects.set_up(bucket, rules=rules) == []


def test_a_queue_that_is_not_there_is_said_and_the_rest_is_done(objects: Objects, bucket: str, s3: Any) -> None:
    arn = f"arn:aws:sqs:{REGION}:000000000000:nowhere"
    done = objects.set_up(bucket, rules=BucketRules(events_queue_arn=arn))
    *others, events = done
    assert {fault.state for fault in others} == {"repaired"}
    assert (events.what, events.state) == ("events", "refused")
    assert arn in events.reason
    assert "ECOG_EVENTS_QUEUE_ARN" in events.reason


def test_a_store_by_plain_http_does_not_lock_itself_out(ministack_url: str, bucket_name: str) -> None:
    objects = S3Objects(region=REGION, endpoint=ministack_url)
    objects.make_bucket(bucket_name)
    assert "plain http" not in whats(objects.set_up(bucket_name, rules=BucketRules()))


@pytest.mark.parametrize(
    "answer",
    [
        error("NotImplemented", status=501),
        error("MethodNotAllowed", status=405),
        error("BucketAlreadyExists", status=409),  # rclone takes each for the wish to make the bucket
    ],
)
def test_a_server_that_knows_nothing_of_it_says_so_for_each_rule(answer: Answer) -> None:
    with answering() as server:
        server.answers = [answer]
        faults = S3Objects(region=REGION, endpoint=server.url, patience=HURRIED).set_up(BUCKET, rules=BucketRules())
    assert whats(faults) == [what for what in RULES if what != "plain http"]
    assert {fault.state for fault in faults} == {"refused"}
    assert all("only S3 itself" in fault.reason for fault in faults)


def test_a_right_that_is_missing_is_said_for_each_rule() -> None:
    with answering() as server:
        server.answers = [error("AccessDenied", status=403)]
        faults = S3Objects(region=REGION, endpoint=server.url, patience=HURRIED).set_up(BUCKET, rules=BucketRules())
    assert {fault.state for fault in faults} == {"refused"}
    assert all("denied" in fault.reason for fault in faults)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (error("NoSuchBucket", status=404), BucketMissing),
        (error("ExpiredToken", status=400), CredentialsExpired),
    ],
)
def test_what_concerns_every_rule_is_said_once(answer: Answer, kind: type[Exception]) -> None:
    with answering() as server:
        server.answers = [answer]
        with pytest.raises(kind):
            S3Objects(region=REGION, endpoint=server.url, patience=HURRIED).set_up(BUCKET, rules=BucketRules())
