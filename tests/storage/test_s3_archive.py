"""Objects in an archive of S3: told apart when they are read, and asked back."""

from typing import Any

import boto3
import pytest
from botocore.config import Config

from storage.archive import Archived
from storage.errors import AccessDenied, ObjectArchived, RestoreRefused, StoreUnreachable
from storage.objects import Objects
from storage.s3 import S3Objects
from storage.s3_boto import BotoObjects
from tests.storage.answering import Answer, Answering, answering, error, found
from tests.storage.conftest import HURRIED, REGION

BUCKET = "edf-chunks-2002"
KEY = "day3_124402/LTG1_chunk-0.chn"
ARCHIVES = ["GLACIER", "DEEP_ARCHIVE"]


def put(url: str, bucket: str, *, storage_class: str) -> Objects:
    store = S3Objects(region=REGION, endpoint=url)
    store.make_bucket(bucket)
    store.put(bucket, "k", b"content", storage_class=storage_class)
    return store


@pytest.mark.parametrize("kind", [S3Objects, BotoObjects])
@pytest.mark.parametrize("storage_class", ARCHIVES)
def test_reading_an_archived_object_says_so_and_how_to_get_it(
    ministack_url: str, bucket_name: str, kind: type[BotoObjects], storage_class: str
) -> None:
    put(ministack_url, bucket_name, storage_class=storage_class)
    store = kind(region=REGION, endpoint=ministack_url)
    assert store.head(bucket_name, "k").size_bytes == 7
    reads: list[Any] = [
        lambda: store.get(bucket_name, "k"),
        lambda: store.get_range(bucket_name, "k", start=1, length=2),
        lambda: list(store.stream(bucket_name, "k")),
    ]
    for read in reads:
        with pytest.raises(ObjectArchived, match=r"manage\.py restore_objects"):
            read()


@pytest.mark.parametrize("storage_class", ARCHIVES)
def test_a_restore_is_asked_for_once(ministack_url: str, bucket_name: str, storage_class: str) -> None:
    store = put(ministack_url, bucket_name, storage_class=storage_class)
    assert store.archived(bucket_name, "k") == Archived(state="archived", archive=storage_class)
    asked = store.restore(bucket_name, "k", days=3, tier="Standard")
    assert (asked.state, asked.archive) == ("asked", storage_class)
    assert "hours" in asked.takes
    assert store.archived(bucket_name, "k").state == "under way"
    assert store.restore(bucket_name, "k", days=3, tier="Standard").state == "under way"


def test_what_was_restored_can_be_read(moto_url: str, bucket_name: str) -> None:
    store = put(moto_url, bucket_name, storage_class="GLACIER")  # moto restores at once
    assert store.restore(bucket_name, "k", days=3, tier="Bulk").state == "asked"
    assert store.archived(bucket_name, "k").state == "readable"
    assert store.get(bucket_name, "k") == b"content"
    client = boto3.client(
        "s3", region_name=REGION, endpoint_url=moto_url, config=Config(s3={"addressing_style": "path"})
    )
    assert "expiry-date" in client.head_object(Bucket=bucket_name, Key="k")["Restore"]


def test_an_archive_knows_its_own_ways_alone(ministack_url: str, bucket_name: str) -> None:
    store = put(ministack_url, bucket_name, storage_class="DEEP_ARCHIVE")
    with pytest.raises(RestoreRefused, match="no Expedited restore, ask for Standard or Bulk"):
        store.restore(bucket_name, "k", days=3, tier="Expedited")
    assert store.archived(bucket_name, "k").state == "archived"


# What no emulator does


@pytest.fixture
def server() -> Any:
    with answering() as script:
        yield script


def headers(**more: str) -> Answer:
    return Answer(headers={**found().headers, **{f"x-amz-{name.replace('_', '-')}": more[name] for name in more}})


def objects(server: Answering) -> Objects:
    return S3Objects(region=REGION, endpoint=server.url, patience=HURRIED)


@pytest.mark.parametrize(
    ("about", "days"),
    [
        ({"storage_class": "GLACIER"}, b"<Days>3</Days>"),
        ({"storage_class": "INTELLIGENT_TIERING", "archive_status": "ARCHIVE_ACCESS"}, b""),
        ({"storage_class": "INTELLIGENT_TIERING", "archive_status": "DEEP_ARCHIVE_ACCESS"}, b""),
    ],
)
def test_days_are_said_where_a_copy_is_made_and_nowhere_else(
    server: Answering, about: dict[str, str], days: bytes
) -> None:
    server.answers = [headers(**about), Answer(202)]
    assert objects(server).restore(BUCKET, KEY, days=3, tier="Bulk").state == "asked"
    _, asked = server.asked
    assert (asked.method, asked.path.endswith("?restore")) == ("POST", True)
    assert b"<Tier>Bulk</Tier>" in asked.body
    assert days in asked.body
    assert (b"<Days>" in asked.body) == bool(days)


@pytest.mark.parametrize(
    ("code", "status", "state"),
    [("RestoreAlreadyInProgress", 409, "under way"), ("ObjectAlreadyInActiveTierError", 403, "readable")],
)
def test_who_asks_a_moment_later_than_somebody_else_is_content(
    server: Answering, code: str, status: int, state: str
) -> None:
    server.answers = [headers(storage_class="GLACIER"), error(code, status=status)]
    assert objects(server).restore(BUCKET, KEY, days=3, tier="Bulk").state == state


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (error("AccessDenied", status=403), AccessDenied),
        (error("GlacierExpeditedRetrievalNotAvailable", status=503), StoreUnreachable),
    ],
)
def test_a_restore_that_is_refused_says_why(server: Answering, answer: Answer, kind: type[Exception]) -> None:
    server.answers = [headers(storage_class="GLACIER"), answer]
    with pytest.raises(kind):
        objects(server).restore(BUCKET, KEY, days=3, tier="Expedited")


@pytest.mark.parametrize(
    ("about", "state"),
    [
        ({}, "readable"),
        ({"storage_class": "GLACIER_IR"}, "readable"),
        ({"storage_class": "INTELLIGENT_TIERING"}, "readable"),
        ({"storage_class": "GLACIER", "restore": 'ongoing-request="true"'}, "under way"),
        (
            {"storage_class": "GLACIER", "restore": 'ongoing-request="false", expiry-date="soon"'},
            "readable",
        ),
    ],
)
def test_what_s3_says_of_an_object_is_understood(server: Answering, about: dict[str, str], state: str) -> None:
    server.answers = [headers(**about)]
    assert objects(server).archived(BUCKET, KEY).state == state
