"""Looks at an object in the store and says what its rows must be.

Owns: which answers of the store are about the object (it is gone, it is no chunk, it lies in an archive) and which say
nothing of it (no network, no right, too slow): those raise, and nothing is concluded. A refusal is never taken for an
absence.
"""

import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime

from chunks.format import entry
from chunks.format.entry import ChunkEntry, NotARecording, RecordingEntry
from chunks.format.header import NotAChunk
from chunks.format.keys import tombstone_key
from chunks.format.row import ObjectFacts
from lambdas.events import Hint
from storage.errors import (
    BucketMissing,
    BucketUnusable,
    KeyUnusable,
    ObjectArchived,
    ObjectMissing,
    RangeOutside,
    StorageError,
    StoreUnreachable,
)
from storage.objects import ObjectInfo, Objects

# Parsed, JSON takes up to 25 times its size; the function has 1 GB, and looks at sixteen objects at once.
LARGE_BYTES = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What a look found. `etag` is None where there is no object.

    `entry`: its rows, None where it has none; `fault`: why an object has none, else empty; `keeps_rows`: whether rows
    it has from before still tell the truth.
    """

    hint: Hint
    etag: str | None
    entry: ChunkEntry | RecordingEntry | None = None
    fault: str = ""
    keeps_rows: bool = False
    withdrawn: bool = False


@dataclass(frozen=True, kw_only=True)
class Looker:
    """Looks until a moment of `time.monotonic`. Threads may share it; of large documents it reads one at a time."""

    objects: Objects
    bucket_prefix: str
    sessions_bucket: str
    until: float
    _large: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def is_withdrawn(self, bucket: str) -> bool:
        """Whether the patient of a bucket has a tombstone. A missing sessions bucket is no answer, and raises."""
        self._hurry(bucket)
        patient = entry.patient_of(bucket, prefix=self.bucket_prefix)
        try:
            self.objects.head(self.sessions_bucket, tombstone_key(patient))
        except ObjectMissing:
            return False
        return True

    def see(self, hint: Hint) -> Seen:
        """Raises `StorageError` where nothing can be said of the object."""
        self._hurry(hint.bucket)
        try:
            info = self.objects.head(hint.bucket, hint.key)
        except (ObjectMissing, BucketMissing):
            return Seen(hint=hint, etag=None)
        except (KeyUnusable, BucketUnusable):
            return Seen(hint=hint, etag=None, fault=entry.KEY_UNUSABLE)
        try:
            return self._read(info, hint=hint)
        except (ObjectMissing, BucketMissing):
            return Seen(hint=hint, etag=None)

    def _read(self, info: ObjectInfo, *, hint: Hint) -> Seen:
        try:
            return Seen(hint=hint, etag=info.etag, entry=self._entry(info))
        except (NotAChunk, NotARecording) as error:
            return Seen(hint=hint, etag=info.etag, fault=entry.fault_of(error))
        except RangeOutside:
            return Seen(hint=hint, etag=info.etag, fault=entry.EMPTY)
        except ObjectArchived:
            return Seen(hint=hint, etag=info.etag, fault=entry.ARCHIVED, keeps_rows=True)

    def has_changed(self, seen: Seen) -> bool:
        """Whether the store says something else by now."""
        self._hurry(seen.hint.bucket)
        try:
            return self.objects.head(seen.hint.bucket, seen.hint.key).etag != seen.etag
        except (ObjectMissing, BucketMissing):
            return seen.etag is not None
        except (KeyUnusable, BucketUnusable):
            return False

    def _entry(self, info: ObjectInfo) -> ChunkEntry | RecordingEntry:
        if entry.is_recording(info.key) and info.size_bytes > LARGE_BYTES:
            with self._large:
                return self._read_entry(info)
        return self._read_entry(info)

    def _read_entry(self, info: ObjectInfo) -> ChunkEntry | RecordingEntry:
        return entry.read_entry(
            lambda length: self.objects.get_range(info.bucket, info.key, start=0, length=length),
            facts=ObjectFacts(bucket=info.bucket, key=info.key, size_bytes=info.size_bytes, etag=info.etag),
            prefix=self.bucket_prefix,
            indexed_at=datetime.now(UTC),
        )

    def _hurry(self, bucket: str) -> None:
        if time.monotonic() > self.until:
            raise StoreUnreachable(bucket, detail="the function's own time is up")


def reason(error: StorageError) -> str:
    """What may be logged of an error of the store: its own sentence names the key, which may be a person's name."""
    return type(error).__name__
