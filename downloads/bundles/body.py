"""The bytes of a bundle on their way to a browser.

Owns: that what is counted was taken by the server, and that everything is let go of when the body ends, whether it was
sent whole, the client hung up (also before the first byte), or reading failed.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import IO

from downloads.bundles.errors import NotKept
from downloads.bundles.ranges import Span
from people.audit import OpenAct, Outcome

PIECE_BYTES = 256 * 1024


class Body(Iterator[bytes]):
    """The pieces of `span` of an open file. Closed once; `held` is what else ends with it, the audit's act too."""

    def __init__(self, file: IO[bytes], *, span: Span, act: OpenAct, held: ExitStack) -> None:
        file.seek(span.start)
        self._file = file
        self._left_bytes = span.size_bytes
        self._act = act
        self._held = held
        self._on_its_way = 0
        self._closed = self._broken = False

    def __next__(self) -> bytes:
        self._count()
        if not self._left_bytes:
            raise StopIteration
        try:
            piece = self._file.read(min(PIECE_BYTES, self._left_bytes))
        except OSError as error:
            raise self._failed("it could not be read to its end") from error
        if not piece:
            raise self._failed("it is shorter than it was when it was made")
        self._left_bytes -= len(piece)
        self._on_its_way = len(piece)
        return piece

    def close(self) -> None:
        """Whoever closes before the end has hung up."""
        if self._closed:
            return
        self._closed = True
        if (self._left_bytes or self._on_its_way) and not self._broken:
            self._act.ends_as(Outcome.CANCELLED, reason="the client went away before the end")
        self._held.close()

    def _failed(self, why: str) -> NotKept:
        self._broken = True
        self._act.ends_as(Outcome.FAILED, reason=f"NotKept: {why}")
        return NotKept(f"The bundle was not sent whole: {why}. Ask for it again.")

    def _count(self) -> None:
        """Who asks for the next piece has sent the one before."""
        self._act.add_bytes(self._on_its_way)
        self._on_its_way = 0
