"""What a driver tells whoever submitted it: how far Spark is, and how it ended.

Owns: the form of `progress.json` and `outcome.json`, and how tasks are counted: those of every stage that Spark has
begun. Imports no Spark itself.
"""

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

PROGRESS, OUTCOME = "progress.json", "outcome.json"
EVERY_S = 1.0


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
    """While the block works, a thread of its own writes every second how many tasks are done, if that has changed."""

    def __init__(self, spark: "SparkSession", *, put: Callable[[bytes], object]) -> None:
        self._tracker = spark.sparkContext.statusTracker()
        self._put = put
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._write, name="progress", daemon=True)
        self._stages: dict[int, tuple[int, int]] = {}

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(2 * EVERY_S)

    def _write(self) -> None:
        told = b""
        while not self._over.wait(EVERY_S):
            try:
                now = self._counted()
                if now != told:
                    self._put(now)
                    told = now
            except Exception:  # noqa: BLE001 (Spark's connection ends before this thread does; nothing rests on it)
                return

    def _counted(self) -> bytes:
        for stage in self._tracker.getActiveStageIds():
            if info := self._tracker.getStageInfo(stage):
                self._stages[stage] = (info.numCompletedTasks, info.numTasks)
        active = set(self._tracker.getActiveStageIds())
        for stage, (_, tasks) in self._stages.items():
            if stage not in active:
                self._stages[stage] = (tasks, tasks)
        done, of = (sum(column) for column in zip(*self._stages.values(), strict=True)) if self._stages else (0, 0)
        return json.dumps({"done": done, "of": of}).encode()
