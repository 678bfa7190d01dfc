"""Two writers, one truth: what the function writes is what the portal writes, read back by the portal's own models."""

import json
import random
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connections, models
from pytest_django import Settings

from chunks import faults, index
from chunks.errors import ObjectUnfit
from chunks.headers_db.mysql.base import DatabaseWrapper as MySQLHeaders
from chunks.models import ChunkHeader, IndexFault, Recording, RecordingOverlap
from lambdas.chunk_headers.database import Database
from lambdas.chunk_headers.indexer import Indexer
from lambdas.chunk_headers.place import Place
from lambdas.events import messages
from storage.objects import ObjectInfo
from storage.s3_boto import BotoObjects
from tests.chunks.headers_db.conftest import in_place_of_headers, mysql_headers  # noqa: F401
from tests.lambdas.chunk_headers.conftest import Rows
from tests.lambdas.chunk_headers.made import old_chunk, put_chunk, put_document, put_old
from tests.lambdas.sqs import batch, hints, message, record
from tests.mariadb import MariaDB

pytestmark = pytest.mark.database(transaction=True)
MODELS = (ChunkHeader, Recording, RecordingOverlap, IndexFault)
OF_THE_MOMENT = {"id", "indexed_at", "first_seen", "last_seen", "times"}
Call = Callable[..., Sequence[str]]
Read = Callable[[str], Rows]


@pytest.fixture
def orm(
    server: MariaDB,
    mysql_headers: Callable[..., MySQLHeaders],  # noqa: F811
    in_place_of_headers: Callable[[Any], None],  # noqa: F811
    settings: Settings,
    place: Place,
    rows: Read,
) -> Iterator[None]:
    """The portal's models on the function's database."""
    settings.BUCKET_PREFIX = place.bucket_prefix
    in_place_of_headers(mysql_headers(server.port))
    yield
    connections["headers"].close()


def held(model: type[models.Model]) -> list[dict[str, Any]]:
    """Every row through the ORM, but for its number and the moments."""
    return [
        {name: value for name, value in row.items() if name not in OF_THE_MOMENT}
        for row in sorted(model.objects.values(), key=lambda row: [str(value) for value in row.values()][1:4])
    ]


def everything(store: BotoObjects, bucket: str) -> list[str]:
    """Keys of every kind there is."""
    twice = {
        "earlier": "day3_130000",
        "start": "2002-01-03T14:05:00",
        "stop": "2002-01-03T14:06:00.000001",
        "channels": ["ltg1", "é"],
        "verdict": "same",
        "shift_us": -5,
        "contained": "",
        "settled": {"how": "keep"},
    }
    made = [put_chunk(store, bucket, label=label, number=number) for label in ("LTG1", "é+'") for number in range(3)]
    made += [put_document(store, bucket, overlaps=[twice], warnings=[{"message": "µ 'é' \\ \" %s"}])]
    made += [put_old(store, bucket), put_old(store, bucket, name="C3/A2_chunk-2", sigLabel="C3/A2", chunk=2)]
    for key, content in {
        "day3_140500/bad_chunk-0.chn": b"no chunk",
        "day4_000000/recording.json": b"{}",
        "Jane/EDF Annotations_chunk-0.chn": old_chunk(sigLabel="EDF Annotations"),
    }.items():
        store.put(bucket, key, content)
        made.append(key)
    return made


def by_the_portal(store: BotoObjects, bucket: str, key: str) -> None:
    try:
        index.index_object(store, bucket=bucket, key=key)
    except ObjectUnfit as error:
        info: ObjectInfo = store.head(bucket, key)
        faults.note(info, reason=faults.reason_of(error))


def test_the_function_and_the_portal_write_the_same_rows(
    orm: None, call: Call, store: BotoObjects, bucket: str
) -> None:
    made = everything(store, bucket)
    assert call(hints(bucket, *made)) == []
    by_function = {model: held(model) for model in MODELS}
    assert [len(rows) for rows in by_function.values()] == [8, 2, 1, 3]
    for model in MODELS:
        model.objects.all().delete()
    for key in made:
        by_the_portal(store, bucket, key)
    assert {model: held(model) for model in MODELS} == by_function


def test_each_removes_what_the_other_wrote(orm: None, call: Call, store: BotoObjects, bucket: str) -> None:
    made = everything(store, bucket)
    for key in made:
        by_the_portal(store, bucket, key)
    for info in list(store.list(bucket)):
        store.delete(bucket, info.key)
    assert call(hints(bucket, *made)) == []
    assert [held(model) for model in MODELS] == [[], [], [], []]


def test_four_functions_at_once_end_as_one_would(orm: None, place: Place, store: BotoObjects, bucket: str) -> None:
    """As many as the template lets run: the same keys again and again, in every order, new and old chunks mixed."""
    made = everything(store, bucket)
    made += [put_old(store, bucket, name=f"x{number}_chunk-0", chunk=0) for number in range(20)]

    def serve(seed: int) -> int:
        order = random.Random(seed)
        database = Database(place)
        indexer = Indexer(
            objects=store,
            database=database,
            bucket_prefix=place.bucket_prefix,
            sessions_bucket=place.sessions_bucket,
        )
        returned = 0
        for _ in range(4):
            keys = order.sample(made, len(made))
            todo = [messages(batch([message(str(n), record(bucket, key))]))[0] for n, key in enumerate(keys)]
            for first in range(0, len(todo), 10):
                part = todo[first : first + 10]
                while failed := set(indexer.serve(part, until=float("inf"))):
                    returned += len(failed)
                    part = [each for each in part if each.id in failed]
        database.close()
        return returned

    with ThreadPoolExecutor(4) as pool:
        returned = sum(pool.map(serve, range(4)))
    assert returned < 200
    [old] = Recording.objects.filter(state="version 1")
    assert (old.name, old.chunks_expected) == ("John_Doe", 22)
    assert ChunkHeader.objects.count() == 28
    for info in list(store.list(bucket)):
        store.delete(bucket, info.key)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(serve, range(4)))
    assert [held(model) for model in MODELS] == [[], [], [], []]


def test_the_header_alone_is_read_growing_once(
    call: Call, rows: Read, store: BotoObjects, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, int]] = []
    get_range = BotoObjects.get_range

    def noted(self: BotoObjects, bucket: str, key: str, *, start: int, length: int) -> bytes:
        asked.append((key.partition("_chunk")[0][-1], length))
        return get_range(self, bucket, key, start=start, length=length)

    monkeypatch.setattr(BotoObjects, "get_range", noted)
    monkeypatch.setattr(BotoObjects, "get", lambda *_: pytest.fail("read whole"))
    wide = old_chunk(samples=bytes(2_000_000), sigLabel="b", read_instruct="x" * 5_000)
    store.put(bucket, "John_Doe/b_chunk-0.chn", wide)
    store.put(bucket, "John_Doe/a_chunk-0.chn", old_chunk(samples=bytes(2_000_000)))
    assert call(hints(bucket, "John_Doe/a_chunk-0.chn", "John_Doe/b_chunk-0.chn")) == []
    assert sorted(asked) == [("a", 4096), ("b", 4096), ("b", 65_536)]
    assert [row["samples"] for row in rows("chunk_header")] == [1_000_000, 1_000_000]


def test_a_long_document_is_read(call: Call, rows: Read, store: BotoObjects, bucket: str) -> None:
    channels = [{"number": number, "label": f"L{number}", "more": "x" * 2_000} for number in range(1, 300)]
    call(hints(bucket, put_document(store, bucket, channels=channels)))
    assert len(json.loads(rows("recording")[0]["channels"])) == 299
