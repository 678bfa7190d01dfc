"""What a search shows of sessions: a table, a sentence, JSON.

Owns: the words and columns. Times are the recorder's own clock.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from behavior.alignment import METHODS
from chunks.format.clock import day_zero
from selections.joined import Joined, State, share_text
from selections.table import printable
from selections.times import spell_instant

COLUMNS = ("patient", "task", "start", "stop", "covered", "recordings", "file")
BY_CLOCK = "clock"


def sessions_summary(sessions: Sequence[Joined]) -> str:
    """`12 sessions of 2 tasks and 3 patients: 10 covered, 1 partly, 1 with no recording`."""
    states = Counter(each.state for each in sessions)
    tasks, patients = {each.task for each in sessions}, {each.record.subject for each in sessions}
    parts = [
        f"{states[state]:,} {'with ' if state == State.NO_RECORDING else ''}{state.value}"
        for state in State
        if states[state]
    ]
    of = f"{_count(len(tasks), 'task')} and {_count(len(patients), 'patient')}"
    return f"{_count(len(sessions), 'session')} of {of}: {', '.join(parts)}"


def sessions_table(sessions: Sequence[Joined]) -> str:
    """Aligned columns, two blanks apart."""
    rows = [dict(zip(COLUMNS, COLUMNS, strict=True)), *map(session_cells, sessions)]
    widths = {name: max(len(row[name]) for row in rows) for name in COLUMNS}
    return "\n".join("  ".join(row[name].ljust(widths[name]) for name in COLUMNS).rstrip() for row in rows)


def session_cells(session: Joined) -> dict[str, str]:
    start, stop = (spell_instant(us // 1_000_000 * 1_000_000) for us in (session.own.start_us, session.own.stop_us))
    same_day = start.rpartition(" ")[0] == stop.rpartition(" ")[0]
    texts = {
        "patient": session.record.subject,
        "task": session.task,
        "start": start,
        "stop": stop.rpartition(" ")[2] if same_day else stop,
        "covered": session.state.value if session.state == State.NO_RECORDING else share_text(session.covered),
        "recordings": ", ".join(each.name for each in session.recordings),
        "file": session.record.file_name,
    }
    return {name: printable(text) for name, text in texts.items()}


def session_as_json(session: Joined) -> dict[str, Any]:
    """All details; `start`, `stop` on the recorder's clock, `offset_s` from the recording's start to the session's."""
    return {
        "patient": session.record.subject,
        "task": session.task,
        "file": session.record.file_name,
        "day": session.record.day,
        "start": moment_of(session, session.own.start_us).isoformat(timespec="microseconds"),
        "stop": moment_of(session, session.own.stop_us).isoformat(timespec="microseconds"),
        "covered": session.covered,
        "state": session.state.value,
        "method": method_of(session),
        "clock_offset_s": session.clock_offset_us / 1e6,
        "recordings": [
            {
                "name": each.name,
                "offset_s": each.offset_us / 1e6,
                "clock_offset_s": each.clock_offset_us / 1e6,
            }
            for each in session.recordings
        ],
    }


def method_of(session: Joined) -> str:
    """How it was aligned: by clock alone, good to seconds at best, where nobody has done better."""
    method = (session.alignment or {}).get("method", BY_CLOCK)
    return method if method in METHODS else BY_CLOCK


def moment_of(session: Joined, us: int) -> datetime:
    """An instant of the patient's clock."""
    return day_zero(session.record.subject) + timedelta(microseconds=us)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
