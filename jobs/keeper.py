"""The thread that keeps a lease alive while other threads work.

Owns: its beat, and its own database connection, which it closes. What is to be done at each beat it is told.
"""

import threading
from collections.abc import Callable

from django.db import connections


class Keeper(threading.Thread):
    """Calls `tick` every `every_s` seconds until stopped."""

    def __init__(self, tick: Callable[[], None], *, every_s: float) -> None:
        super().__init__(name="lease keeper", daemon=True)
        self._tick = tick
        self._every_s = every_s
        self._stopped = threading.Event()

    def run(self) -> None:
        try:
            while not self._stopped.wait(self._every_s):
                self._tick()
        finally:
            connections.close_all()

    def stop(self) -> None:
        """Returns when the thread has ended."""
        self._stopped.set()
        self.join()
