"""Bodies on their way to a client: of the manifest, and of one file.

Owns: that everything is let go of when a body ends, whether it was sent whole, the client hung up (also before the
first byte), or reading failed; and that the bytes of files are counted as they go. Bytes count when the server took
them; the last piece counts before it goes, so that a client that has the whole file and says so finds it counted.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

from downloads.client.errors import DownloadOver, FileCut

COUNT_EVERY_S = 1.0


class HeldBody(Iterator[bytes]):
    """Pieces, and what ends with them. Closed once."""

    def __init__(self, pieces: Iterator[bytes], *, held: ExitStack) -> None:
        self._pieces, self._held = pieces, held

    def __next__(self) -> bytes:
        return next(self._pieces)

    def close(self) -> None:
        self._held.close()


class FileBody(HeldBody):
    """`size_bytes` bytes of the pieces. `count` is told how many more went, and says whether to go on."""

    def __init__(
        self, pieces: Iterator[bytes], *, size_bytes: int, count: Callable[[int], bool], held: ExitStack
    ) -> None:
        super().__init__(pieces, held=held)
        self._left_bytes, self._count = size_bytes, count
        self._uncounted = self._on_its_way = 0
        self._counted_at = time.monotonic()

    def __next__(self) -> bytes:
        self._uncounted, self._on_its_way = self._uncounted + self._on_its_way, 0
        if not self._left_bytes:
            raise StopIteration
        piece = next(self._pieces, b"")[: self._left_bytes]
        if not piece:
            raise FileCut("The object ended before its size. Ask again.")
        self._left_bytes -= len(piece)
        if not self._left_bytes:
            self._uncounted += len(piece)
            self._tell_and_go_on()
            return piece
        self._on_its_way = len(piece)
        if time.monotonic() - self._counted_at >= COUNT_EVERY_S:
            self._tell_and_go_on()
        return piece

    def close(self) -> None:
        try:
            if self._uncounted:
                self._tell()
        finally:
            super().close()

    def _tell_and_go_on(self) -> None:
        if not self._tell():
            raise DownloadOver("This download has ended meanwhile.")

    def _tell(self) -> bool:
        size_bytes, self._uncounted = self._uncounted, 0
        self._counted_at = time.monotonic()
        return self._count(size_bytes)
