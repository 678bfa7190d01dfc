"""The trials of a session as a table for the eye, whatever its `data` are.

Owns: how irregular data become rows and cells, bounded in rows, columns and length. Plain Python. What a screen would
act on rather than show (control characters, halves of surrogate pairs) is written as Python writes it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

ROWS, COLUMNS, CELL = 200, 40, 160
VALUE, NAME = "value", "name"


@dataclass(frozen=True, kw_only=True)
class Trials:
    """The first rows of the data: cells in the order of `columns`, each shortened to `CELL` characters; `rows_all` and
    `columns_all` say how much there is."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    rows_all: int
    columns_all: int


def trials_of(data: Any) -> Trials:  # noqa: ANN401 (whatever JSON holds)
    """A row for each item of a list; an object of equally long lists is read as columns, any other as its values."""
    if isinstance(data, list):
        return _table(data[:ROWS], of=len(data))
    if isinstance(data, dict) and _is_columns(data):
        rows = [dict(zip(data, row, strict=True)) for row in islice(zip(*data.values(), strict=True), ROWS)]
        return _table(rows, of=len(next(iter(data.values()))))
    if isinstance(data, dict):
        return _table([{NAME: name, VALUE: value} for name, value in islice(data.items(), ROWS)], of=len(data))
    there = [] if data is None or data == "" else [data]
    return _table(there, of=len(there))


def _is_columns(data: Mapping[str, Any]) -> bool:
    lists = list(data.values())
    return bool(lists) and all(isinstance(each, list) and each and len(each) == len(lists[0]) for each in lists)


def _table(items: Sequence[Any], *, of: int) -> Trials:
    rows = [_row(item) for item in items]
    names = list(dict.fromkeys(name for row in rows for name in row))
    shown = names[:COLUMNS]
    return Trials(
        columns=tuple(map(shortened, shown)),
        rows=tuple(tuple(_cell(row[name]) if name in row else "" for name in shown) for row in rows),
        rows_all=of,
        columns_all=len(names),
    )


def _row(item: Any) -> dict[str, Any]:  # noqa: ANN401 (as above)
    if isinstance(item, dict):
        return item
    if isinstance(item, list):
        return {str(place): value for place, value in enumerate(item, 1)}
    return {VALUE: item}


def _cell(value: Any) -> str:  # noqa: ANN401 (as above)
    if isinstance(value, str):
        return shortened(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return f"{value:.1f}"
    try:
        return shortened(json.dumps(value, ensure_ascii=False))
    except (RecursionError, ValueError):
        return "(nested too deep to show)"


def shortened(text: str) -> str:
    """The text as a page can show it, its end left out where it is long."""
    cut = text[:CELL]
    shown = "".join(each if each.isprintable() else repr(each)[1:-1] for each in cut)
    return f"{shown}…" if len(text) > CELL else shown
