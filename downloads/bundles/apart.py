"""Work with the place of the bundles in a thread of its own, so that a place that falls silent holds nobody up.

Owns: that whoever waits looks up ten times a second. What still hangs in the network after that is left to itself:
it finds nobody who wants what it brings, and what it leaves is a leftover like any other (`downloads.bundles.tidying`).
"""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

TICK_S = 0.1
LAST_WORDS_S = 0.2
T = TypeVar("T")


def apart(work: Callable[[], T], *, look_up: Callable[[], None]) -> T:
    """What `work` returns or raises; or what `look_up`, called ten times a second, raises before that."""
    doing = _Doing(work)
    doing.start()
    try:
        while doing.is_alive():
            look_up()
            doing.join(TICK_S)
    except BaseException:
        doing.join(LAST_WORDS_S)
        raise
    return doing.outcome()


def waited_for(work: Callable[[], object], *, seconds: float) -> None:
    """Does the work, and waits for its end no longer than that; nobody hears how it ended."""
    doing = _Doing(work)
    doing.start()
    doing.join(seconds)


class _Doing(threading.Thread, Generic[T]):
    def __init__(self, work: Callable[[], T]) -> None:
        super().__init__(name="bundle keeper", daemon=True)
        self._work = work
        self._returned: list[T] = []
        self._error: BaseException | None = None

    def run(self) -> None:
        try:
            self._returned.append(self._work())
        except BaseException as error:  # noqa: BLE001 (the thread that waits raises it)
            self._error = error

    def outcome(self) -> T:
        if self._error is not None:
            raise self._error
        return self._returned[0]
