"""Trials as a table, whatever a file holds."""

import json
from typing import Any

import pytest

from behavior.trials import CELL, COLUMNS, ROWS, trials_of


def test_rows_of_different_keys_share_their_columns() -> None:
    found = trials_of([{"a": 1, "b": "x"}, {"b": None, "c": [1, {"d": 2}]}, 7])
    assert found.columns == ("a", "b", "c", "value")
    assert found.rows == (("1", "x", "", ""), ("", "null", '[1, {"d": 2}]', ""), ("", "", "", "7"))
    assert (found.rows_all, found.columns_all) == (3, 4)


@pytest.mark.parametrize(
    ("data", "columns", "rows"),
    [
        ([], (), ()),
        (None, (), ()),
        ("", (), ()),
        ({}, (), ()),
        ("text", ("value",), (("text",),)),
        (0, ("value",), (("0",),)),
        (False, ("value",), (("false",),)),
        ([[1, 2], [3]], ("1", "2"), (("1", "2"), ("3", ""))),
        ({"rt": [0.5, 1.0], "ok": [True, False]}, ("rt", "ok"), (("0.5", "true"), ("1.0", "false"))),
        ({"rt": [1], "n": 2}, ("name", "value"), (("rt", "[1]"), ("n", "2"))),
        ([{"": 1}], ("",), (("1",),)),
    ],
)
def test_other_layouts(data: Any, columns: tuple[str, ...], rows: tuple[tuple[str, ...], ...]) -> None:
    found = trials_of(data)
    assert (found.columns, found.rows) == (columns, rows)


def test_what_is_no_number_and_what_no_page_can_hold_is_shown_as_text() -> None:
    data = json.loads('[{"n": NaN, "i": Infinity, "big": 1e400, "\\ud800": "\\udfff\\u202e\\u0000<b>"}]')
    found = trials_of(data)
    assert found.rows == (("NaN", "Infinity", "Infinity", "\\udfff\\u202e\\x00<b>"),)
    "".join((*found.columns, *found.rows[0])).encode()


def test_rows_columns_and_cells_are_bounded_and_the_rest_is_counted() -> None:
    wide = [{f"column {number}": "x" * 10_000 for number in range(COLUMNS + 5)} for _ in range(ROWS + 7)]
    found = trials_of(wide)
    assert (len(found.rows), len(found.columns)) == (ROWS, COLUMNS)
    assert (found.rows_all, found.columns_all) == (ROWS + 7, COLUMNS + 5)
    assert max(len(cell) for row in found.rows for cell in row) == CELL + 1


def test_what_is_nested_too_deep_is_said() -> None:
    deep: Any = 1
    for _ in range(100_000):
        deep = [deep]
    assert trials_of([{"deep": deep}]).rows == (("(nested too deep to show)",),)
