"""Makes the rows of what was seen: a handful of statements for a whole batch, whatever is in it.

Owns: their order in the transaction. Every statement and value is of `chunks.format`. Rows go in the order of their
keys, so that functions at work at once rarely hold each other up.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Protocol

from chunks.format import entry, row
from chunks.format.entry import ChunkEntry, RecordingEntry
from chunks.format.old_recording import STATE, settle_statements
from lambdas.chunk_headers.look import Seen

DIALECT: row.Dialect = "mysql"
# A statement that is longer is made two: a server refuses one of 16 MB (its max_allowed_packet) with the connection.
STATEMENT_CHARACTERS = 1_000_000
Folder = tuple[str, str]


class Cursor(Protocol):
    """What is asked of a cursor of the database's driver."""

    def execute(self, query: str, args: Sequence[row.Value] = ...) -> object: ...

    def fetchall(self) -> Sequence[tuple[str, ...]]: ...


def write(cursor: Cursor, seen: Sequence[Seen], *, messages: Iterable[tuple[str, str]], now: datetime) -> None:
    """Writes the rows of each look, removes those of what is gone, and notes the faults.

    `messages` are (id, why) of those that were no events. One look a key.
    """
    chunks = [each.entry for each in seen if isinstance(each.entry, ChunkEntry)]
    _upsert(cursor, row.CHUNK_TABLE, row.CHUNK_COLUMNS, row.CHUNK_KEY_COLUMNS, [each.values for each in chunks])
    _write_recordings(cursor, [each.entry for each in seen if isinstance(each.entry, RecordingEntry)])
    gone = [each for each in seen if each.entry is None and not each.keeps_rows]
    folders = _remove(cursor, gone)
    # A folder whose recording.json was read in the same batch has its row from there.
    read = {(each.hint.bucket, each.entry.recording) for each in seen if isinstance(each.entry, RecordingEntry)}
    withdrawn = {each.hint.bucket for each in gone if each.withdrawn}
    for bucket, recording in sorted(folders - read):
        if bucket in withdrawn:
            cursor.execute(
                f"DELETE FROM `{row.RECORDING_TABLE}` WHERE `bucket` = %s AND `name` = %s",  # noqa: S608
                [bucket, recording],
            )
            continue
        settled = settle_statements(bucket=bucket, recording=recording, indexed_at=now, dialect=DIALECT)
        for sql, values in settled:
            cursor.execute(sql, values)
    _note(cursor, seen, messages=messages, now=now)


def _write_recordings(cursor: Cursor, recordings: Sequence[RecordingEntry]) -> None:
    """Rows of what they hold twice first: the recordings' own rows are last, as an ingest has it."""
    overlaps = [values for each in recordings for values in each.overlaps]
    _upsert(cursor, row.OVERLAP_TABLE, row.OVERLAP_COLUMNS, row.OVERLAP_KEY_COLUMNS, overlaps)
    for each in recordings:
        cursor.execute(row.overlaps_beyond(dialect=DIALECT), [each.values[0], each.recording, len(each.overlaps)])
    rows = [each.values for each in recordings]
    _upsert(cursor, row.RECORDING_TABLE, row.RECORDING_COLUMNS, row.RECORDING_KEY_COLUMNS, rows)


def _remove(cursor: Cursor, gone: Sequence[Seen]) -> set[Folder]:
    """Removes the rows of chunks that are gone; gives the folders whose recording's row is to be made anew."""
    folders = set()
    for bucket, keys in _by_bucket(gone).items():
        recordings = [entry.recording_of(key) for key in keys if entry.is_recording(key)]
        chunks = [key for key in keys if not entry.is_recording(key)]
        folders |= {(bucket, recording) for recording in recordings}
        for recording in recordings:
            cursor.execute(row.overlaps_beyond(dialect=DIALECT), [bucket, recording, 0])
        if chunks:
            cursor.execute(
                f"DELETE FROM `{row.CHUNK_TABLE}` WHERE `bucket` = %s AND `objectKey` IN ({_places(chunks)})",  # noqa: S608
                [bucket, *chunks],
            )
            names = sorted({entry.recording_of(key) for key in chunks})
            cursor.execute(
                f"SELECT `name` FROM `{row.RECORDING_TABLE}` WHERE `bucket` = %s AND `state` = %s "  # noqa: S608
                f"AND `name` IN ({_places(names)})",
                [bucket, STATE, *names],
            )
            folders |= {(bucket, name) for (name,) in cursor.fetchall()}
    return folders


def _note(cursor: Cursor, seen: Sequence[Seen], *, messages: Iterable[tuple[str, str]], now: datetime) -> None:
    """Notes the faults, and forgets those of objects that are readable, or gone, by now."""
    faults = [row.fault_row(bucket="", key=identity, etag="", reason=why, seen_at=now) for identity, why in messages]
    for each in seen:
        if each.fault:
            place, etag = each.hint, each.etag or ""
            faults.append(row.fault_row(bucket=place.bucket, key=place.key, etag=etag, reason=each.fault, seen_at=now))
    if faults:
        faults.sort(key=lambda values: (str(values[0]), str(values[1])))
        cursor.execute(
            row.fault_upsert(rows=len(faults), dialect=DIALECT), [value for each in faults for value in each]
        )
    for bucket, keys in _by_bucket(each for each in seen if not each.fault).items():
        noted = [row.fault_key(key) for key in keys]
        cursor.execute(
            f"DELETE FROM `{row.FAULT_TABLE}` WHERE `bucket` = %s AND `objectKey` IN ({_places(noted)})",  # noqa: S608
            [bucket, *noted],
        )


def _upsert(
    cursor: Cursor, table: str, columns: Sequence[str], key_columns: Sequence[str], rows: list[tuple[row.Value, ...]]
) -> None:
    rows.sort(key=lambda values: [str(value) for value in values[: len(key_columns)]])
    for part in _parts(rows):
        sql = row.upsert(table, columns=columns, key_columns=key_columns, rows=len(part), dialect=DIALECT)
        cursor.execute(sql, [value for values in part for value in values])


def _parts(rows: Iterable[tuple[row.Value, ...]]) -> Iterator[list[tuple[row.Value, ...]]]:
    """All rows together, unless they are longer than one statement may be."""
    part: list[tuple[row.Value, ...]] = []
    characters = 0
    for values in rows:
        long = sum(len(str(value)) for value in values)
        if part and characters + long > STATEMENT_CHARACTERS:
            yield part
            part, characters = [], 0
        part.append(values)
        characters += long
    if part:
        yield part


def _by_bucket(seen: Iterable[Seen]) -> dict[str, list[str]]:
    keys = defaultdict(list)
    for each in seen:
        keys[each.hint.bucket].append(each.hint.key)
    return {bucket: sorted(names) for bucket, names in sorted(keys.items())}


def _places(values: Sequence[object]) -> str:
    return ", ".join(["%s"] * len(values))
