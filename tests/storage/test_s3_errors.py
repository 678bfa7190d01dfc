"""What S3 answers when it refuses, in words: the codes, statuses and failures that emulators do not give."""

import os
import pickle
import socket
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event

import boto3
import pytest

from storage import errors
from storage.errors import (
    AccessDenied,
    BucketMissing,
    BucketTaken,
    ClockWrong,
    CredentialsExpired,
    CredentialsUnusable,
    KeyUnusable,
    NotKnownThere,
    ObjectArchived,
    ObjectChanged,
    ObjectExists,
    ObjectMissing,
    RangeOutside,
    StorageClassUnusable,
    StorageError,
    StoreFull,
    StoreUnreachable,
    TransferDamaged,
    WriteConflict,
    WrongRegion,
)
from storage.objects import Objects
from storage.s3 import S3Objects
from tests.aws import CREDENTIALS
from tests.storage.answering import SECRET, Answer, Answering, answering, empty_listing, error, found, own_buckets, part
from tests.storage.conftest import HURRIED, IMPATIENT
from tests.storage.contract import MIB

BUCKET = "edf-chunks-2002"
KEY = "day3_124402/LTG1_chunk-0.chn"

Act = Callable[[Objects], object]
ACTS: dict[str, Act] = {
    "get": lambda objects: objects.get(BUCKET, KEY),
    "get of a key others made": lambda objects: objects.get(BUCKET, "a//b"),
    "get_range": lambda objects: objects.get_range(BUCKET, KEY, start=0, length=9),
    "put": lambda objects: objects.put(BUCKET, KEY, b"content"),
    "put in parts": lambda objects: objects.put(BUCKET, KEY, (bytes(MIB) for _ in range(9))),
    "head": lambda objects: objects.head(BUCKET, KEY),
    "list": lambda objects: list(objects.list(BUCKET)),
    "delete": lambda objects: objects.delete(BUCKET, KEY),
}
REFUSALS = [
    (error("AccessDenied", status=403), AccessDenied),
    (error("AllAccessDisabled", status=403), AccessDenied),
    (error("ExpiredToken", status=400), CredentialsExpired),
    (error("RequestExpired", status=400), CredentialsExpired),
    (error("InvalidAccessKeyId", status=403), CredentialsUnusable),
    (error("SignatureDoesNotMatch", status=403), CredentialsUnusable),
    (error("RequestTimeTooSkewed", status=403), ClockWrong),
    (error("NotImplemented", status=501), NotKnownThere),
    (error("NoSuchBucket", status=404), BucketMissing),
    (error("SlowDown", status=503), StoreUnreachable),
    (error("InternalError", status=500), StoreUnreachable),
    (Answer(502), StoreUnreachable),
    (error("XMinioStorageFull", status=507), StoreFull),
    (error("QuotaExceeded", status=403), StoreFull),
    (error("SomethingNew", status=418), StorageError),
]


@pytest.fixture(scope="module")
def one_server() -> Iterator[Answering]:
    with answering() as server:
        yield server


@pytest.fixture(scope="module")
def impatient(one_server: Answering) -> Objects:
    """Asks once; for all tests, as making the clients takes longer than most of them."""
    return S3Objects(region="eu-west-1", endpoint=one_server.url, patience=IMPATIENT)


@pytest.fixture(scope="module")
def objects(one_server: Answering) -> Objects:
    return S3Objects(region="eu-west-1", endpoint=one_server.url, patience=HURRIED)


@pytest.fixture
def server(one_server: Answering) -> Answering:
    one_server.asked.clear()
    return one_server


def told(raised: pytest.ExceptionInfo[StorageError]) -> str:
    """The sentence, after a look that neither it nor its traceback gives a secret away."""
    whole = "".join(traceback.format_exception(raised.value))
    for secret in (SECRET, *CREDENTIALS.values(), "Signature=", "X-Amz"):
        assert secret not in whole
    return str(raised.value)


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
@pytest.mark.parametrize(("answer", "kind"), REFUSALS, ids=lambda value: getattr(value, "__name__", None))
def test_a_refusal_is_told_by_its_reason(
    server: Answering, impatient: Objects, act: Act, answer: Answer, kind: type[StorageError]
) -> None:
    server.answers = [answer]
    with pytest.raises(StorageError) as raised:
        act(impatient)
    assert type(raised.value) is kind
    assert BUCKET in told(raised)


@pytest.mark.parametrize(
    ("act", "answer", "kind"),
    [
        ("get", error("NoSuchKey", status=404), ObjectMissing),
        ("head", error("NoSuchKey", status=404), ObjectMissing),
        ("get", error("InvalidObjectState", status=403), ObjectArchived),
        ("get_range", error("InvalidRange", status=416), RangeOutside),
        ("put", error("BadDigest", status=400), TransferDamaged),
        ("put", error("XAmzContentSHA256Mismatch", status=400), TransferDamaged),
        ("put in parts", error("BadDigest", status=400), TransferDamaged),
        ("put", error("EntityTooLarge", status=400), StoreFull),
        ("put", error("InvalidStorageClass", status=400), StorageClassUnusable),
        ("put in parts", error("InvalidStorageClass", status=400), StorageClassUnusable),
        ("get of a key others made", error("KeyTooLongError", status=400), KeyUnusable),
    ],
)
def test_what_only_some_requests_meet(
    server: Answering, objects: Objects, act: str, answer: Answer, kind: type[StorageError]
) -> None:
    server.answers = [answer]
    with pytest.raises(kind) as raised:
        ACTS[act](objects)
    assert type(raised.value) is kind
    told(raised)


# Regions and buckets


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
@pytest.mark.parametrize(
    "answer",
    [
        error("AuthorizationHeaderMalformed", status=400, more="<Region>eu-central-1</Region>"),
        error("PermanentRedirect", status=301, x_amz_bucket_region="eu-central-1"),
        Answer(301),
    ],
)
def test_a_wrong_region_is_said(server: Answering, objects: Objects, act: Act, answer: Answer) -> None:
    server.answers = [answer]
    with pytest.raises(WrongRegion, match="region=") as raised:
        act(objects)
    told(raised)


@pytest.mark.parametrize("act", ["get", "put", "head", "list"])
def test_the_right_region_is_named_where_it_is_known(server: Answering, objects: Objects, act: str) -> None:
    server.answers = [error("AuthorizationHeaderMalformed", status=400, more="<Region>eu-central-1</Region>")]
    with pytest.raises(WrongRegion, match="it is in eu-central-1"):
        ACTS[act](objects)


def test_a_bucket_of_somebody_else_is_explained(server: Answering, objects: Objects) -> None:
    server.answers = [error("AccessDenied", status=403), error("BucketAlreadyExists", status=409)]
    with pytest.raises(BucketTaken, match="unique in the whole world"):
        objects.make_bucket(BUCKET)
    assert [question.method for question in server.asked] == ["GET", "PUT"]


def test_a_bucket_that_somebody_else_laid_out_for_us_is_not_taken_for_ours(server: Answering, objects: Objects) -> None:
    """It may be listed and written, but is none of our account's: patients' data would be a stranger's."""
    server.answers = [empty_listing(), own_buckets("another"), error("BucketAlreadyExists", status=409)]
    with pytest.raises(BucketTaken):
        objects.make_bucket(BUCKET)


@pytest.mark.parametrize("of_ours", [own_buckets(BUCKET), error("AccessDenied", status=403)])
def test_a_bucket_of_ours_needs_no_right_to_make_any(server: Answering, objects: Objects, of_ours: Answer) -> None:
    server.answers = [empty_listing(), of_ours, error("AccessDenied", status=403)]
    objects.make_bucket(BUCKET)
    assert [question.method for question in server.asked] == ["GET", "GET"]


def test_a_bucket_made_in_the_same_moment_by_us_is_ours(server: Answering, objects: Objects) -> None:
    server.answers = [error("NoSuchBucket", status=404), error("BucketAlreadyOwnedByYou", status=409)]
    objects.make_bucket(BUCKET)


def test_whether_a_denied_bucket_exists_is_not_known(server: Answering, objects: Objects) -> None:
    server.answers = [error("AccessDenied", status=403)]
    with pytest.raises(AccessDenied):
        objects.bucket_exists(BUCKET)
    with pytest.raises(AccessDenied):
        objects.buckets()


@pytest.mark.parametrize(("region", "sent"), [("us-east-1", b""), ("eu-west-1", b"eu-west-1</LocationConstraint>")])
def test_a_bucket_is_made_in_the_region_of_the_store(server: Answering, region: str, sent: bytes) -> None:
    server.answers = [error("NoSuchBucket", status=404), Answer()]
    S3Objects(region=region, endpoint=server.url, patience=HURRIED).make_bucket(BUCKET)
    assert sent in server.asked[1].body
    assert bool(server.asked[1].body) == bool(sent)


# Writers in each other's way


def test_a_conflict_of_writers_is_tried_again(server: Answering, objects: Objects) -> None:
    conflict = error("ConditionalRequestConflict", status=409)
    server.answers = [conflict, conflict, found()]
    assert objects.put(BUCKET, KEY, b"x", create_only=True).etag == "0123456789abcdef"
    assert [question.headers["if-none-match"] for question in server.asked] == ["*"] * 3


def test_who_loses_a_conflict_finds_the_object_there(server: Answering, objects: Objects) -> None:
    server.answers = [
        error("ConditionalRequestConflict", status=409),
        error("PreconditionFailed", status=412),
    ]
    with pytest.raises(ObjectExists):
        objects.put(BUCKET, KEY, b"x", create_only=True)


def test_a_conflict_without_end_is_said(server: Answering, objects: Objects) -> None:
    server.answers = [error("ConditionalRequestConflict", status=409)]
    with pytest.raises(WriteConflict, match="at this very moment"):
        objects.put(BUCKET, KEY, b"x", create_only=True)
    assert len(server.asked) == HURRIED.attempts


def test_a_condition_on_a_stream_is_not_taken_for_create_only(server: Answering, objects: Objects) -> None:
    server.answers = [error("PreconditionFailed", status=412)]
    with pytest.raises(ObjectChanged):
        list(objects.stream(BUCKET, KEY, if_match="other"))
    assert server.asked[0].headers["if-match"] == '"other"'


# No connection, and patience


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_a_server_that_is_not_there_is_unreachable(act: Act) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        with pytest.raises(StoreUnreachable, match="ECOG_OBJECTS_URL"):
            act(S3Objects(region="eu-west-1", endpoint=url, patience=HURRIED))


@pytest.mark.parametrize("act", ["get", "get of a key others made", "put", "head", "list"])
def test_a_server_that_never_answers_is_unreachable(act: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        begun = time.monotonic()
        with pytest.raises(StoreUnreachable):
            ACTS[act](S3Objects(region="eu-west-1", endpoint=url, patience=HURRIED))
        assert time.monotonic() - begun < 15


@pytest.mark.parametrize("act", ["get", "get of a key others made", "put", "head", "list"])
def test_a_busy_server_is_asked_again(server: Answering, objects: Objects, act: str) -> None:
    busy = error("SlowDown", status=503)
    server.answers = [busy, busy, empty_listing() if act == "list" else found(b"")]
    ACTS[act](objects)
    assert len(server.asked) == 3


@pytest.mark.parametrize("key", [KEY, "a//b"])
def test_a_body_that_stands_still_is_taken_up_where_it_stopped(server: Answering, objects: Objects, key: str) -> None:
    content = bytes(range(256)) * 4096
    still = Event()
    stalled = found(content, sent=700_000, then=lambda: still.wait(10))
    server.answers = [
        stalled,
        part(content, 700_000, sent=100_000, then=lambda: still.wait(10)),
        part(content, 800_000),
    ]
    begun = time.monotonic()
    try:
        # Pieces small enough for all that came to be taken before the silence.
        assert b"".join(objects.stream(BUCKET, key, chunk_bytes=100_000)) == content
    finally:
        still.set()
    assert 2 * HURRIED.read_s <= time.monotonic() - begun < 2 * HURRIED.read_s + 5
    assert [question.headers.get("range", "").split("-")[0] for question in server.asked] == [
        "",
        "bytes=700000",
        "bytes=800000",
    ]


@pytest.mark.parametrize("key", [KEY, "a//b"])
def test_a_body_that_stands_still_for_good_is_unreachable(server: Answering, objects: Objects, key: str) -> None:
    content = bytes(1_000_000)
    still = Event()
    silent = {"sent": 0, "then": lambda: still.wait(10)}
    server.answers = [found(content, **silent), part(content, 0, **silent)]
    begun = time.monotonic()
    try:
        with pytest.raises(StoreUnreachable, match="does not answer"):
            objects.get(BUCKET, key)
    finally:
        still.set()
    assert time.monotonic() - begun < HURRIED.attempts * HURRIED.attempts * (HURRIED.read_s + 1)


# Credentials


def test_no_credentials_are_said_to_be_missing(server: Answering, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in CREDENTIALS:
        monkeypatch.delenv(name)
    objects = S3Objects(region="eu-west-1", endpoint=server.url)
    for act in ACTS.values():
        with pytest.raises(CredentialsUnusable, match="AWS_PROFILE"):
            act(objects)


def test_an_unknown_profile_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(CredentialsUnusable, match="ProfileNotFound"):
        S3Objects().get(BUCKET, KEY)


def test_a_sign_in_that_ran_out_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "config"
    config.write_text(
        "[profile lab]\nsso_start_url=https://lab.invalid\nsso_region=eu-west-1\nsso_account_id=1\nsso_role_name=r\n"
    )
    for name in CREDENTIALS:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_PROFILE", "lab")
    with pytest.raises(CredentialsExpired, match="aws sso login"):
        S3Objects().get(BUCKET, KEY)


# The sentences themselves


@pytest.mark.parametrize(
    "kind", [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, StorageError)]
)
def test_every_error_is_a_sentence_and_travels_between_processes(kind: type[StorageError]) -> None:
    error = kind(BUCKET, key=KEY, detail="the detail")
    assert str(error).endswith(".")
    assert len(str(error)) > 60
    back = pickle.loads(pickle.dumps(error))  # noqa: S301  our own
    assert (type(back), str(back), back.bucket, back.key) == (kind, str(error), BUCKET, KEY)
    assert str(kind())


def test_a_session_may_be_given(server: Answering) -> None:
    session = boto3.Session(aws_access_key_id="GIVEN", aws_secret_access_key="x", region_name="eu-west-1")
    server.answers = [found(b"x")]
    S3Objects(endpoint=server.url, session=session).get(BUCKET, KEY)
    assert server.asked[0].signed_for == ("GIVEN", "eu-west-1")
    assert os.environ["AWS_ACCESS_KEY_ID"] != "GIVEN"
