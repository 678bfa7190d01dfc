"""Makes the headers database equal to what the store says now of the keys that a batch hints at.

Owns: the order look, write, look once more, and which messages stay in the queue: those whose object could not be
looked at, or all whose rows the database did not take. An object or a message that cannot be read stays as a row of
`index_error` instead, for no number of tries would mend it.
"""

import json
import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TypeVar

from chunks.format.entry import VALUE_REFUSED, ChunkEntry, has_row
from chunks.format.keys import recording_key
from lambdas.chunk_headers.database import (
    TRIES,
    Conflict,
    Database,
    DatabaseSilent,
    StatementRefused,
    ValueRefused,
)
from lambdas.chunk_headers.look import Looker, Seen, reason
from lambdas.chunk_headers.rows import write
from lambdas.events import Hint, Message
from storage.errors import StorageError
from storage.objects import Objects

LOOKS = 5
LOOKS_AT_ONCE = 16

log = logging.getLogger("ecog.chunk_headers")
_Answer = TypeVar("_Answer")


@dataclass(kw_only=True)
class _Done:
    """What has become of a batch, for the log: numbers and kinds alone."""

    unsure: set[Hint] = field(default_factory=set)
    counts: Counter[str] = field(default_factory=Counter)


class Indexer:
    """Serves batches one after the other."""

    def __init__(self, *, objects: Objects, database: Database, bucket_prefix: str, sessions_bucket: str) -> None:
        self._objects = objects
        self._database = database
        self._bucket_prefix = bucket_prefix
        self._sessions_bucket = sessions_bucket

    def serve(self, batch: Sequence[Message], *, until: float) -> list[str]:
        """The ids of the messages that are not done with. `until` is a moment of `time.monotonic`."""
        looker = Looker(
            objects=self._objects,
            bucket_prefix=self._bucket_prefix,
            sessions_bucket=self._sessions_bucket,
            until=until,
        )
        done = _Done()
        faults = [(each.id, each.fault) for each in batch if each.fault]
        hints = [hint for hint in _hints(batch) if has_row(hint.bucket, hint.key, prefix=self._bucket_prefix)]
        try:
            self._make_equal(hints, faults, looker=looker, done=done)
        except DatabaseSilent as error:
            done.counts[f"database: {error}"] += 1
            asked = set(hints)
            returned = [each.id for each in batch if each.fault or not asked.isdisjoint(each.hints)]
        else:
            returned = [each.id for each in batch if not done.unsure.isdisjoint(each.hints)]
        log.info(json.dumps({"messages": len(batch), "returned": len(returned), **done.counts}))
        return returned

    def _make_equal(self, hints: Sequence[Hint], faults: list[tuple[str, str]], *, looker: Looker, done: _Done) -> None:
        withdrawn = self._withdrawn({hint.bucket for hint in hints}, looker=looker, done=done)
        todo = []
        seen = []
        for hint in hints:
            if hint.bucket not in withdrawn:
                done.unsure.add(hint)
            elif withdrawn[hint.bucket]:
                seen.append(Seen(hint=hint, etag=None, withdrawn=True))
            else:
                todo.append(hint)
        for _ in range(LOOKS):
            seen += _all(looker.see, todo, done=done)
            seen += self._recordings_of_old(seen, looker=looker, done=done)
            if not seen and not faults:
                return
            self._write(seen, faults, done=done)
            faults = []
            done.counts.update(_kind(each) for each in seen if each.hint not in done.unsure)
            written = {each.hint: each for each in seen if not each.withdrawn}
            changed = _all(lambda hint: (hint, looker.has_changed(written[hint])), list(written), done=done)  # noqa: B023
            todo = [hint for hint, again in changed if again]
            seen = []
            if not todo:
                return
        done.counts["written again and again"] += len(todo)
        done.unsure.update(todo)

    def _recordings_of_old(self, seen: Sequence[Seen], *, looker: Looker, done: _Done) -> list[Seen]:
        """Looks at the `recording.json` beside version 1 chunks: where there is none, their folder has a row too."""
        chunks: dict[Hint, list[Hint]] = defaultdict(list)
        for each in seen:
            if isinstance(each.entry, ChunkEntry) and each.entry.is_version_1:
                beside = Hint(bucket=each.hint.bucket, key=recording_key(each.entry.recording))
                chunks[beside].append(each.hint)
        wanted = [hint for hint in chunks if hint not in {each.hint for each in seen}]
        found = _all(looker.see, wanted, done=done)
        for hint in done.unsure.intersection(chunks):
            done.unsure.update(chunks[hint])
        return found

    def _withdrawn(self, buckets: set[str], *, looker: Looker, done: _Done) -> dict[str, bool]:
        """Of each bucket whether its patient has withdrawn; those that could not be asked about are left out."""
        answers = {}
        for bucket in sorted(buckets):
            try:
                answers[bucket] = looker.is_withdrawn(bucket)
            except StorageError as error:
                done.counts[f"tombstone: {reason(error)}"] += 1
        return answers

    def _write(self, seen: Sequence[Seen], faults: Sequence[tuple[str, str]], *, done: _Done) -> None:
        """Writes all at once; should the database refuse it, one after the other, so that one row holds up no other.

        One whose value is refused is a fault; one that is refused for whatever else comes again.
        """
        try:
            self._transact(seen, faults)
        except (ValueRefused, StatementRefused):
            if faults:
                self._transact([], faults)
            for each in seen:
                try:
                    self._transact_one(each)
                except StatementRefused as error:
                    done.counts[f"database: {error}"] += 1
                    done.unsure.add(each.hint)

    def _transact_one(self, each: Seen) -> None:
        try:
            self._transact([each], [])
        except ValueRefused:
            self._transact([replace(each, entry=None, fault=VALUE_REFUSED)], [])

    def _transact(self, seen: Sequence[Seen], faults: Sequence[tuple[str, str]]) -> None:
        for tries in range(1, TRIES + 1):
            try:
                with self._database.transaction() as cursor:
                    write(cursor, seen, messages=faults, now=datetime.now(UTC))
            except Conflict as error:
                if tries == TRIES:
                    raise DatabaseSilent(f"conflict {error}") from None
            else:
                return


def _hints(batch: Iterable[Message]) -> list[Hint]:
    """Each key once, whatever the number of its events."""
    return list(dict.fromkeys(hint for message in batch for hint in message.hints))


def _all(ask: Callable[[Hint], _Answer], hints: Sequence[Hint], *, done: _Done) -> list[_Answer]:
    """The answers about these keys, asked side by side; those the store could not say are noted as unsure."""

    def one(hint: Hint) -> tuple[Hint, _Answer | None, StorageError | None]:
        try:
            return hint, ask(hint), None
        except StorageError as error:
            return hint, None, error

    answers = []
    with ThreadPoolExecutor(LOOKS_AT_ONCE) as pool:
        for hint, answer, error in pool.map(one, hints):
            if error is not None:
                done.unsure.add(hint)
                done.counts[f"store: {reason(error)}"] += 1
            elif answer is not None:
                answers.append(answer)
    return answers


def _kind(seen: Seen) -> str:
    if seen.withdrawn:
        return "withdrawn"
    if seen.fault:
        return "unreadable"
    return "gone" if seen.entry is None else "indexed"
