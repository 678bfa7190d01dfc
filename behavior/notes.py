"""What people add to a session: corrections, clock offset, alignment, kept as `<key>.notes.json` beside it.

Owns: how such notes are written, read and checked. The uploaded JSON stays as it came; whoever indexes a session reads
its notes too. Plain Python, no third party.

    {"version": 1,
     "sessions": {"1": {"corrections": {"experiment": …, "subject": …, "day": …, "start_time": …, "stop_time": …},
                        "clock_offset_us": -3600000000, "clock_offset_source": "hand",
                        "alignment": {…}}},
     "history": [{"at": …, "by": …, "session": 1, "changes": {…}, "reason": …}]}

Sessions are numbered as the documents of the object. Every part may be missing. A clock offset is added to the
session's own times wherever they are joined with recordings, and nowhere else. `alignment` is kept as its owner
(`behavior.alignment`) wrote it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from behavior.documents import FIELDS
from behavior.errors import NotesUnreadable

VERSION = 1
OFFSET_LIMIT_US = 400 * 24 * 3600 * 1_000_000
SOURCE_LIMIT = 40


@dataclass(frozen=True, kw_only=True)
class SessionNotes:
    """What was added to one session."""

    corrections: Mapping[str, str | int | float] = field(default_factory=dict)  # FIELDS, those that were corrected
    clock_offset_us: int = 0
    clock_offset_source: str = ""
    alignment: Mapping[str, Any] | None = None


@dataclass(frozen=True, kw_only=True)
class Change:
    """One entry of the history: who changed what, when (UTC, ISO) and why."""

    at: str
    by: str
    session: int
    changes: Mapping[str, Any]
    reason: str


@dataclass(frozen=True, kw_only=True)
class Notes:
    """The notes of one object."""

    sessions: Mapping[int, SessionNotes] = field(default_factory=dict)
    history: Sequence[Change] = ()

    def of(self, number: int) -> SessionNotes:
        """The notes of one session; empty ones where there are none."""
        return self.sessions.get(number, NONE_YET)

    def having(self, number: int, notes: SessionNotes, *, change: Change) -> "Notes":
        """These notes with those of one session replaced, and the change in the history."""
        return replace(self, sessions={**self.sessions, number: notes}, history=(*self.history, change))


NONE_YET = SessionNotes()


def read_notes(content: bytes) -> Notes:
    """Raises `NotesUnreadable`, naming the part that is wrong."""
    try:
        plain = json.loads(content)
    except (ValueError, RecursionError):
        raise NotesUnreadable("The notes of this session are no JSON. Put them right or remove them.") from None
    if not isinstance(plain, dict) or plain.get("version") != VERSION:
        raise NotesUnreadable(f"The notes of this session are not of version {VERSION}: was the portal updated?")
    held, history = plain.get("sessions", {}), plain.get("history", [])
    if not isinstance(held, dict):
        raise _wrong("sessions", held)
    if not isinstance(history, list):
        raise _wrong("history", history)
    sessions = {_number(number): _session(each) for number, each in held.items()}
    return Notes(sessions=sessions, history=tuple(map(_change, history)))


def write_notes(notes: Notes) -> bytes:
    """The notes as they are kept; `read_notes` gives them back."""
    sessions = {str(number): _plain(each) for number, each in sorted(notes.sessions.items())}
    history = [
        {"at": each.at, "by": each.by, "session": each.session, "changes": dict(each.changes), "reason": each.reason}
        for each in notes.history
    ]
    document = {"version": VERSION, "sessions": sessions, "history": history}
    return json.dumps(document, ensure_ascii=False, indent=1).encode()


def _plain(notes: SessionNotes) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    if notes.corrections:
        plain["corrections"] = dict(notes.corrections)
    if notes.clock_offset_us or notes.clock_offset_source:
        plain["clock_offset_us"] = notes.clock_offset_us
        plain["clock_offset_source"] = notes.clock_offset_source
    if notes.alignment is not None:
        plain["alignment"] = dict(notes.alignment)
    return plain


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise _wrong("the number of a session", text)
    return int(text)


def _session(plain: Any) -> SessionNotes:  # noqa: ANN401 (whatever JSON holds)
    if not isinstance(plain, dict):
        raise _wrong("the notes of a session", plain)
    corrections, alignment = plain.get("corrections", {}), plain.get("alignment")
    if not isinstance(corrections, dict) or set(corrections) - set(FIELDS):
        raise _wrong("corrections", corrections)
    for value in corrections.values():
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise _wrong("a correction", value)
    offset, source = plain.get("clock_offset_us", 0), plain.get("clock_offset_source", "")
    if isinstance(offset, bool) or not isinstance(offset, int) or abs(offset) > OFFSET_LIMIT_US:
        raise _wrong("clock_offset_us", offset)
    if not isinstance(source, str) or len(source) > SOURCE_LIMIT:
        raise _wrong("clock_offset_source", source)
    if alignment is not None and not isinstance(alignment, dict):
        raise _wrong("alignment", alignment)
    return SessionNotes(
        corrections=corrections, clock_offset_us=offset, clock_offset_source=source, alignment=alignment
    )


def _change(plain: Any) -> Change:  # noqa: ANN401 (as above)
    if not isinstance(plain, dict) or not isinstance(plain.get("changes", {}), dict):
        raise _wrong("an entry of the history", plain)
    session = plain.get("session", 1)
    return Change(
        at=str(plain.get("at", "")),
        by=str(plain.get("by", "")),
        session=session if isinstance(session, int) else 1,
        changes=plain.get("changes", {}),
        reason=str(plain.get("reason", "")),
    )


def _wrong(part: str, value: object) -> NotesUnreadable:
    return NotesUnreadable(
        f"The notes of this session are wrong: {part} cannot be {str(value)[:80]!r}. Put them right."
    )
