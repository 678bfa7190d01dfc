"""The zip of a bundle as a stream of bytes: the same bytes at every attempt, and their number known beforehand.

Owns: the form of the zip: entries stored, each with its CRC and size in its own header, 64-bit sizes throughout, one
fixed date and mode, names in UTF-8, the manifest first. Sources: PKWARE APPNOTE 6.3.10, 4.3.7 (local header), 4.3.12
(central directory), 4.3.14 to 4.3.16 (its end), 4.5.3 (64-bit extra field).
"""

import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from stream_zip import NO_COMPRESSION_64, stream_zip

PIECE_BYTES = 1 << 20
# The first day a zip can name, the same for all: what is in the zip has no real date.
DATED = datetime(1980, 1, 1)
MODE = stat.S_IFREG | 0o644
# Fixed part and 64-bit extra field (4 bytes and two or three numbers of 8): of a local header, of a central one.
_LOCAL_BYTES = 30 + 4 + 2 * 8
_CENTRAL_BYTES = 46 + 4 + 3 * 8
_END_BYTES = 56 + 20 + 22


@dataclass(frozen=True, kw_only=True)
class Member:
    """One file in the zip. `pieces` are read once, when its turn comes; they check themselves."""

    path: str
    size_bytes: int
    crc32: int
    pieces: Iterable[bytes]


def zipped(members: Iterable[Member]) -> Iterator[bytes]:
    """The zip in pieces of 1 MiB, members as they are taken. What their pieces raise goes through."""
    files = (
        (member.path, DATED, MODE, NO_COMPRESSION_64(member.size_bytes, member.crc32), member.pieces)
        for member in members
    )
    return iter(stream_zip(files, chunk_size=PIECE_BYTES, extended_timestamps=False))


def zip_bytes(files: Iterable[tuple[str, int]]) -> int:
    """The exact size of the zip of files of these paths and sizes."""
    return _END_BYTES + sum(entry_bytes(path, size_bytes=size_bytes) for path, size_bytes in files)


def entry_bytes(path: str, *, size_bytes: int) -> int:
    """What one file takes in the zip."""
    return size_bytes + _LOCAL_BYTES + _CENTRAL_BYTES + 2 * len(path.encode())
