"""One file of a download: fetched from the store, checked, and only then given its name.

Owns: when a file that is there counts as whole, and how a new one becomes so: it is written as `<name>.part` in its own
folder, its CRC taken on the way, and renamed when size and CRC are right. A `.part` that a killed run left is never
continued but begun again: the file is the unit of resuming. Nothing is forced to the disk (fsync): what a power cut
loses, the next run finds by its CRC.
"""

import hashlib
import os
import zlib
from collections.abc import Callable
from pathlib import Path

from chunks.format.crc import hex8
from downloads.errors import FileNotFetched, ObjectDamaged, Stopped
from downloads.folder import PART
from downloads.manifest import Entry
from storage.objects import Objects

READ_BYTES = 1 << 20
_MD5_DIGITS = 32


def is_whole(entry: Entry, *, place: Path) -> bool:
    """Whether the file is there, of the right size and CRC. The store is not asked.

    Where no CRC is known, the ETag is compared where it is an MD5 (as S3 gives for what was put in one piece); a file
    that cannot be checked so does not count as whole.
    """
    if place.is_symlink() or not place.is_file() or place.stat().st_size != entry.size_bytes:
        return False
    if entry.crc32_file is not None:
        return _crc32_of(place) == entry.crc32_file
    return len(entry.etag) == _MD5_DIGITS and _md5_of(place) == entry.etag


def fetch(
    entry: Entry, *, store: Objects, place: Path, on_bytes: Callable[[int], None], stopped: Callable[[], bool]
) -> None:
    """Fetches the object into `place`, whose folder exists; `on_bytes` is told of each piece that came.

    Under the name there is nothing or the whole file, never another: what stood there is removed first. Raises
    `FileNotFetched` (of it `ObjectDamaged`), `Stopped` once `stopped()` says so, errors of `storage` and `OSError`;
    the pieces told are then taken back.
    """
    part = place.with_name(place.name + PART)
    told_bytes = 0

    def tell(size_bytes: int) -> None:
        nonlocal told_bytes
        told_bytes += size_bytes
        on_bytes(size_bytes)

    try:
        place.unlink(missing_ok=True)
        _write(entry, store=store, part=part, on_bytes=tell, stopped=stopped)
        part.rename(place)
    except BaseException:
        part.unlink(missing_ok=True)
        on_bytes(-told_bytes)
        raise


def _write(
    entry: Entry, *, store: Objects, part: Path, on_bytes: Callable[[int], None], stopped: Callable[[], bool]
) -> None:
    crc, size_bytes = 0, 0
    with open(part, "xb", opener=_not_through_links) as file:
        for piece in store.stream(entry.bucket, entry.key, if_match=entry.etag or None):
            if stopped():
                raise Stopped(f"{entry.path} was not fetched: the download was stopped.")
            size_bytes += len(piece)
            if size_bytes > entry.size_bytes:
                break
            crc = zlib.crc32(piece, crc)
            file.write(piece)
            on_bytes(len(piece))
    if size_bytes != entry.size_bytes:
        found = "more" if size_bytes > entry.size_bytes else f"only {size_bytes}"
        raise FileNotFetched(
            f"its object has {found} bytes where {entry.size_bytes} were listed: it was changed or cut. "
            "Run the download again; if it stays so, run `manage.py reindex`."
        )
    if entry.crc32_file is not None and hex8(crc) != entry.crc32_file:
        raise ObjectDamaged(
            f"its object is damaged: its CRC-32 is {hex8(crc)} where its header says {entry.crc32_file}. "
            "Run the download again; if it stays so, ingest the recording again."
        )


def _not_through_links(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW, 0o666)


def _crc32_of(place: Path) -> str:
    crc = 0
    with place.open("rb", buffering=0) as file:
        while piece := file.read(READ_BYTES):
            crc = zlib.crc32(piece, crc)
    return hex8(crc)


def _md5_of(place: Path) -> str:
    with place.open("rb", buffering=0) as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
