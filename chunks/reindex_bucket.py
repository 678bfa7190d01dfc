"""One patient's bucket and her rows, compared both ways and made equal.

Owns: the order. Rows of chunks come before those of their recordings, since searches see a recording as soon as its
state is ok; what has no object any more is removed last, and only where the listing ended well. A bucket that cannot be
listed to its end is a sentence, and tells nothing of any row. Objects are read by many threads, their first bytes
alone; rows are read and written by the caller's own.
"""

from array import array
from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import DataError, IntegrityError

from chunks import faults, index
from chunks.comparison import Difference, Kind, Row, differences, rows_of
from chunks.faults import OF_OBJECTS, reason_of
from chunks.format.entry import ChunkEntry, recording_of
from chunks.format.keys import ANNOTATIONS_OBJECT, CHUNK_SUFFIX, RECORDING_OBJECT, recording_key
from chunks.index import ROWS_A_STATEMENT
from chunks.models import Recording, RecordingState
from chunks.reindex_report import OfPatient
from chunks.review.released_rows import index_released, outdated
from storage.errors import AccessDenied, ObjectMissing
from storage.objects import ObjectInfo, Objects

PASSED_OVER: tuple[type[Exception], ...] = (ObjectMissing, *OF_OBJECTS)
READS_AT_ONCE = 64  # asked for and not yet taken; how many are under way is the executor's
DENIED_MAX = 20
SHARE_REMOVED_UNASKED = 0.01
LATELY = timedelta(minutes=5)
_US = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class How:
    """check: nothing is written; fix: rows without an object are removed, where they are many only if `many` says so;
    progress: is told of every object that was looked at."""

    check: bool
    fix: bool
    many: Callable[[OfPatient], bool]
    progress: Callable[[int], None]


class BucketRepair:
    """Use once: `BucketRepair(…).run()`. What it finds stands in the report, whose bucket it is about."""

    def __init__(self, objects: Objects, report: OfPatient, *, how: How, readers: Executor) -> None:
        self._objects, self._report, self._how, self._readers = objects, report, how, readers
        self._bucket = report.bucket
        self._reads: deque[tuple[Difference, Future[object]]] = deque()
        self._entries: list[ChunkEntry] = []
        self._documents: list[ObjectInfo] = []
        self._annotations: list[ObjectInfo] = []
        self._chunks: Counter[str] = Counter()
        self._orphans = (array("q"), array("q"))  # numbers of rows, and when each was written, in microseconds
        self._orphaned_recordings: list[str] = []
        self._denied = 0
        self._began = datetime.now(UTC)

    def run(self) -> None:
        """Raises `StorageError` where the bucket cannot be looked at; what was repaired until then stays."""
        for each in differences(self._listed(), self._rows()):
            self._ask(each)
        while self._reads:
            self._take()
        self._write()
        self._compare_recordings()
        self._compare_released()
        if self._report.written:
            self._look_again()
        if not self._how.check:
            faults.forget_older(self._began, bucket=self._bucket)
            self._remove_orphans()
        self._count_chunks()

    def _rows(self) -> Iterator[Row]:
        for row in rows_of(self._bucket):
            self._report.rows += 1
            yield row

    def _listed(self) -> Iterator[ObjectInfo]:
        """The chunks of the bucket; recordings are kept for later, anything else is not of our making."""
        for info in self._objects.list(self._bucket):
            if info.key.endswith(f"/{RECORDING_OBJECT}"):
                self._documents.append(info)
            elif info.key.endswith(f"/{ANNOTATIONS_OBJECT}"):
                self._annotations.append(info)
                continue
            elif not info.key.endswith(CHUNK_SUFFIX):
                continue
            else:
                self._chunks[recording_of(info.key)] += 1
                yield info
            self._report.objects += 1
            self._how.progress(1)

    def _ask(self, difference: Difference) -> None:
        """Has the object of a difference read, or an orphan's looked for, by another thread."""
        if difference.info is not None:
            future = self._readers.submit(self._read, difference.info)
        elif difference.row is not None:
            future = self._readers.submit(self._is_gone, difference.row.key)
        self._reads.append((difference, future))
        if len(self._reads) >= READS_AT_ONCE:
            self._take()

    def _read(self, info: ObjectInfo) -> object:
        return index.read_chunk(self._objects, info)

    def _is_gone(self, key: str) -> object:
        try:
            self._objects.head(self._bucket, key)
        except ObjectMissing:
            return True
        return False

    def _take(self) -> None:
        """Takes the oldest answer of the readers."""
        difference, future = self._reads.popleft()
        try:
            answer = future.result()
        except ObjectMissing:
            return  # removed since it was listed
        except OF_OBJECTS as error:
            if difference.info is not None:
                self._cannot_index(difference.info, error)
            return
        if difference.row is not None and difference.kind is Kind.ORPHANED:
            if answer:
                self._orphan(difference.row)
            return
        self._report.missing += difference.kind is Kind.MISSING
        self._report.stale += difference.kind is Kind.STALE
        self._entries.append(answer)  # type: ignore[arg-type]  # what `_read` gives
        if len(self._entries) >= ROWS_A_STATEMENT:
            self._write()

    def _orphan(self, row: Row) -> None:
        self._report.orphan(row.key)
        self._orphans[0].append(row.pk)
        self._orphans[1].append((row.indexed_at - _EPOCH) // _US)

    def _cannot_index(self, info: ObjectInfo, error: Exception) -> None:
        if isinstance(error, AccessDenied):
            self._denied += 1
            if self._denied > DENIED_MAX:
                raise error  # it is not this object, it is the bucket
        reason = reason_of(error)
        self._report.cannot_index(info.key, reason=reason)
        if not self._how.check:
            faults.note(info, reason=reason)

    def _write(self) -> None:
        """Writes what was read; where one of many cannot be a row, the others are."""
        entries, self._entries = self._entries, []
        if self._how.check or not entries:
            return
        try:
            index.index_entries(entries, objects=self._objects)
            self._report.written += len(entries)
        except (DataError, IntegrityError):
            for entry in entries:
                try:
                    index.index_entries([entry], objects=self._objects)
                    self._report.written += 1
                except (DataError, IntegrityError) as error:
                    self._cannot_index(self._objects.head(self._bucket, str(entry.values[1])), error)

    def _compare_recordings(self) -> None:
        found = Recording.objects.filter(bucket=self._bucket).only("name", "state", "etag")
        rows = {row.name: row for row in found}
        self._report.rows += len(rows)
        for info in self._documents:
            row = rows.pop(info.key.rpartition("/")[0], None)
            if row is None or row.etag != info.etag:
                self._repair_recording(info, missing=row is None)
        for name, row in rows.items():
            # A recording of version 1 has no object of its own; its chunks are what it is.
            old = row.state == RecordingState.VERSION_1 and self._chunks[name]
            if not old and self._is_gone(recording_key(name)):
                self._report.orphan(recording_key(name))
                self._orphaned_recordings.append(name)

        if not self._how.check:
            self._settle_folders()

    def _settle_folders(self) -> None:
        """Folders of chunks without a `recording.json`: those of version 1 have a row that sums them up.

        The row of one that has lost its own is an orphan, and stays as long as orphans do.
        """
        without = self._chunks.keys() - {recording_of(info.key) for info in self._documents}
        for name in sorted(without.difference(self._orphaned_recordings)):
            with suppress(*PASSED_OVER):
                index.index_object(self._objects, bucket=self._bucket, key=recording_key(name))

    def _repair_recording(self, info: ObjectInfo, *, missing: bool) -> None:
        try:
            index.read_object(self._objects, info)  # gone: an orphan, whose row `index_object` would remove unasked
            if not self._how.check:
                index.index_object(self._objects, bucket=self._bucket, key=info.key)
        except ObjectMissing:
            return
        except OF_OBJECTS as error:
            self._cannot_index(info, error)
            return
        self._report.missing += missing
        self._report.stale += not missing
        self._report.written += not self._how.check

    def _compare_released(self) -> None:
        """The released texts of recordings, which are rows of their own."""
        held = {info.key.rpartition("/")[0]: info for info in self._annotations}
        for recording in outdated(self._objects, self._annotations, bucket=self._bucket):
            self._report.stale += 1
            try:
                if not self._how.check:
                    index_released(self._objects, bucket=self._bucket, recording=recording)
                    self._report.written += 1
            except OF_OBJECTS as error:
                if recording not in held:  # not listed, and yet refused: it is not this object
                    raise
                self._cannot_index(held[recording], error)

    def _look_again(self) -> None:
        """Lists the bucket once more: what was replaced or put while its rows were written is made right one by one."""
        chunks = (info for info in self._objects.list(self._bucket) if info.key.endswith(CHUNK_SUFFIX))
        for each in differences(chunks, rows_of(self._bucket)):
            if each.info and (each.kind is Kind.STALE or each.info.modified > self._began - LATELY):
                try:
                    self._read(each.info)  # as with recordings
                    index.index_object(self._objects, bucket=self._bucket, key=each.info.key)
                except PASSED_OVER:
                    continue  # gone again, or told already; the next run tells what has come since

    def _remove_orphans(self) -> None:
        report = self._report
        if not (self._how.fix and report.orphaned):
            return
        if report.orphaned > report.rows * SHARE_REMOVED_UNASKED and not self._how.many(report):
            report.kept_because_many = True
            return
        seen = zip(self._orphans[0], (_EPOCH + us * _US for us in self._orphans[1]), strict=True)
        report.removed += index.remove_seen(seen)
        for name in self._orphaned_recordings:
            with suppress(*PASSED_OVER):  # it has come again, unreadable: the next run tells
                index.index_object(self._objects, bucket=self._bucket, key=recording_key(name))
                report.removed += 1
        report.orphaned = report.removed  # a row less is one whose object has come again

    def _count_chunks(self) -> None:
        """Recordings that say they are whole and are not."""
        found = Recording.objects.filter(bucket=self._bucket, state=RecordingState.OK).order_by("name")
        for name, expected in found.values_list("name", "chunks_expected"):
            if self._chunks[name] < expected:
                self._report.incomplete.append((name, self._chunks[name], expected))
