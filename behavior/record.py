"""The record of a session: which task, which patient, from when to when.

Owns: how it is read from a session's JSON and its notes, and its six attributes both ways, old dialects too. Plain
Python, no third party but `chunks.format`: the Lambda imports it.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from behavior.documents import FIELDS, Document, read_documents
from behavior.errors import BadSession
from behavior.keys import file_name
from behavior.notes import NONE_YET, Notes
from behavior.subject import parse_subject
from behavior.wall_time import DAY_US, as_old_scripts_read, parse_wall_time
from chunks.format.clock import DAY_FIRST, DAY_LAST, day_of, instant

EXPERIMENT, FILE_NAME, SUBJECT, DAY = "experiment", "file name", "subject", "day"
START, STOP = "start time", "stop time"
EXPERIMENT_LIMIT, FILE_NAME_LIMIT = 200, 500

_WHOLE = re.compile(r"(?<=[0-9])\.0+$")
_OLD_SPELLINGS = {FILE_NAME: "file_name", START: "start_time", STOP: "stop_time"}


@dataclass(frozen=True, kw_only=True)
class SessionRecord:
    """One patient doing one task once. `file_name` is the object's key, with `#2`, … for its further documents; times
    are on the patient's clock (naive, see `chunks.format.clock`), without any clock offset."""

    experiment: str
    file_name: str
    start: datetime
    stop: datetime
    subject: str
    day: int


def records_of(content: bytes, *, key: str, notes: Notes | None = None) -> Sequence[SessionRecord]:
    """The records of an object, its notes applied; one for each distinct document.

    Raises `NotASession` for what no session can be read from, `BadSession` for a value that cannot be.
    """
    return [record_of(each, key=key, notes=notes) for each in read_documents(content)]


def record_of(document: Document, *, key: str, notes: Notes | None = None) -> SessionRecord:
    """The record of one document, its notes applied. Raises `BadSession`."""
    corrections = (notes.of(document.number) if notes else NONE_YET).corrections
    meta = {**document.meta, **corrections}
    missing = [name for name in FIELDS if is_blank(meta.get(name))]
    if missing:
        raise BadSession(
            f"The session does not say its {', '.join(missing)}. Say it: ingest_behavior --task, --patient and --day "
            "for a new one, set_session for one that is stored."
        )
    subject, day = _subject(meta["subject"]), _day(meta["day"])
    start_us, stop_us = _time(meta["start_time"], name="start"), _time(meta["stop_time"], name="stop")
    if stop_us < start_us:
        stop_us += DAY_US  # it ran past midnight
    return SessionRecord(
        experiment=_experiment(meta["experiment"]),
        file_name=_file_name(file_name(key, number=document.number)),
        start=instant(subject, since_day_zero_us=day * DAY_US + start_us),
        stop=instant(subject, since_day_zero_us=day * DAY_US + stop_us),
        subject=subject,
        day=day,
    )


def attributes(record: SessionRecord) -> dict[str, str | int]:
    """The six attributes of a record as the table of sessions keeps them."""
    return {
        EXPERIMENT: record.experiment,
        FILE_NAME: record.file_name,
        START: record.start.isoformat(sep=" "),
        STOP: record.stop.isoformat(sep=" "),
        SUBJECT: record.subject,
        DAY: record.day,
    }


def from_attributes(item: Mapping[str, Any]) -> SessionRecord:
    """The record of six attributes, in the spelling of old tables too. Raises `BadSession`."""
    values = {name: item.get(name, item.get(_OLD_SPELLINGS.get(name, name))) for name in (EXPERIMENT, FILE_NAME)}
    try:
        start, stop = _instant(item, START), _instant(item, STOP)
        subject = _text(item[SUBJECT])
        day = _day(item[DAY]) if DAY in item else day_of(subject, start)
    except (KeyError, ValueError) as error:
        raise BadSession(f"A record of {values[FILE_NAME]!r} cannot be read: {error}.") from None
    return SessionRecord(
        experiment=_text(values[EXPERIMENT]),
        file_name=_text(values[FILE_NAME]),
        start=start,
        stop=stop,
        subject=subject,
        day=day,
    )


def faults_of(item: Mapping[str, Any], *, truth: SessionRecord) -> Sequence[str]:
    """In what an item of the table differs from the record it should be; empty where it is that record.

    What the lab's scripts of 2017 did wrong is told by name.
    """
    if dict(item) == attributes(truth):
        return []
    faults = [f"old spelling {old!r}" for old in _OLD_SPELLINGS.values() if old in item]
    try:
        held = from_attributes(item)
    except BadSession:
        return [*faults, "unreadable"]
    pairs = ((held.start, truth.start), (held.stop, truth.stop))
    if held.start != truth.start or held.stop != truth.stop:
        old = all(time.microsecond == as_old_scripts_read(true.microsecond) for time, true in pairs)
        same_second = all(time.replace(microsecond=0) == true.replace(microsecond=0) for time, true in pairs)
        faults.append("microseconds read as a fraction" if old and same_second else "other times")
    others = ("experiment", "subject", "day")
    faults += [f"other {name}" for name in others if getattr(held, name) != getattr(truth, name)]
    return faults or ["other form"]


def is_blank(value: Any) -> bool:  # noqa: ANN401 (whatever JSON holds)
    """Whether a value of meta says nothing."""
    return value is None or (isinstance(value, str) and not value.strip())


def _experiment(value: Any) -> str:  # noqa: ANN401 (as above)
    text = " ".join(_text(value).split())
    if not text.isprintable() or len(text) > EXPERIMENT_LIMIT:
        raise BadSession(f"{text[:80]!r} cannot be a task's name: write up to {EXPERIMENT_LIMIT} printable characters.")
    return text


def _file_name(name: str) -> str:
    if len(name) > FILE_NAME_LIMIT:
        raise BadSession(f"The key of a session has {len(name)} characters, and at most {FILE_NAME_LIMIT} can be kept.")
    return name


def _subject(value: Any) -> str:  # noqa: ANN401 (as above)
    return parse_subject(_WHOLE.sub("", _text(value).strip()))


def _day(value: Any) -> int:  # noqa: ANN401 (as above)
    try:
        if isinstance(value, bool):
            raise ValueError  # noqa: TRY004 (told as every other)
        number = Decimal(str(value).strip())
        day = int(number)
        if day != number or not DAY_FIRST <= day <= DAY_LAST:
            raise ValueError
    except (ArithmeticError, ValueError):
        raise BadSession(
            f"{str(value)[:40]!r} is no day: write a whole number counted from implantation (day 0), "
            f"{DAY_FIRST} to {DAY_LAST}."
        ) from None
    return day


def _time(value: Any, *, name: str) -> int:  # noqa: ANN401 (as above)
    try:
        return parse_wall_time(_text(value))
    except ValueError as error:
        raise BadSession(f"The {name} of the session cannot be read: {error}.") from None


def _instant(item: Mapping[str, Any], name: str) -> datetime:
    moment = datetime.fromisoformat(_text(item[name] if name in item else item[_OLD_SPELLINGS[name]]))
    if moment.tzinfo is not None:
        raise ValueError(f"its {name} has a time zone")
    return moment


def _text(value: Any) -> str:  # noqa: ANN401 (as above)
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal) or not math.isfinite(value):
        raise BadSession(f"{str(value)[:40]!r} is neither text nor a number.")
    return str(value)
