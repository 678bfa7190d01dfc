"""`sessions.csv`: the sessions of a download, each with the recordings that hold it and where it begins in them.

Owns: its columns, both ways. A row for each session and recording; one without a recording has empty cells. Times are
on that recording's clock. `offset_s` is from the recording's start to the session's, by the clocks of two computers,
which is good to seconds at best, and `accuracy` says so. Where a session was aligned, by triggers or by hand, the
instant t (in seconds) of the task's own clock lies `zero_s` + (1 + `drift_ppm` / 1,000,000) · t after the recording's
start.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

from behavior.alignment import Alignment, from_json
from behavior.alignment_errors import AlignmentUnreadable
from behavior.keys import split_file_name
from chunks.format.clock import since_day_zero_us
from downloads.session_files import SessionFiles
from people.spreadsheet import line, tamed, wild
from selections.joined import Joined, Touched
from selections.resolve import Resolved
from selections.session_table import BY_CLOCK, moment_of

COLUMNS = (
    "patient",
    "task",
    "file",
    "path",
    "day",
    "start",
    "stop",
    "covered",
    "state",
    "recording",
    "offset_s",
    "method",
    "accuracy",
    "zero_s",
    "drift_ppm",
    "session_clock_offset_s",
    "recording_clock_offset_s",
    "remarks",
)
# The rest is text that files and people wrote.
NUMBERS = frozenset(
    {"day", "covered", "offset_s", "zero_s", "drift_ppm", "session_clock_offset_s", "recording_clock_offset_s"}
)
ACCURACY_OF_CLOCK = "by clock: good to seconds at best"


def list_of_sessions(resolved: Resolved, *, files: SessionFiles) -> bytes:
    """The content of `sessions.csv`; empty where no task was asked for."""
    return write_sessions(resolved.sessions, files=files) if resolved.selection.tasks else b""


def write_sessions(sessions: Iterable[Joined], *, files: SessionFiles) -> bytes:
    """The table (UTF-8, a header line, `\\n`); `read_sessions` gives its cells back."""
    rows = (row for session in sessions for row in _rows(session, files=files))
    cells = ([row[name] if name in NUMBERS else tamed(row[name]) for name in COLUMNS] for row in rows)
    return "".join([line(COLUMNS), *map(line, cells)]).encode()


def read_sessions(content: bytes) -> list[dict[str, str]]:
    """The cells of each row, by column."""
    rows = csv.DictReader(io.StringIO(content.decode(), newline=""), strict=True)
    return [{name: cell if name in NUMBERS else wild(cell) for name, cell in row.items()} for row in rows]


def _rows(session: Joined, *, files: SessionFiles) -> Iterator[dict[str, str]]:
    places: Sequence[Touched | None] = session.recordings or (None,)
    alignment = _alignment(session)
    for place in places:
        texts = _of_session(session, place, files=files) | _aligned(session, place, alignment)
        yield dict.fromkeys(COLUMNS, "") | texts


def _of_session(session: Joined, place: Touched | None, *, files: SessionFiles) -> dict[str, str]:
    record, own = session.record, place.own if place else session.own
    key = split_file_name(record.file_name)[0]
    texts = {
        "patient": record.subject,
        "task": session.task,
        "file": record.file_name,
        "path": files.paths.get(key, ""),
        "day": str(record.day),
        "start": moment_of(session, own.start_us).isoformat(timespec="microseconds"),
        "stop": moment_of(session, own.stop_us).isoformat(timespec="microseconds"),
        "covered": f"{session.covered:.6f}",
        "state": session.state.value,
        "session_clock_offset_s": _seconds(session.clock_offset_us),
        "remarks": "; ".join(filter(None, [_corrected(session), files.left_out.get(key, "")])),
    }
    if place:
        texts |= {
            "recording": place.name,
            "offset_s": _seconds(place.offset_us),
            "recording_clock_offset_s": _seconds(place.clock_offset_us),
        }
    return texts


def _aligned(session: Joined, place: Touched | None, alignment: Alignment | None) -> dict[str, str]:
    if alignment is None or alignment.method == BY_CLOCK:
        return {"method": BY_CLOCK, "accuracy": ACCURACY_OF_CLOCK}
    texts = {"method": alignment.method, "accuracy": _accuracy(alignment), "drift_ppm": f"{alignment.drift_ppm:.3f}"}
    if place:
        # `since` is on the clock of the recording that holds most of the session; another may have another clock.
        between_us = place.own.start_us - session.own.start_us
        since_us = since_day_zero_us(session.record.subject, alignment.since) + between_us
        texts["zero_s"] = f"{(since_us - place.recording_start_us) / 1e6 + alignment.offset_s:.6f}"
    return texts


def _accuracy(alignment: Alignment) -> str:
    if alignment.method != "triggers":
        return "by hand"
    median = alignment.residual_median_s
    residual = "" if median is None else f", median residual {median:.6f} s"
    return f"by {alignment.matched} of {alignment.expected} codes{residual}"


def _alignment(session: Joined) -> Alignment | None:
    """None too for one that cannot be read: then the clocks are all there is."""
    if session.alignment is None:
        return None
    try:
        return from_json(session.alignment)
    except AlignmentUnreadable:
        return None


def _corrected(session: Joined) -> str:
    return f"corrected: {session.corrected}" if session.corrected else ""


def _seconds(us: int) -> str:
    return f"{us / 1e6:.6f}"
