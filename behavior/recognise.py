"""What a file looks like that is no session's JSON, so that the person who chose it knows what to do.

Owns: the guesses. They are for a sentence alone and decide nothing. Plain Python, no third party.
"""

import csv
import json
import re
from collections.abc import Sequence
from typing import Any

SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"PK\x03\x04", "a zip archive or an Excel workbook"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"%PDF", "a PDF"),
    (b"\xd0\xcf\x11\xe0", "an old Excel or Word file"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"MATLAB 5.0", "a MATLAB file"),
    (b"\x89HDF", "an HDF5 or MATLAB file"),
    (b"\x80\x02", "a pickled psydat file"),
    (b"\x80\x03", "a pickled psydat file"),
    (b"\x80\x04", "a pickled psydat file"),
    (b"0       ", "an EDF recording, which manage.py ingest_edf takes"),
    (b"\xffBIOSEMI", "a BDF recording, which manage.py ingest_edf takes"),
)
START_WORDS = ("start_time", "wall_start_time", "overallStartTime", "wall_time", "startTime")
STOP_WORDS = ("end_time", "stop_time", "wall_stop_time", "wall_end_time", "overallEndTime", "wall_time", "endTime")

_MARKUP = re.compile(r"\s*(<!doctype html|<html|<head|<body|<\?xml|<!--)", re.IGNORECASE)
_SAMPLE_LINES = 20


def binary(content: bytes) -> str:
    """What bytes look like that are no text; empty where they may be text."""
    if not content:
        return "an empty file"
    for signature, name in SIGNATURES:
        if content.startswith(signature):
            return name
    if not content.strip(b"\0 \t\r\n"):
        return "a file with nothing in it"
    if b"\0" in content[:4096] and not content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "a binary file"
    return ""


def text(content: str) -> str:
    """What a text looks like that is not JSON from its first character to its last."""
    if not content.strip():
        return "a file with nothing in it"
    if markup := _MARKUP.match(content):
        return "an XML file" if "xml" in markup[1] else "a web page that was saved in the file's place"
    if content.lstrip().startswith(("{", "[")):
        return "JSON that breaks off or is damaged"
    lines = [line for line in content.splitlines() if line.strip()]
    if delimiter := _delimiter(lines[:_SAMPLE_LINES]):
        names = {",": "commas", ";": "semicolons", "\t": "tabs"}
        return f"a table with {names[delimiter]} (CSV), {len(lines):,} lines"
    return "a text that is no JSON"


def values(found: Sequence[Any]) -> str:
    """What the JSON values of a file look like, none of which is a session's document."""
    if len(found) > 1 and all(isinstance(each, dict) for each in found):
        return f"a task's raw output (JSON Lines, {len(found):,} lines)"
    kinds: dict[type, str] = {dict: "a JSON object without a session's meta", list: "a JSON list"}
    return kinds.get(type(found[0]), "a JSON value") if len(found) == 1 else f"{len(found):,} JSON values in a row"


def times(found: Sequence[Any]) -> tuple[str, str]:
    """Start and stop as the values of a file tell them, each empty where nothing does."""
    rows = [each for each in found if isinstance(each, dict)]
    if len(found) == 1 and isinstance(found[0], list):
        rows = [each for each in found[0] if isinstance(each, dict)]
    if not rows:
        return "", ""
    stop = word_of(rows[-1], STOP_WORDS)
    if len(rows) == 1 and stop == word_of(rows[0], ("wall_time",)):
        stop = ""
    return word_of(rows[0], START_WORDS), stop


def word_of(row: dict[str, Any], words: Sequence[str]) -> str:
    """The first of these keys that holds something like a time of day, as it is written."""
    for word in words:
        value = row.get(word)
        if isinstance(value, str) and value.count(":") >= 1 and len(value) <= 20:
            return value.strip()
    return ""


def json_values(content: str) -> list[Any]:
    """The JSON values that follow one another in a text, with blanks or nothing between them.

    Raises `ValueError` where something else does, `RecursionError` for one nested too deep.
    """
    decoder = json.JSONDecoder()
    found, at = [], _past_blanks(content, 0)
    while at < len(content):
        value, at = decoder.raw_decode(content, at)
        found.append(value)
        at = _past_blanks(content, at)
    return found


def _past_blanks(content: str, at: int) -> int:
    while at < len(content) and content[at] in " \t\r\n\0\x1a":
        at += 1
    return at


def _delimiter(lines: Sequence[str]) -> str:
    if len(lines) < 2:
        return ""
    for delimiter in ",;\t":
        try:
            widths = {len(row) for row in csv.reader(lines, delimiter=delimiter)}
        except csv.Error:
            continue
        if len(widths) == 1 and widths.pop() > 1:
            return delimiter
    return ""
