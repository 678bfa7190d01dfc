"""What a driver tells whoever submitted it: how far Spark is, and how it ended.

Owns: the form of `progress.json` and `outcome.json`, and how tasks are counted: those of every stage that Spark has
begun. Imports no Spark itself.
"""

import json
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

PROGRESS, OUTCOME = "progress.json", "outcome.json"
EVERY_S = 1.0
LAST_S = 5.0


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """files: name, patient, kind (data or faults), rows and bytes of each that counts. size_bytes: of the zip."""

    done: bool = False
    reason: str = ""
    about: Mapping[str, str] = field(default_factory=dict)
    files: tuple[Mapping[str, Any], ...] = ()
    faults: int = 0
    summary: Mapping[str, Any] = field(default_factory=dict)
    size_bytes: int = 0

    def encode(self) -> bytes:
        return json.dumps(asdict(self), ensure_ascii=False).encode()

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> "Outcome":
        return cls(**{**plain, "files": tuple(plain["files"])})


class Watch:
    """While the block works, a thread of its own writes every second how many tasks are done, if that has changed; how
    many they were at its end is written too."""

    def __init__(self, spark: "SparkSession", *, put: Callable[[bytes], object]) -> None:
        self._tracker = spark.sparkContext.statusTracker()
        self._put = put
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._write, name="progress", daemon=True)
        self._before = frozenset(self._tracker.getJobIdsForGroup())
        self._stages: dict[int, tuple[int, int]] = {}
        self._told = b""

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(LAST_S)
        with suppress(Exception):  # Spark's connection may be what ended; nothing rests on what is told
            self._settle()
            self._tell()

    def _write(self) -> None:
        with suppress(Exception):  # as above
            while not self._over.wait(EVERY_S):
                self._tell()

    def _settle(self) -> None:
        """Spark counts a little later than it works: until all it has begun has ended in its books too."""
        end = time.monotonic() + LAST_S
        while self._tracker.getActiveJobsIds() and time.monotonic() < end:
            time.sleep(LAST_S / 100)

    def _tell(self) -> None:
        now = self._counted()
        if now != self._told:
            self._put(now)
            self._told = now

    def _counted(self) -> bytes:
        """Of a stage that is done again in part, because a worker was lost, that part alone is open again. A stage
        that Spark has not begun may be one it need not do."""
        for job in set(self._tracker.getJobIdsForGroup()) - self._before:
            info = self._tracker.getJobInfo(job)
            for stage in filter(None, map(self._tracker.getStageInfo, info.stageIds if info else ())):
                if stage.numActiveTasks + stage.numCompletedTasks + stage.numFailedTasks:
                    of = max(stage.numTasks, self._stages.get(stage.stageId, (0, 0))[1])
                    self._stages[stage.stageId] = of - stage.numTasks + stage.numCompletedTasks, of
        done, of = (sum(column) for column in zip((0, 0), *self._stages.values(), strict=True))
        return json.dumps({"done": done, "of": of}).encode()
