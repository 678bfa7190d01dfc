"""Writes the rows of the headers database, and makes them equal to what the store says now.

Owns: every write to `chunk_header`, `recording` and `recording_overlap`. The values and the statement come from
`chunks.format.row`, so that whoever indexes writes the same row. An event, a repeated ingest or a repair is only a hint
that an object changed: the object is looked at, its row made equal, and the object looked at once more.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import reduce
from itertools import islice
from operator import or_

from django.db import connections
from django.db.models import Q

from chunks.document import Document, read_document
from chunks.errors import ChunkUnreadable
from chunks.format import row
from chunks.format.header import LINE_LIMIT_BYTES, Header, LineTooShort, NotAChunk, decode
from chunks.format.keys import CHUNK_SUFFIX, RECORDING_OBJECT, recording_key
from chunks.models import ChunkHeader, Recording, RecordingOverlap
from storage.errors import BucketMissing, ObjectMissing
from storage.objects import ObjectInfo, Objects

ROWS_A_STATEMENT = 400
ROWS_A_REMOVAL = 100
FIRST_LOOK_BYTES = 4096
LOOKS = 5


def index_chunks(chunks: Iterable[tuple[Header, bytes, ObjectInfo]]) -> None:
    """Writes the rows of chunks (header, line 1, object) that were just written or read."""
    now = datetime.now(UTC)
    rows = [row.chunk_row(header, line=line, facts=_facts(info), indexed_at=now) for header, line, info in chunks]
    for first in range(0, len(rows), ROWS_A_STATEMENT):
        _upsert(row.CHUNK_TABLE, row.CHUNK_COLUMNS, row.CHUNK_KEY_COLUMNS, rows[first : first + ROWS_A_STATEMENT])


def index_recording(document: Document, *, info: ObjectInfo) -> None:
    """Writes the rows of a recording from its `recording.json`: what it holds twice, and last its own."""
    _make_overlaps(document, bucket=info.bucket)
    values = row.recording_row(document, facts=_facts(info), indexed_at=datetime.now(UTC))
    _upsert(row.RECORDING_TABLE, row.RECORDING_COLUMNS, row.RECORDING_KEY_COLUMNS, [values])


def _make_overlaps(document: Document, *, bucket: str) -> None:
    """Makes these rows those of the document. Each has its place, so that two who write at once write the same."""
    values = row.overlap_rows(document, bucket=bucket)
    for first in range(0, len(values), ROWS_A_STATEMENT):
        part = values[first : first + ROWS_A_STATEMENT]
        _upsert(row.OVERLAP_TABLE, row.OVERLAP_COLUMNS, row.OVERLAP_KEY_COLUMNS, part)
    with connections["headers"].cursor() as cursor:
        cursor.execute(row.overlaps_beyond(dialect=_dialect()), [bucket, document["recording"], len(values)])


def index_object(objects: Objects, *, bucket: str, key: str) -> None:
    """Makes the row of an object equal to what the store says now; no row where there is no object.

    Raises `ChunkUnreadable` or `RecordingUnreadable` for an object that is not what its key says.
    """
    for _ in range(LOOKS):
        try:
            info = objects.head(bucket, key)
            if key.endswith(f"/{RECORDING_OBJECT}"):
                index_recording(read_document(objects, bucket=bucket, recording=key.rpartition("/")[0]), info=info)
            elif key.endswith(CHUNK_SUFFIX):
                index_chunks([(*read_line(objects, bucket=bucket, key=key), info)])
            if objects.head(bucket, key).etag == info.etag:
                return
        except (ObjectMissing, BucketMissing):
            forget(bucket=bucket, keys=[key])
            return
    raise ChunkUnreadable(f"{key} in {bucket} is being written again and again. Look who writes it.")


def index_all(objects: Objects, *, bucket: str, recording: str) -> None:
    """Makes every row of a recording equal to what the store says now, its own row last."""
    held = [info for info in objects.list(bucket, prefix=f"{recording}/") if info.key.endswith(CHUNK_SUFFIX)]
    for first in range(0, len(held), ROWS_A_STATEMENT):
        part = held[first : first + ROWS_A_STATEMENT]
        index_chunks((*read_line(objects, bucket=bucket, key=info.key), info) for info in part)
    index_object(objects, bucket=bucket, key=recording_key(recording))


def read_line(objects: Objects, *, bucket: str, key: str) -> tuple[Header, bytes]:
    """The header of a chunk and its line 1, by a ranged read. Raises `ChunkUnreadable`, `ObjectMissing`."""
    try:
        beginning = objects.get_range(bucket, key, start=0, length=FIRST_LOOK_BYTES)
        try:
            header, length = decode(beginning)
        except LineTooShort:
            beginning = objects.get_range(bucket, key, start=0, length=LINE_LIMIT_BYTES)
            header, length = decode(beginning)
    except NotAChunk as error:
        raise ChunkUnreadable(f"{key} in {bucket} is no chunk: {error}.") from error
    return header, beginning[:length]


def forget(*, bucket: str, keys: Sequence[str]) -> None:
    """Removes the rows of objects that are gone."""
    ChunkHeader.objects.filter(bucket=bucket, object_key__in=keys).delete()
    names = [key.rpartition("/")[0] for key in keys if key.endswith(f"/{RECORDING_OBJECT}")]
    Recording.objects.filter(bucket=bucket, name__in=names).delete()
    RecordingOverlap.objects.filter(bucket=bucket, recording__in=names).delete()


def remove_seen(rows: Iterable[tuple[int, datetime]]) -> int:
    """Removes rows of chunks by their number, unless they were written again since that `indexed_at`; how many.

    Between a look at an object and this somebody may have put it again, with a row of its own.
    """
    removed = 0
    left = iter(rows)
    while some := list(islice(left, ROWS_A_REMOVAL)):
        seen = reduce(or_, (Q(pk=pk, indexed_at=moment) for pk, moment in some))
        removed += ChunkHeader.objects.filter(seen).delete()[0]
    return removed


def remove_bucket(bucket: str) -> int:
    """Removes every row of a bucket; how many."""
    removed = 0
    chunks = ChunkHeader.objects.filter(bucket=bucket)
    while some := list(chunks.order_by("object_key").values_list("pk", flat=True)[:ROWS_A_STATEMENT]):
        removed += ChunkHeader.objects.filter(pk__in=some).delete()[0]
    names = list(Recording.objects.filter(bucket=bucket).values_list("name", flat=True))
    forget(bucket=bucket, keys=[recording_key(name) for name in names])
    return removed + len(names)


def _upsert(
    table: str, columns: Sequence[str], key_columns: Sequence[str], rows: Sequence[tuple[row.Value, ...]]
) -> None:
    sql = row.upsert(table, columns=columns, key_columns=key_columns, rows=len(rows), dialect=_dialect())
    with connections["headers"].cursor() as cursor:
        cursor.execute(sql, [value for values in rows for value in values])


def _dialect() -> row.Dialect:
    return "mysql" if connections["headers"].vendor == "mysql" else "sqlite"


def _facts(info: ObjectInfo) -> row.ObjectFacts:
    return row.ObjectFacts(bucket=info.bucket, key=info.key, size_bytes=info.size_bytes, etag=info.etag)
