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

from django.conf import settings
from django.db import connections
from django.db.models import Q

from chunks.document import Document
from chunks.errors import ChunkUnreadable, RecordingUnreadable
from chunks.format import row
from chunks.format.entry import (
    FIRST_LOOK_BYTES,
    ChunkEntry,
    NotARecording,
    RecordingEntry,
    fault_of,
    has_row,
    is_recording,
    read_entry,
    recording_of,
)
from chunks.format.header import LINE_LIMIT_BYTES, Header, LineTooShort, NotAChunk, decode
from chunks.format.keys import CHUNK_SUFFIX, recording_key
from chunks.format.old_recording import settle_statements
from chunks.models import ChunkHeader, Recording, RecordingOverlap, RecordingState
from chunks.review.released_rows import forget_released, index_released
from storage.errors import BucketMissing, ObjectMissing
from storage.objects import ObjectInfo, Objects

ROWS_A_STATEMENT = 400
ROWS_A_REMOVAL = 100
LOOKS = 5


def index_chunks(chunks: Iterable[tuple[Header, bytes, ObjectInfo]]) -> None:
    """Writes the rows of chunks (header, line 1, object) that were just written or read."""
    now = datetime.now(UTC)
    rows = [row.chunk_row(header, line=line, facts=_facts(info), indexed_at=now) for header, line, info in chunks]
    for first in range(0, len(rows), ROWS_A_STATEMENT):
        _upsert(row.CHUNK_TABLE, row.CHUNK_COLUMNS, row.CHUNK_KEY_COLUMNS, rows[first : first + ROWS_A_STATEMENT])


def index_recording(document: Document, *, info: ObjectInfo) -> None:
    """Writes the rows of a recording from its `recording.json`: what it holds twice, and last its own."""
    values = row.recording_row(document, facts=_facts(info), indexed_at=datetime.now(UTC))
    overlaps = tuple(row.overlap_rows(document, bucket=info.bucket))
    _write_recording(RecordingEntry(values=values, recording=document["recording"], overlaps=overlaps))


def _write_recording(found: RecordingEntry) -> None:
    """Each overlap has its place, so that two who write at once write the same."""
    for first in range(0, len(found.overlaps), ROWS_A_STATEMENT):
        part = found.overlaps[first : first + ROWS_A_STATEMENT]
        _upsert(row.OVERLAP_TABLE, row.OVERLAP_COLUMNS, row.OVERLAP_KEY_COLUMNS, part)
    with connections["headers"].cursor() as cursor:
        beyond = [found.values[0], found.recording, len(found.overlaps)]
        cursor.execute(row.overlaps_beyond(dialect=dialect()), beyond)
    _upsert(row.RECORDING_TABLE, row.RECORDING_COLUMNS, row.RECORDING_KEY_COLUMNS, [found.values])


def index_entries(entries: Iterable[ChunkEntry], *, objects: Objects) -> None:
    """Writes the rows of chunks as they were read, of either version; folders of version 1 get a row of their own."""
    read = list(entries)
    for first in range(0, len(read), ROWS_A_STATEMENT):
        part = [each.values for each in read[first : first + ROWS_A_STATEMENT]]
        _upsert(row.CHUNK_TABLE, row.CHUNK_COLUMNS, row.CHUNK_KEY_COLUMNS, part)
    for bucket, recording in sorted({(str(each.values[0]), each.recording) for each in read if each.is_version_1}):
        try:
            index_object(objects, bucket=bucket, key=recording_key(recording))
        except RecordingUnreadable:
            settle_folder(bucket=bucket, recording=recording)


def index_object(objects: Objects, *, bucket: str, key: str) -> None:
    """Makes the row of an object equal to what the store says now; no row where there is no object.

    Raises `ChunkUnreadable` or `RecordingUnreadable` for an object that is not what its key says.
    """
    if not has_row(bucket, key, prefix=settings.BUCKET_PREFIX):
        return
    for _ in range(LOOKS):
        try:
            info = objects.head(bucket, key)
        except (ObjectMissing, BucketMissing):
            forget(bucket=bucket, keys=[key])
            if not _is_there(objects, bucket=bucket, key=key):
                return
            continue
        try:
            found = read_object(objects, info)
            if isinstance(found, RecordingEntry):
                _write_recording(found)
            else:
                index_entries([found], objects=objects)
            if objects.head(bucket, key).etag == info.etag:
                return
        except (ObjectMissing, BucketMissing):
            continue
    raise ChunkUnreadable(f"{key} in {bucket} is being written again and again. Look who writes it.")


def index_all(objects: Objects, *, bucket: str, recording: str) -> None:
    """Makes every row of a recording equal to what the store says now, its own row last."""
    held = [info for info in objects.list(bucket, prefix=f"{recording}/") if info.key.endswith(CHUNK_SUFFIX)]
    for first in range(0, len(held), ROWS_A_STATEMENT):
        part = held[first : first + ROWS_A_STATEMENT]
        index_entries((read_chunk(objects, info) for info in part), objects=objects)
    index_released(objects, bucket=bucket, recording=recording)
    index_object(objects, bucket=bucket, key=recording_key(recording))


def read_object(objects: Objects, info: ObjectInfo) -> ChunkEntry | RecordingEntry:
    """What an object's rows must be, by `chunks.format.entry`, as the Lambda has it.

    Raises `ChunkUnreadable`, `RecordingUnreadable`, `ObjectMissing`, `RangeOutside`.
    """
    try:
        return read_entry(
            lambda length: objects.get_range(info.bucket, info.key, start=0, length=length),
            facts=_facts(info),
            prefix=settings.BUCKET_PREFIX,
            indexed_at=datetime.now(UTC),
        )
    except NotAChunk as error:
        raise ChunkUnreadable(f"{info.key} in {info.bucket} is no chunk: {error}.", reason=fault_of(error)) from error
    except NotARecording as error:
        raise RecordingUnreadable(
            f"{info.key} in {info.bucket} is no recording: {error}.", reason=fault_of(error)
        ) from error


def read_chunk(objects: Objects, info: ObjectInfo) -> ChunkEntry:
    """As `read_object`, for the key of a chunk."""
    found = read_object(objects, info)
    if isinstance(found, RecordingEntry):
        raise ChunkUnreadable(f"{info.key} in {info.bucket} is a recording.json, no chunk.")
    return found


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
    """Removes the rows of objects that are gone; what is left of a folder of version 1 is summed up anew."""
    ChunkHeader.objects.filter(bucket=bucket, object_key__in=keys).delete()
    names = {recording_of(key) for key in keys if is_recording(key)}
    RecordingOverlap.objects.filter(bucket=bucket, recording__in=names).delete()
    forget_released(bucket=bucket, recordings=sorted(names))
    folders = {recording_of(key) for key in keys} - names
    old = Recording.objects.filter(bucket=bucket, name__in=folders, state=RecordingState.VERSION_1)
    for name in sorted(names | set(old.values_list("name", flat=True))):
        settle_folder(bucket=bucket, recording=name)


def settle_folder(*, bucket: str, recording: str) -> None:
    """Makes the row of a folder without a `recording.json`: none, or one that sums up its version 1 chunks."""
    settled = settle_statements(bucket=bucket, recording=recording, indexed_at=datetime.now(UTC), dialect=dialect())
    with connections["headers"].cursor() as cursor:
        for sql, values in settled:
            cursor.execute(sql, values)


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
    sql = row.upsert(table, columns=columns, key_columns=key_columns, rows=len(rows), dialect=dialect())
    with connections["headers"].cursor() as cursor:
        cursor.execute(sql, [value for values in rows for value in values])


def _is_there(objects: Objects, *, bucket: str, key: str) -> bool:
    try:
        objects.head(bucket, key)
    except (ObjectMissing, BucketMissing):
        return False
    return True


def dialect() -> row.Dialect:
    """In which of the two its statements are written."""
    return "mysql" if connections["headers"].vendor == "mysql" else "sqlite"


def _facts(info: ObjectInfo) -> row.ObjectFacts:
    return row.ObjectFacts(bucket=info.bucket, key=info.key, size_bytes=info.size_bytes, etag=info.etag)
