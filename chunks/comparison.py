"""What a bucket's listing and its rows tell of each other: an object without a row, a changed one, a row without one.

Owns: that both are passed side by side in the order of their keys (the bytes of their UTF-8, which is the order of both
databases' binary collation too), a page at a time, so that a million of either need no more memory than a thousand.
What is told is a hint: both go on changing, and where the orders should ever differ an object is looked at for nothing.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from chunks.models import ChunkHeader
from storage.objects import ObjectInfo

ROWS_A_PAGE = 2000


class Kind(Enum):
    MISSING = "missing"
    STALE = "stale"
    ORPHANED = "orphaned"


@dataclass(frozen=True, slots=True)
class Row:
    """Of a chunk's row what tells whether it is that of the object, and whether it was written since."""

    pk: int
    key: str
    etag: str
    indexed_at: datetime


@dataclass(frozen=True, slots=True)
class Difference:
    """`info`: the object, None for an orphan; `row`: None where it is missing."""

    kind: Kind
    info: ObjectInfo | None
    row: Row | None


def rows_of(bucket: str) -> Iterator[Row]:
    """The rows of a bucket's chunks in the order of their keys; one short statement a page, no cursor is kept open."""
    last = ""
    while True:
        page = list(
            ChunkHeader.objects.filter(bucket=bucket, object_key__gt=last)
            .order_by("object_key")
            .values_list("pk", "object_key", "etag", "indexed_at")[:ROWS_A_PAGE]
        )
        for values in page:
            yield Row(*values)
        if len(page) < ROWS_A_PAGE:
            return
        last = page[-1][1]


def differences(objects: Iterable[ObjectInfo], rows: Iterable[Row]) -> Iterator[Difference]:
    """What differs, in the order of keys. An error of the listing rises, and nothing may be concluded from the rest."""
    left = iter(rows)
    row = next(left, None)
    for info in objects:
        place = _place(info.key)
        while row is not None and _place(row.key) < place:
            yield Difference(Kind.ORPHANED, None, row)
            row = next(left, None)
        if row is None or row.key != info.key:
            yield Difference(Kind.MISSING, info, None)
            continue
        if row.etag != info.etag:
            yield Difference(Kind.STALE, info, row)
        row = next(left, None)
    while row is not None:
        yield Difference(Kind.ORPHANED, None, row)
        row = next(left, None)


def _place(key: str) -> bytes:
    return key.encode(errors="surrogatepass")
