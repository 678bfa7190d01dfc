"""Notes are written, read back and checked; the rest of a session is untouched by them."""

import json
from typing import Any

import pytest

from behavior.errors import NotesUnreadable
from behavior.notes import Change, Notes, SessionNotes, read_notes, write_notes

CHANGE = Change(at="2026-01-01T00:00:00Z", by="dora", session=2, changes={"day": 4}, reason="typed wrong")


def test_notes_come_back_as_they_were_written() -> None:
    notes = Notes(sessions={1: SessionNotes(alignment={"method": "triggers"})}).having(
        2,
        SessionNotes(corrections={"day": 4}, clock_offset_us=-3_600_000_000, clock_offset_source="hand"),
        change=CHANGE,
    )
    assert read_notes(write_notes(notes)) == notes


def test_a_session_without_notes_has_empty_ones() -> None:
    assert Notes().of(3) == SessionNotes()


@pytest.mark.parametrize(
    "session",
    [
        [],
        {"corrections": {"file name": "x"}},
        {"corrections": {"day": True}},
        {"corrections": {"day": [1]}},
        {"clock_offset_us": 1.5},
        {"clock_offset_us": 10**18},
        {"clock_offset_source": 3},
        {"alignment": "good"},
    ],
)
def test_wrong_notes_are_refused(session: Any) -> None:
    with pytest.raises(NotesUnreadable):
        read_notes(json.dumps({"version": 1, "sessions": {"1": session}}).encode())


@pytest.mark.parametrize("whole", [b"", b"[]", b'{"version": 2}', b'{"version": 1, "sessions": {"0": {}}}'])
def test_what_are_no_notes_is_refused(whole: bytes) -> None:
    with pytest.raises(NotesUnreadable):
        read_notes(whole)
