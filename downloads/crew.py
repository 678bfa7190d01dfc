"""Several threads that fetch, and the one that feeds and watches them.

Owns: the short queue between them, the count of what was done, and the end: an error of one file is noted by the file's
name and the rest goes on; an error that concerns all, Ctrl-C or a cancel stops every thread at its next piece.
"""

import errno
import queue
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from types import TracebackType
from typing import Self

from downloads.errors import DiskTooFull, FileNotFetched, FolderRefused, Stopped
from downloads.fetch import fetch, is_whole
from downloads.folder import PART, TreeFolder
from downloads.manifest import Entry
from downloads.outcome import Outcome
from jobs.terminal import ProgressBar
from storage.errors import CredentialsExpired, CredentialsUnusable, StorageError, StoreUnreachable
from storage.objects import Objects

THREADS = 8
TICK_S = 0.2
LAST_WORDS_S = 1.5
FAILURES_SAID = 20
SILENCES = 8
_QUEUED_PER_THREAD = 4
_FULL = {errno.ENOSPC, errno.EDQUOT}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}


class Crew:
    """Made for one download; entered by the thread that feeds it."""

    def __init__(
        self,
        *,
        store: Objects,
        folder: TreeFolder,
        bar: ProgressBar,
        on_tick: Callable[[int], None],
        on_fetched: Callable[[int], None],
        threads: int,
    ) -> None:
        self._store, self._folder, self._bar = store, folder, bar
        self._on_tick, self._on_fetched = on_tick, on_fetched
        self._queue: queue.Queue[Entry | None] = queue.Queue(maxsize=_QUEUED_PER_THREAD * threads)
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._fetched, self._kept, self._fetched_bytes, self._done_bytes = 0, 0, 0, 0
        self._failed: list[tuple[str, str]] = []
        self._fatal: BaseException | None = None
        # Failures in a row because the store does not answer, each after retries: at some number it is not the file.
        self._silences = 0
        self._busy_with: dict[int, Entry] = {}
        self._threads = [threading.Thread(target=self._work, name=f"download {n}", daemon=True) for n in range(threads)]
        self._ticked_at = 0.0

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Every thread has ended, or hangs in the network and its half file is gone; the process may end."""
        self._stop.set()
        with suppress(queue.Empty):
            while True:
                self._queue.get_nowait()
        for _ in self._threads:
            self._queue.put(None)
        deadline = time.monotonic() + LAST_WORDS_S
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        for entry in list(self._busy_with.values()):
            place = self._folder.place(entry.path)
            place.with_name(place.name + PART).unlink(missing_ok=True)

    def bring(self, entries: Iterable[Entry]) -> Outcome:
        """Feeds all entries to the threads and waits for the last."""
        for entry in entries:
            self._give(entry)
        for _ in self._threads:
            self._give(None)
        for thread in self._threads:
            while thread.is_alive():
                self._watch()
                thread.join(TICK_S)
        self._watch()
        return Outcome(
            fetched=self._fetched, kept=self._kept, failed=tuple(self._failed), size_bytes=self._fetched_bytes
        )

    def _give(self, entry: Entry | None) -> None:
        while True:
            self._watch()
            with suppress(queue.Full):
                self._queue.put(entry, timeout=TICK_S)
                return

    def _watch(self) -> None:
        if self._fatal is not None:
            raise self._fatal
        if time.monotonic() - self._ticked_at >= TICK_S:
            self._ticked_at = time.monotonic()
            self._on_tick(self._done_bytes)

    def _work(self) -> None:
        while (entry := self._queue.get()) is not None and not self._stop.is_set():
            self._busy_with[threading.get_ident()] = entry
            try:
                self._bring_one(entry)
            except Stopped:
                break
            except (CredentialsExpired, CredentialsUnusable) as error:
                self._fatal = error
            except (FileNotFetched, StorageError) as error:
                self._note_failure(entry, error, reason=str(error))
            except OSError as error:
                self._note_os_error(entry, error)
            except BaseException as error:  # noqa: BLE001 (the thread that watches raises it)
                self._fatal = error
            del self._busy_with[threading.get_ident()]

    def _bring_one(self, entry: Entry) -> None:
        place = self._folder.place(entry.path)
        if is_whole(entry, place=place):
            self._advance(entry.size_bytes)
            with self._lock:
                self._kept += 1
            return
        self._folder.make_room(place)
        fetch(entry, store=self._store, place=place, on_bytes=self._advance, stopped=self._stop.is_set)
        with self._lock:
            self._fetched += 1
            self._fetched_bytes += entry.size_bytes
            self._silences = 0
        self._on_fetched(entry.size_bytes)

    def _advance(self, size_bytes: int) -> None:
        with self._lock:
            self._done_bytes += size_bytes
        self._bar.advance(size_bytes)

    def _note_failure(self, entry: Entry, error: Exception, *, reason: str) -> None:
        with self._lock:
            self._failed.append((entry.path, reason))
            said = len(self._failed)
            if isinstance(error, StoreUnreachable):
                self._silences += 1
                if self._silences >= SILENCES:
                    self._fatal = error
        if said <= FAILURES_SAID:
            self._bar.say(f"{entry.path}: {reason}")
        if said == FAILURES_SAID:
            self._bar.say("Further failures are counted and not said one by one.")

    def _note_os_error(self, entry: Entry, error: OSError) -> None:
        if error.errno in _FULL:
            self._fatal = DiskTooFull(
                f"The disk of {self._folder.directory} ran full. What was fetched is whole and kept: make room and run "
                "the same again."
            )
        elif error.errno in _FORBIDDEN:
            self._fatal = FolderRefused(f"{self._folder.directory} cannot be written: {error.strerror}.")
        else:
            self._note_failure(entry, error, reason=f"it could not be written: {error.strerror}")
