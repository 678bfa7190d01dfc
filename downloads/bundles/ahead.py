"""Reads ahead in a thread of its own, so that who pulls the bytes is never held up for long by who delivers them.

Owns: the thread and the short queue between the two. However long the source is silent, whoever takes from the queue
looks up several times a second; what the source raises, the taker raises.
"""

import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress

from django.db import connections

PIECES_AHEAD = 8
TICK_S = 0.2
LAST_WORDS_S = 0.3
_END = b""


@contextmanager
def read_ahead(source: Iterable[bytes], *, look_up: Callable[[], None]) -> Iterator[Iterator[bytes]]:
    """The pieces of `source`, which another thread reads at most eight pieces ahead; no piece may be empty.

    `look_up` is called before each piece and five times a second while there is none; what it raises ends the reading.
    At its end the thread has ended, or hangs in the network and will find nobody who wants its pieces.
    """
    reader = _Reader(source)
    reader.start()
    try:
        yield reader.pieces(look_up)
    finally:
        reader.stop()


class _Reader(threading.Thread):
    def __init__(self, source: Iterable[bytes]) -> None:
        super().__init__(name="bundle reader", daemon=True)
        self._source = source
        self._queue: queue.Queue[bytes] = queue.Queue(maxsize=PIECES_AHEAD)
        self._stopped = threading.Event()
        self._error: BaseException | None = None

    def run(self) -> None:
        try:
            for piece in self._source:
                if not self._put(piece):
                    return
        except BaseException as error:  # noqa: BLE001 (the thread that takes the pieces raises it)
            self._error = error
        finally:
            self._put(_END)
            connections.close_all()

    def pieces(self, look_up: Callable[[], None]) -> Iterator[bytes]:
        while not self._stopped.is_set():
            look_up()
            with suppress(queue.Empty):
                piece = self._queue.get(timeout=TICK_S)
                if piece == _END:
                    break
                yield piece
        if self._error is not None:
            raise self._error

    def stop(self) -> None:
        self._stopped.set()
        self.join(LAST_WORDS_S)

    def _put(self, piece: bytes) -> bool:
        """Waits for room; False where nobody wants the piece any more."""
        while not self._stopped.is_set():
            with suppress(queue.Full):
                self._queue.put(piece, timeout=TICK_S)
                return True
        return False
