"""Files of a selection that lie in an archive of the store: counted, or asked back.

Owns: that each file is asked for once, however many there are, and that one which cannot be had is a line, not the end.
"""

import itertools
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from downloads.manifest import Entry
from storage.archive import Archived, Tier
from storage.errors import CredentialsExpired, CredentialsUnusable, StorageError, StoreUnreachable
from storage.objects import Objects

THREADS = 16  # each waits for answers, hardly anything is sent
_AT_ONCE = 64 * THREADS
OF_ALL = (CredentialsExpired, CredentialsUnusable, StoreUnreachable)


@dataclass(kw_only=True)
class Restores:
    """What came of it: files by state, bytes that are not readable yet, and (path, reason) of those that failed."""

    files: Counter[str] = field(default_factory=Counter)
    archived_bytes: int = 0
    archives: set[str] = field(default_factory=set)
    takes: set[str] = field(default_factory=set)  # how long S3 says it takes
    failed: list[tuple[str, str]] = field(default_factory=list)

    @property
    def archived(self) -> int:
        return sum(self.files.values()) - self.files["readable"]


def count_archived(entries: Iterable[Entry], *, store: Objects, on_done: Callable[[int], None]) -> Restores:
    """How the files lie; nothing is asked for. `on_done` is told how many more were looked at."""
    return _each(entries, lambda entry: store.archived(entry.bucket, entry.key), on_done=on_done)


def restore(
    entries: Iterable[Entry], *, store: Objects, days: int, tier: Tier, on_done: Callable[[int], None]
) -> Restores:
    """Asks for every file that lies in an archive and is not on its way. Raises errors that concern all files."""
    return _each(entries, lambda entry: store.restore(entry.bucket, entry.key, days=days, tier=tier), on_done=on_done)


def _each(entries: Iterable[Entry], ask: Callable[[Entry], Archived], *, on_done: Callable[[int], None]) -> Restores:
    def one(entry: Entry) -> tuple[Entry, Archived | StorageError]:
        try:
            return entry, ask(entry)
        except OF_ALL:
            raise
        except StorageError as error:
            return entry, error

    result, waiting = Restores(), iter(entries)
    with ThreadPoolExecutor(THREADS) as pool:
        while some := list(itertools.islice(waiting, _AT_ONCE)):
            for entry, answer in pool.map(one, some):
                _note(result, entry, answer)
                on_done(1)
    return result


def _note(result: Restores, entry: Entry, answer: Archived | StorageError) -> None:
    if isinstance(answer, StorageError):
        result.failed.append((entry.path, str(answer)))
        return
    result.files[answer.state] += 1
    if answer.state != "readable":
        result.archived_bytes += entry.size_bytes
        result.archives.add(answer.archive)
    if answer.takes:
        result.takes.add(answer.takes)
