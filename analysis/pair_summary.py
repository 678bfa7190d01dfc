"""What a page says of a result of pairs: a matrix of the channels for each task and code, and the strongest of all.

Owns: the matrices, bounded as an analysis's channels are; each is a file of its own beside the result.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from analysis.known import Known
from analysis.tables import Tables, rounded

MATRICES, PAIRS = 100, 60
Group = tuple[str, int]


def matrices_of(tables: Tables, *, known: Known) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """(which one it is, its matrices by value), of one patient, by task and code; of the first 100 alone."""
    labels: set[str] = set()
    groups: dict[Group, tuple[int, int]] = {}
    for table in tables.walked(["task", "code", "label", "other", "events", "averages"]):
        labels |= {*table.column("label").to_pylist(), *table.column("other").to_pylist()}
        for task, code, *most in zip(
            *(table.column(name).to_pylist() for name in ("task", "code", "events", "averages")), strict=True
        ):
            groups[task, code] = max((most[0], most[1]), groups.get((task, code), (0, 0)))
    ordered = sorted(labels, key=_natural)
    place_of = {label: place for place, label in enumerate(ordered)}
    shape = (len(ordered), len(ordered))
    kept = sorted(groups)[:MATRICES]
    found = {group: {name: np.full(shape, np.nan) for name in known.values} for group in kept}
    for table in tables.walked(["task", "code", "label", "other", *known.values]):
        for row in table.to_pylist():
            if own := found.get((row["task"], row["code"])):
                one, other = place_of[row["label"]], place_of[row["other"]]
                for name in known.values:
                    own[name][[one, other], [other, one]] = np.nan if row[name] is None else row[name]
    for task, code in kept:
        cells = {name: [rounded(row) for row in matrix] for name, matrix in found[task, code].items()}
        about = {"task": task, "code": code, "events": groups[task, code][0], "averages": groups[task, code][1]}
        yield about, {"labels": ordered, "cells": cells}


def strongest(tables: Tables, *, known: Known) -> list[dict[str, Any]]:
    """The pairs with the highest coherence in any band, of all patients, tasks and codes."""
    found: list[dict[str, Any]] = []
    for table in tables.walked(list(known.columns)):
        found = sorted([*found, *table.to_pylist()], key=lambda row: -_highest(row, known.values))[:PAIRS]
    return found


def _highest(row: Mapping[str, Any], names: Sequence[str]) -> float:
    return max((row[name] for name in names if row[name] is not None), default=0.0)


def _natural(label: str) -> list[tuple[int, str]]:
    """LTG2 comes before LTG10: the table does not say the order of the header."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"([0-9]+)", label)]
