"""`python -m benchmarks.spark`: band power of the same chunks by a plain NumPy loop, and by Spark on one and two cores.

Prints samples a second and core as a ratio to the loop, and where the time goes: reading (the loop's own), transport
(what Spark adds to reading before any number is computed), kernel. Starting Spark is told apart.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyspark.sql import SparkSession

from analysis.context import Context
from analysis.driver import session_of
from analysis.jobs import band_power
from analysis.manifest_file import Manifest
from analysis.reading import Reading
from storage.urls import open_objects

SFREQ, CHUNK_S, WINDOW_S = 1000, 600, 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--channels", type=int, default=8)
    parser.add_argument("--chunks", type=int, default=6, help="of each channel, ten minutes at 1,000 Hz each")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ecog-bench-") as folder:
        environment = os.environ | {"ECOG_DATA_DIR": folder, "DJANGO_SETTINGS_MODULE": "portal.settings"}
        words = [sys.executable, "-m", "benchmarks.spark_world", str(asked.channels), str(asked.chunks)]
        subprocess.run(words, env=environment, check=True)
        manifest, objects = Path(folder) / "manifest.jsonl", (Path(folder) / "objects").as_uri()
        samples = asked.channels * asked.chunks * CHUNK_S * SFREQ
        print(f"{asked.channels * asked.chunks} chunks, {samples:,} samples, {samples * 2 / 1e6:,.0f} MB")
        read_s, kernel_s = loop(manifest, objects)
        alone = samples / (read_s + kernel_s)
        print(f"loop       {read_s + kernel_s:7.2f} s  {alone / 1e6:6.2f} M samples/s/core  reading {read_s:.2f} s")
        for cores in (1, 2):
            by_spark(manifest, objects, cores=cores, samples=samples, alone=alone, read_s=read_s)


def loop(manifest: Path, objects_url: str) -> tuple[float, float]:
    """Seconds of reading and of the kernel: chunk by chunk, each compared with its CRC-32 as Spark's source does."""

    read_s = kernel_s = 0.0
    with manifest.open(encoding="utf-8") as lines:
        for run in Manifest(lines):
            end = run.span(run.last - 1)[1]
            began = time.perf_counter()
            pieces = list(Reading(run, open_objects(objects_url)).pieces((run.span(run.first)[0], end)))
            trace = np.concatenate([piece.samples for piece in pieces if piece.samples is not None])
            physical = trace * np.float64(run.gain or 0) + np.float64(run.offset or 0)
            read_s += time.perf_counter() - began
            began = time.perf_counter()
            length = round(Fraction(WINDOW_S) * run.sfreq)
            band_power.band_power(physical[: len(physical) // length * length].reshape(-1, length), float(run.sfreq))
            kernel_s += time.perf_counter() - began
    return read_s, kernel_s


def by_spark(manifest: Path, objects_url: str, *, cores: int, samples: int, alone: float, read_s: float) -> None:

    with session(cores) as (spark, start_s):
        windows = spark.read.format("chn").options(
            objects=objects_url, manifest=str(manifest), window=str(WINDOW_S), chunks_a_task="3"
        )
        timed(lambda: windows.load().limit(1).collect())
        carried_s = timed(lambda: windows.load().mapInArrow(counted, "rows long").collect())
        whole_s = timed(lambda: band_power.run(windows.load(), Context()).mapInArrow(counted, "rows long").collect())
    rate = samples / whole_s / cores
    transport_s = max(0.0, carried_s * cores - read_s)
    kernel_s = max(0.0, (whole_s - carried_s) * cores)
    print(
        f"local[{cores}]   {whole_s:7.2f} s  {rate / 1e6:6.2f} M samples/s/core = {rate / alone:.2f} of the loop; "
        f"core seconds: reading {read_s:.2f}, transport {transport_s:.2f}, kernel {kernel_s:.2f}; start {start_s:.1f} s"
    )


def counted(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        yield pa.RecordBatch.from_pydict({"rows": [batch.num_rows]})


def timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


@contextmanager
def session(cores: int) -> Iterator[tuple[SparkSession, float]]:

    began = time.perf_counter()
    with session_of(f"local[{cores}]", name="benchmark") as spark:
        yield spark, time.perf_counter() - began


if __name__ == "__main__":
    main()
