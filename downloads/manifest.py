"""The manifest of a download: one row for each file, in the order of the files.

Owns: the columns of `manifest.csv` and how a cell is written and read (UTF-8, a header line, `\\n`). Whatever takes
files out of the store walks these entries: the command line, the zip, Spark.
"""

import csv
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Any

from downloads.errors import NotAManifest
from people.spreadsheet import line, tamed, wild


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One file: where it goes, which object it is, and how to know that it arrived whole.

    `start` and `stop` are de-identified and naive; `channel` and `label` are blank for what belongs to a whole
    recording. A CRC that nobody knows is None: then `size_bytes` and `etag` must do.
    """

    path: str
    bucket: str
    key: str
    etag: str
    patient: str
    recording: str
    channel: int | None
    label: str
    start: datetime
    stop: datetime
    size_bytes: int
    crc32_samples: str | None
    crc32_file: str | None
    sessions: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


_LISTED = re.compile(r"((?:[^;\\]|\\.)*)(?:;|$)", re.DOTALL)
_SEPARATOR = re.compile(r"[\\;]")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def _moment(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds")


def _optional(value: object) -> str:
    return "" if value is None else str(value)


def _listed(items: Iterable[str]) -> str:
    """Items joined by `;`; a `;` or backslash of an item's own gets a backslash."""
    return ";".join(_SEPARATOR.sub(r"\\\g<0>", item) for item in items)


def _unlisted(cell: str) -> tuple[str, ...]:
    return tuple(_ESCAPED.sub(r"\1", found[1]) for found in _LISTED.finditer(cell) if found[1])


@dataclass(frozen=True, kw_only=True)
class _Column:
    name: str
    field: str
    write: Callable[[Any], str]
    read: Callable[[str], Any]


def _column(
    name: str, *, field: str = "", write: Callable[[Any], str] = str, read: Callable[[str], Any] = str
) -> _Column:
    return _Column(name=name, field=field or name, write=write, read=read)


# One table for both ways.
_TABLE = (
    _column("path"),
    _column("bucket"),
    _column("key"),
    _column("etag"),
    _column("patient"),
    _column("recording"),
    _column("channel", write=_optional, read=lambda cell: int(cell) if cell else None),
    _column("label"),
    _column("start", write=_moment, read=datetime.fromisoformat),
    _column("stop", write=_moment, read=datetime.fromisoformat),
    _column("bytes", field="size_bytes", read=int),
    _column("crc32_samples", write=_optional, read=lambda cell: cell or None),
    _column("crc32_file", write=_optional, read=lambda cell: cell or None),
    _column("sessions", write=_listed, read=_unlisted),
    _column("warnings", write=_listed, read=_unlisted),
)
COLUMNS = tuple(column.name for column in _TABLE)


def write_csv(file: IO[str], entries: Iterable[Entry]) -> None:
    """Writes header line and rows to a text file opened with `encoding="utf-8", newline=""`, one entry at a time."""
    for _ in written(file, entries):
        pass


def written(file: IO[str], entries: Iterable[Entry]) -> Iterator[Entry]:
    """Passes the entries on, each after its row was written to `file` (as `write_csv`)."""
    file.write(line(COLUMNS))
    for entry in entries:
        file.write(line(tamed(column.write(getattr(entry, column.field))) for column in _TABLE))
        yield entry


def read_csv(file: Iterable[str]) -> Iterator[Entry]:
    """The entries of a manifest (a text file opened as for `write_csv`, or its lines). Raises `NotAManifest`."""
    reader = csv.reader(file, strict=True)
    try:
        if tuple(next(reader, ())) != COLUMNS:
            raise NotAManifest(f"This is no manifest: its first line is not {','.join(COLUMNS)}.")
        for row in reader:
            yield _entry(row)
    except (csv.Error, ValueError) as error:
        raise NotAManifest(f"Line {reader.line_num} of the manifest cannot be read: {error}.") from error


def _entry(row: list[str]) -> Entry:
    if len(row) != len(_TABLE):
        raise ValueError(f"it has {len(row)} cells, not {len(_TABLE)}")
    return Entry(**{column.field: column.read(wild(cell)) for column, cell in zip(_TABLE, row, strict=True)})
