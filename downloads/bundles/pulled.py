"""A stream of bytes as a file that a Django storage pulls: of known size, read once, from its begin to its end.

Owns: how pieces become what `read` and `chunks` give, and what is known of them afterwards: number and SHA-256.
"""

import hashlib
from collections.abc import Iterator

from django.core.files.base import File

from downloads.bundles.errors import NotKept


class PulledFile(File):  # type: ignore[type-arg] # at run time it takes none
    """What it raises while it is read is what the pieces raise; one of another size than announced is `NotKept`."""

    def __init__(self, pieces: Iterator[bytes], *, name: str, size_bytes: int) -> None:
        super().__init__(None, name)
        self._pieces = pieces
        self._announced = size_bytes
        self._rest = memoryview(b"")
        self._hash = hashlib.sha256()
        self.done_bytes = 0

    @property
    def size(self) -> int:
        return self._announced

    @property
    def closed(self) -> bool:
        return False

    @property
    def sha256(self) -> str:
        """Of all that was read so far, in hex."""
        return self._hash.hexdigest()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def __bool__(self) -> bool:
        return True

    def chunks(self, chunk_size: int | None = None) -> Iterator[bytes]:
        """The pieces as they come."""
        del chunk_size
        yield from self._counted()

    def read(self, size: int = -1) -> bytes:
        """So many bytes, fewer at the end alone; without a number, all."""
        wanted = self._announced - self.done_bytes + len(self._rest) if size < 0 else size
        parts, missing = [], wanted
        while missing > 0:
            if not self._rest:
                self._rest = memoryview(next(self._counted(), b""))
                if not self._rest:
                    break
            part = self._rest[:missing]
            self._rest = self._rest[len(part) :]
            missing -= len(part)
            parts.append(part)
        return b"".join(parts)

    def _counted(self) -> Iterator[bytes]:
        for piece in self._pieces:
            self.done_bytes += len(piece)
            self._hash.update(piece)
            if self.done_bytes > self._announced:
                break
            yield piece
        if self.done_bytes != self._announced:
            raise NotKept(
                f"The zip has {self.done_bytes:,} bytes where {self._announced:,} were foretold: this is a fault of "
                "the portal. Tell the administrator."
            )
