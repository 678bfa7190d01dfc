"""`spark.readStream.format("chn")`: recordings as they become ok, each once.

Owns: what an offset is: the recordings whose `recording.json` was seen ok, and with each what it said then. Spark keeps
offsets in its checkpoint. What follows from that:

* A batch is the recordings that are in its end and not in its start, whenever it is asked for. One that is no longer ok
  when a batch is made (anew, after a failure) is one row that says so.
* A recording that was sent and then corrected, hidden or removed is one row that says so; its samples are not sent
  again. So many of those known are looked at with every question for news, in turn.
"""

from collections.abc import Iterator, Mapping
from logging import getLogger

import pyarrow as pa
from pyspark.sql.datasource import DataSourceStreamReader, InputPartition
from pyspark.sql.streaming.datasource import (
    ReadAllAvailable,
    ReadLimit,
    ReadMaxFiles,
    SupportsTriggerAvailableNow,
)

from analysis.options import Options
from analysis.origins import readable_runs
from analysis.portions import Notice, read, tasks_of
from analysis.recordings import Place, Told, look, places
from chunks.format.keys import recording_key
from storage.errors import BucketMissing, ObjectMissing
from storage.objects import Objects
from storage.urls import open_objects

log = getLogger(__name__)
LOOKED_AT_AGAIN = 50
GONE = "gone"
Offset = dict[str, str]
Seen = dict[Place, str]


def encode(seen: Mapping[Place, str]) -> Offset:
    """Bucket → `name:digest name:digest …`; a name holds neither blank nor colon."""
    told: dict[str, list[str]] = {}
    for place in sorted(seen):
        told.setdefault(place.bucket, []).append(f"{place.name}:{seen[place]}")
    return {bucket: " ".join(names) for bucket, names in told.items()}


def decode(offset: Mapping[str, str]) -> Seen:
    pairs = ((bucket, *each.split(":")) for bucket, names in offset.items() for each in names.split())
    return {Place(bucket, name): digest for bucket, name, digest in pairs}


class Stream(DataSourceStreamReader, SupportsTriggerAvailableNow):
    """Lives on the driver as long as the query; each task has a copy that reads and nothing else."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._prefix = options.prefix
        self._until: frozenset[Place] | None = None
        self._etags: dict[Place, str] = {}
        self._turn: list[Place] = []

    def initialOffset(self) -> Offset:  # noqa: N802 (the names are Spark's)
        return {}

    def getDefaultReadLimit(self) -> ReadLimit:  # noqa: N802
        limit = self._options.recordings_a_batch
        return ReadMaxFiles(limit) if limit else ReadAllAvailable()

    def prepareForTriggerAvailableNow(self) -> None:  # noqa: N802
        """What becomes ok from now on is the next run's."""
        objects = self._objects()
        found = places(objects, prefix=self._prefix)
        self._until = frozenset(place for place in found if (told := look(objects, place)) and told.document)

    def latestOffset(self, start: Offset, limit: ReadLimit) -> Offset:  # noqa: N802
        objects, seen = self._objects(), decode(start)
        seen |= self._changed(objects, seen)
        left = limit.max_files if isinstance(limit, ReadMaxFiles) else None
        for place in self._news(seen, objects):
            if left == 0:
                break
            told = look(objects, place)
            if told is not None and told.document is not None:
                seen[place] = told.digest
                left = None if left is None else left - 1
        return encode(seen)

    def partitions(self, start: Offset, end: Offset) -> list[InputPartition]:
        objects, before, after = self._objects(), decode(start), decode(end)
        tasks: list[InputPartition] = []
        for place in sorted(after):
            if place not in before:
                tasks += self._tasks(place, look(objects, place))
            elif before[place] != after[place]:
                tasks.append(self._notice(place, _changed(look(objects, place))))
        return tasks

    def read(self, partition: InputPartition) -> Iterator[pa.RecordBatch]:
        return read(partition, options=self._options)

    def __getstate__(self) -> dict[str, object]:
        return self.__dict__ | {"_etags": {}, "_turn": [], "_until": None}

    def _news(self, seen: Seen, objects: Objects) -> Iterator[Place]:
        for place in places(objects, prefix=self._prefix):
            if place not in seen and (self._until is None or place in self._until):
                yield place

    def _tasks(self, place: Place, told: Told | None) -> Iterator[InputPartition]:
        if told is None or told.document is None:
            yield self._notice(place, f"It was ok when it was found and is {_state(told)} now: nothing of it is read.")
            return
        if (runs := readable_runs(told.document, place)) is None:
            yield self._notice(place, "Its recording.json is not as the portal writes it: nothing of it is read.")
            return
        yield from tasks_of(runs, options=self._options)

    def _changed(self, objects: Objects, seen: Seen) -> Seen:
        """Those of the known whose turn it is and of which other is said than was."""
        if self._until is not None:  # each run of such a query has to come to an end
            return {}
        changed = {}
        self._turn = self._turn or sorted(seen)
        now, self._turn = self._turn[:LOOKED_AT_AGAIN], self._turn[LOOKED_AT_AGAIN:]
        for place in now:
            etag = _etag(objects, place)
            if place in seen and self._etags.get(place) != etag:
                told = look(objects, place)
                digest = GONE if told is None else told.digest
                if digest != seen[place]:
                    changed[place] = digest
                self._etags[place] = etag
        return changed

    def _notice(self, place: Place, fault: str) -> Notice:
        log.warning("Recording %s in %s: %s", place.name, place.bucket, fault)
        return Notice(place.bucket, place.name, fault)

    def _objects(self) -> Objects:
        return open_objects(self._options.objects)


def _changed(told: Told | None) -> str:
    if told is not None and told.document is not None:
        return "It was changed since it was found: its samples are not sent again. Begin a new query to read it anew."
    return f"It was found ok, and is {_state(told)} now."


def _state(told: Told | None) -> str:
    return GONE if told is None else told.state


def _etag(objects: Objects, place: Place) -> str:
    try:
        return objects.head(place.bucket, recording_key(place.name)).etag
    except (ObjectMissing, BucketMissing):
        return GONE
