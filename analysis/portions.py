"""What one Spark task reads: a bounded group of chunks of one channel; or one thing to tell.

Owns: how runs are dealt out to tasks, and what a task gives. Nothing is asked of the store before a task begins.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pyarrow as pa
from pyspark.sql.datasource import InputPartition

from analysis.options import Options
from analysis.runs import Run
from analysis.table import notice, rows_of
from analysis.windows import Part, parts, window_length
from storage.urls import open_objects


@dataclass(frozen=True)
class Task(InputPartition):
    """Windows of a run."""

    run: Run
    part: Part


@dataclass(frozen=True)
class Notice(InputPartition):
    """A row without samples that tells of a recording."""

    bucket: str
    recording: str
    fault: str


def tasks_of(runs: Iterable[Run], *, options: Options) -> Iterator[Task]:
    """The tasks of these runs, each with no more of the run than it needs."""
    for run in runs:
        length = window_length(run.sfreq, seconds=options.window)
        for part in parts(run, length=length, chunks_at_once=options.chunks_a_task):
            first, end = part.samples
            yield Task(run.narrowed(first=run.chunk_at(first), last=run.chunk_at(end - 1) + 1), part)


def read(partition: InputPartition, *, options: Options) -> Iterator[pa.RecordBatch]:
    """The rows of a task; none of what is no task (Spark makes one where there is nothing to read)."""
    if isinstance(partition, Task):
        objects = open_objects(options.objects)
        yield from rows_of(partition.run, partition.part, objects=objects, digital=options.digital)
    elif isinstance(partition, Notice):
        told = {"bucket": partition.bucket, "recording": partition.recording, "fault": partition.fault}
        yield notice(told, digital=options.digital)
