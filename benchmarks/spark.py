"""`python -m benchmarks.spark`: band power of the same chunks by a plain NumPy loop, and by Spark.

Spark works on one and two cores of this machine, and as a standalone cluster of a master and one, then two, workers of
one core each; once more on the table that `format("chn")` gives, which goes through Java. All read one
`rclone serve s3`. Prints samples a second and core as a ratio to the loop, how much faster two are than one, and where
the processor's seconds go: Python's and Java's, of everything Spark has started. Starting it is told apart.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyspark.sql import SparkSession

from analysis.context import Context, Windows
from analysis.driver import session_of
from analysis.in_place import WindowsInPlace
from analysis.jobs import band_power
from analysis.manifest_file import Manifest
from analysis.reading import Reading
from benchmarks.processor import used_s
from benchmarks.transfer import rclone
from storage.urls import open_objects
from tests.analysis.cluster import cluster

SFREQ, CHUNK_S, WINDOW_S = 1000, 600, 10
CONF = "spark.driver.host 127.0.0.1\nspark.driver.bindAddress 127.0.0.1\nspark.executor.memory 512m\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--channels", type=int, default=8)
    parser.add_argument("--chunks", type=int, default=18, help="of each channel, ten minutes at 1,000 Hz each")
    parser.add_argument("--rounds", type=int, default=3, help="of which the median counts")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ecog-bench-") as name, rclone(Path(name) / "server") as url:
        folder, objects_url = Path(name), f"s3://?region=us-east-1&endpoint={url}"
        own = {"ECOG_DATA_DIR": name, "ECOG_OBJECTS_URL": objects_url, "DJANGO_SETTINGS_MODULE": "portal.settings"}
        words = [sys.executable, "-m", "benchmarks.spark_world", str(asked.channels), str(asked.chunks)]
        subprocess.run(words, env=os.environ | own, check=True)
        (folder / "spark-defaults.conf").write_text(CONF)
        os.environ |= {"SPARK_CONF_DIR": name, "PYSPARK_PYTHON": sys.executable}
        samples = asked.channels * asked.chunks * CHUNK_S * SFREQ
        print(f"{asked.channels * asked.chunks} chunks, {samples:,} samples, {samples * 2 / 1e6:,.0f} MB")
        compare(folder, objects_url=objects_url, samples=samples, rounds=asked.rounds)


def compare(folder: Path, *, objects_url: str, samples: int, rounds: int) -> None:
    options = {
        "objects": objects_url,
        "manifest": str(folder / "manifest.jsonl"),
        "window": str(WINDOW_S),
        "chunks_a_task": "3",
    }
    alone = median(lambda: loop(folder / "manifest.jsonl", objects_url), rounds=rounds)
    alone.tell("loop", samples=samples, alone=alone)
    seconds: dict[str, float] = {}
    for cores in (1, 2):
        with session(f"local[{cores}]") as spark:
            found = by_spark(WindowsInPlace(spark, options=options), rounds=rounds, cores=cores)
            found.tell(f"local[{cores}]", samples=samples, alone=alone)
            seconds[f"local {cores}"] = found.wall_s
            if cores == 1:
                table = spark.read.format("chn").options(**options).load()
                by_spark(table, rounds=rounds, cores=1).tell("  of the table", samples=samples, alone=alone)
    for workers in (1, 2):
        with (
            cluster(folder / f"cluster{workers}", environment={}, workers=workers) as up,
            session(up.master) as spark,
        ):
            found = by_spark(WindowsInPlace(spark, options=options), rounds=rounds, cores=workers)
            found.tell(f"{workers} worker{'s'[: workers - 1]}", samples=samples, alone=alone)
            seconds[f"cluster {workers}"] = found.wall_s
    for kind in ("local", "cluster"):
        print(f"two to one, {kind}: {seconds[f'{kind} 1'] / seconds[f'{kind} 2']:.2f} times the speed")


@dataclass(frozen=True, kw_only=True)
class Cost:
    """wall_s: from begin to end. python_s, java_s: of the processor."""

    wall_s: float
    python_s: float
    java_s: float
    cores: int = 1

    def tell(self, name: str, *, samples: int, alone: "Cost") -> None:
        rate, of_the_loop = samples / self.wall_s / self.cores / 1e6, alone.wall_s / self.wall_s / self.cores
        processor_s = self.python_s + self.java_s
        print(
            f"{name:14} {self.wall_s:6.1f} s  {rate:5.1f} M samples/s/core = {of_the_loop:.2f} of the loop; processor "
            f"{processor_s:5.1f} s = {processor_s / (alone.python_s + alone.java_s):.2f} of the loop's "
            f"(Python {self.python_s:.1f}, Java {self.java_s:.1f})",
            flush=True,
        )


def loop(manifest: Path, objects_url: str) -> None:
    """Chunk by chunk, each compared with its CRC-32 as Spark's source does."""
    with manifest.open(encoding="utf-8") as lines:
        for run in Manifest(lines):
            end = run.span(run.last - 1)[1]
            pieces = list(Reading(run, open_objects(objects_url)).pieces((run.span(run.first)[0], end)))
            trace = np.concatenate([piece.samples for piece in pieces if piece.samples is not None])
            physical = trace * np.float64(run.gain or 0) + np.float64(run.offset or 0)
            length = round(Fraction(WINDOW_S) * run.sfreq)
            band_power.band_power(physical[: len(physical) // length * length].reshape(-1, length), float(run.sfreq))


def by_spark(windows: Windows, *, rounds: int, cores: int) -> Cost:
    def work() -> None:
        band_power.run(windows, Context()).mapInArrow(counted, "rows long").collect()

    work()  # Java compiles, and every Python imports
    return median(work, rounds=rounds, cores=cores)


def median(work: Callable[[], object], *, rounds: int, cores: int = 1) -> Cost:
    """Each number's own median."""
    found = []
    for _ in range(rounds):
        before, began = used_s(without="rclone"), time.perf_counter()
        work()
        wall_s, after = time.perf_counter() - began, used_s(without="rclone")
        found.append((wall_s, *(after[kind] - before[kind] for kind in ("python", "java"))))
    wall_s, python_s, java_s = map(statistics.median, zip(*found, strict=True))
    return Cost(wall_s=wall_s, python_s=python_s, java_s=java_s, cores=cores)


def counted(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        yield pa.RecordBatch.from_pydict({"rows": [batch.num_rows]})


@contextmanager
def session(master: str) -> Iterator[SparkSession]:
    began = time.perf_counter()
    with session_of(master, name="benchmark") as spark:
        print(f"({master} started in {time.perf_counter() - began:.1f} s)")
        yield spark


if __name__ == "__main__":
    main()
