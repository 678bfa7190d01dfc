"""A session's JSON, taken apart: its documents and what each says of itself.

Owns: the layouts that are read. Plain Python, no third party.

* `{"meta": {"experiment", "subject", "start_time", "stop_time", "day"}, "data": …}`, one or several appended in one
  file. All five values may be text or numbers. `data` may be anything, with bare NaN too, and is never needed.
  Equal documents are one; the others are numbered from 1 in the order of the file.
* The penalty-shot layout, which is JSON Lines: the first line holds the settings and the start (`start_time`,
  `overallStartTime` or `wall_start_time`), the last line `end_time`. It is told from other raw output by that last key.
  What else a session needs is taken from the first line where it stands there (`experiment`, else `penaltyshot`;
  `subject` or `SubjName`; `day`), and from the session's notes where it does not. Assumed: one file is one session.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from behavior import recognise
from behavior.errors import NotASession

FIELDS = ("experiment", "subject", "start_time", "stop_time", "day")
PENALTY_SHOT = "penaltyshot"
LIMIT_BYTES = 256 * 1024 * 1024

_PENALTY_START = ("start_time", "overallStartTime", "wall_start_time")
_SUBJECT_WORDS = ("subject", "SubjName", "subject_id")


@dataclass(frozen=True, kw_only=True)
class Document:
    """One document of an object: its number (from 1), what it says of itself as written, and its trials."""

    number: int
    meta: Mapping[str, Any]  # FIELDS, those that are there
    data: Any


def read_documents(content: bytes) -> Sequence[Document]:
    """The distinct documents of an object in the order of the file. Raises `NotASession`."""
    found = _values(content)
    if found and all(_is_document(each) for each in found):
        return _distinct(found)
    if document := _penalty_shot(found):
        return [document]
    start, stop = recognise.times(found)
    if any(_is_document(each) for each in found):
        raise NotASession("sessions with something else among them", start=start, stop=stop)
    raise NotASession(recognise.values(found), start=start, stop=stop)


def _values(content: bytes) -> list[Any]:
    if len(content) > LIMIT_BYTES:
        raise NotASession(f"a file too large for a session ({len(content):,} bytes)")
    if looks_like := recognise.binary(content):
        raise NotASession(looks_like)
    text = _text(content)
    try:
        found = recognise.json_values(text)
    except ValueError:
        raise NotASession(recognise.text(text)) from None
    except RecursionError:
        raise NotASession("JSON that is nested too deep") from None
    if not found:
        raise NotASession("a file with nothing in it")
    return found


def _text(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", errors="replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _is_document(value: Any) -> bool:  # noqa: ANN401 (whatever JSON holds)
    return isinstance(value, dict) and isinstance(value.get("meta"), dict)


def _distinct(found: Sequence[Any]) -> Sequence[Document]:
    documents: list[Document] = []
    seen: set[bytes] = set()
    for value in found:
        # As text, since a bare NaN is not equal to itself.
        digest = hashlib.sha256(json.dumps(value, sort_keys=True).encode()).digest()
        if digest not in seen:
            seen.add(digest)
            meta = {field: value["meta"][field] for field in FIELDS if field in value["meta"]}
            documents.append(Document(number=len(documents) + 1, meta=meta, data=value.get("data")))
    return documents


def _penalty_shot(found: Sequence[Any]) -> Document | None:
    if len(found) < 2 or not all(isinstance(each, dict) for each in found):
        return None
    first, last = found[0], found[-1]
    start, stop = recognise.word_of(first, _PENALTY_START), recognise.word_of(last, ("end_time",))
    if not start or not stop:
        return None
    subject = next((first[word] for word in _SUBJECT_WORDS if word in first), None)
    told = {"subject": subject, "day": first.get("day"), "start_time": start, "stop_time": stop}
    meta = {"experiment": first.get("experiment", PENALTY_SHOT)}
    return Document(
        number=1, meta=meta | {field: value for field, value in told.items() if value is not None}, data=found
    )
