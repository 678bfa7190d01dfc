"""The files of a bundle as members of its zip: read from the store as they are taken, and checked on the way.

Owns: what is checked (size, CRC, ETag), and that every fault names the file's path. A file whose CRC nobody knows is
read twice: the zip wants the CRC before the bytes.
"""

import zlib
from collections.abc import Iterable, Iterator

from chunks.format.crc import hex8
from downloads.bundles.errors import FileFailed
from downloads.bundles.zipping import Member
from downloads.manifest import Entry
from storage.errors import ObjectChanged, StorageError
from storage.objects import Objects


def members(entries: Iterable[Entry], *, store: Objects) -> Iterator[Member]:
    """Each file when its turn comes. Raises `FileFailed`, here and in the pieces."""
    for entry in entries:
        crc32 = _crc32_of(entry, store=store) if entry.crc32_file is None else int(entry.crc32_file, 16)
        yield Member(
            path=entry.path,
            size_bytes=entry.size_bytes,
            crc32=crc32,
            pieces=_checked(entry, crc32=crc32, store=store),
        )


def _crc32_of(entry: Entry, *, store: Objects) -> int:
    crc = 0
    for piece in _sized(entry, store=store):
        crc = zlib.crc32(piece, crc)
    return crc


def _checked(entry: Entry, *, crc32: int, store: Objects) -> Iterator[bytes]:
    crc = 0
    for piece in _sized(entry, store=store):
        crc = zlib.crc32(piece, crc)
        yield piece
    if crc != crc32:
        raise FileFailed(
            entry.path,
            f"its object is damaged: its CRC-32 is {hex8(crc)} where its header says {hex8(crc32)}. Ask again; if it "
            "stays so, tell the data manager, who can ingest the recording again.",
        )


def _sized(entry: Entry, *, store: Objects) -> Iterator[bytes]:
    """The object's bytes, surely as many as the manifest says and of the same object."""
    size_bytes = 0
    try:
        for piece in store.stream(entry.bucket, entry.key, if_match=entry.etag or None):
            size_bytes += len(piece)
            if size_bytes > entry.size_bytes:
                break
            yield piece
    except ObjectChanged:
        raise FileFailed(entry.path, "its object was replaced since the bundle was begun. Ask for it again.") from None
    except StorageError as error:
        raise FileFailed(entry.path, str(error)) from error
    if size_bytes != entry.size_bytes:
        found = "more" if size_bytes > entry.size_bytes else f"only {size_bytes:,}"
        raise FileFailed(
            entry.path,
            f"its object has {found} bytes where {entry.size_bytes:,} were listed: it was changed or cut. Ask again; "
            "if it stays so, tell the data manager.",
        )
