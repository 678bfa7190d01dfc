"""What tasks give, without Spark: the rows of all tasks of an origin, in order."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from analysis.options import Options
from analysis.origins import Narrowing
from analysis.portions import read, tasks_of
from analysis.runs import Run
from analysis.table import arrow_schema
from storage.urls import open_objects

Row = dict[str, Any]


def options(url: str, **given: str) -> Options:
    return Options.of(
        {"objects": url} | ({"prefix": "edf-chunks-*"} if not set(given) & {"manifest"} else {}) | given,
        master="local[2]",
    )


def rows(url: str, runs: Iterable[Run] | None = None, **given: str) -> list[Row]:
    """The rows of these runs, or of all that the options name."""
    wish = options(url, **given)
    if runs is None:
        runs = wish.origin.runs(open_objects(url), narrowing=Narrowing())
    batches = [batch for task in tasks_of(runs, options=wish) for batch in read(task, options=wish)]
    schema = arrow_schema(digital=wish.digital)
    assert all(batch.schema.equals(schema) for batch in batches)
    return pa.Table.from_batches(batches, schema=schema).to_pylist()


def traces(table: Iterable[Mapping[str, Any]]) -> dict[tuple[str, int], np.ndarray]:
    """The windows of each channel's stretches, joined: they have no holes."""
    found: dict[tuple[str, int], list[Mapping[str, Any]]] = {}
    for row in table:
        if row["fault"] is None:
            found.setdefault((row["label"], row["stretch"]), []).append(row)
    for of in found.values():
        of.sort(key=lambda row: row["window"])
        assert [row["window"] for row in of] == list(range(len(of)))
    return {key: np.concatenate([row["samples"] for row in of]) for key, of in found.items()}


def faults(table: Iterable[Mapping[str, Any]]) -> dict[tuple[str, int], str]:
    """By label and chunk; each once."""
    told: dict[tuple[str, int], str] = {}
    for row in table:
        if row["fault"] is not None:
            assert (row["label"], row["chunk"]) not in told
            assert row["samples"] is None
            assert row["window"] is None
            told[row["label"], row["chunk"]] = row["fault"]
    return told
