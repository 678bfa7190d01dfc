"""Cells of CSV files that people open in a spreadsheet, which would run some of them.

Owns: how a cell is written so that it stays text, and read back as it was (UTF-8, RFC 4180 with `\\n`). Plain Python.
"""

import re
from collections.abc import Iterable

# A spreadsheet runs a cell that begins with one of these; with an apostrophe before it, it is text. Apostrophes that
# were there are kept apart by adding one more.
_RUNS = re.compile(r"'*[=+\-@\t\r]")
_TAMED = re.compile(r"'+[=+\-@\t\r]")
_QUOTE = '"'
_NEEDS_QUOTES = re.compile(r'[,"\r\n]').search


def tamed(cell: str) -> str:
    """The cell as text that no spreadsheet runs."""
    return f"'{cell}" if _RUNS.match(cell) else cell


def wild(cell: str) -> str:
    """The cell as it was before `tamed`."""
    return cell[1:] if _TAMED.match(cell) else cell


def line(cells: Iterable[str]) -> str:
    """One row. `csv.writer` leaves a carriage return bare before Python 3.13."""
    return ",".join(f'"{cell.replace(_QUOTE, _QUOTE * 2)}"' if _NEEDS_QUOTES(cell) else cell for cell in cells) + "\n"
