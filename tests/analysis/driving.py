"""The driver as a process of its own, on recordings of which every sample is known."""

import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from analysis.driven import OUTCOME, Outcome
from analysis.manifest import write as write_manifest
from analysis.place import Place, events_name, folder_of, manifest_name
from analysis.writing import DATA
from people.scope import server_scope
from selections.resolve import resolve
from selections.words import parse
from storage.objects import Objects

ROOT = Path(__file__).parents[2]
JOB = 7
LIMIT_S = 400


def submit(place: Place, objects: Objects, folder: Path, *, words: dict[str, list[str]] | None = None) -> None:
    """Leaves the manifest of everything where a driver looks for it."""
    path = folder / "of-a-job.jsonl"
    path.unlink(missing_ok=True)
    write_manifest(resolve(parse(words or {}), scope=server_scope(means="test")), path=path, objects=objects)
    place.put(manifest_name(JOB, attempt=1), path.read_bytes())


def driver(
    job: str,
    *,
    objects_url: str,
    place: Place,
    attempt: int = 1,
    master: str = "local[2]",
    events: bool = False,
    log: Path | None = None,
    **more: str,
) -> "subprocess.Popen[bytes]":
    """Starts it; its log goes where this process's does, if not elsewhere."""
    options = {
        "job": job,
        "objects": objects_url,
        "results": place.url,
        "manifest": manifest_name(JOB, attempt=1),
        "folder": folder_of(JOB, attempt=attempt),
        "master": master,
        "question": "patient=2002",
        "software": "ecog-portal 9",
        **more,
    }
    if events:
        options["events"] = events_name(JOB, attempt=1)
    words = [word for name, value in options.items() for word in (f"--{name}", value)]
    environment = os.environ | {"SPARK_LOCAL_IP": "127.0.0.1", "PYSPARK_PYTHON": sys.executable}
    with ExitStack() as stack:
        out = None if log is None else stack.enter_context(log.open("ab"))
        command = [sys.executable, "-m", "analysis.driver", *words]
        return subprocess.Popen(command, cwd=ROOT, env=environment, stderr=out)


def outcome(place: Place, *, attempt: int = 1) -> Outcome:
    plain = place.json(f"{folder_of(JOB, attempt=attempt)}/{OUTCOME}")
    assert plain is not None
    return Outcome.of(plain)


def rows_of(place: Place, made: Outcome, *, kind: str = DATA) -> list[dict[str, Any]]:
    """All rows of a result, in order."""
    tables = [pq.read_table(pa.BufferReader(place.get(each["name"]))) for each in made.files if each["kind"] == kind]
    rows = [row for table in tables for row in table.to_pylist()]
    return sorted(rows, key=lambda row: [str(row.get(name)) for name in ("label", "other", "code", "start", "chunk")])


def words(row: dict[str, Any]) -> dict[str, Any]:
    """What two runs of a job have in common to the letter."""
    return {name: value for name, value in row.items() if not isinstance(value, float)}


def numbers(row: dict[str, Any]) -> dict[str, float]:
    """What they have in common but for the last digits."""
    return {name: value for name, value in row.items() if isinstance(value, float)}


def values_of(rows: list[dict[str, Any]], names: list[str]) -> np.ndarray:
    return np.array([[np.nan if row[name] is None else row[name] for name in names] for row in rows])
