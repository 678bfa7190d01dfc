"""When a recording began by its own clock: what the header says, or what a person gave instead."""

import datetime as dt
from dataclasses import dataclass
from typing import Literal

from chunks.edf.errors import EdfDamaged, StartUnknown
from chunks.edf.findings import Findings
from chunks.edf.header import Header
from chunks.edf.timeline import Timeline

StartSource = Literal["header", "startdate field", "given"]


@dataclass(frozen=True)
class Start:
    """The header's start time, naive, and how it is known; the date is a real one and does not show in a `repr`."""

    header_start: dt.datetime
    source: StartSource

    def __repr__(self) -> str:
        return f"Start(source={self.source!r})"


def resolve_start(header: Header, *, given: dt.datetime | None, findings: Findings) -> Start:
    """Decide the header's start time; a given one wins.

    Raises:
        StartUnknown: the header has none and none was given.
        ValueError: the given one has a time zone.
    """
    if given is not None and given.tzinfo is not None:
        raise ValueError("a recording's start is by the recorder's own clock and has no time zone")
    if header.start is None:
        problem = "The start date or time in the header is missing or impossible"
        if given is None:
            raise StartUnknown(f"{problem}: give the start with --start 'YYYY-MM-DD HH:MM:SS'.")
        findings.add("start-unknown", f"{problem}; the given start was taken.")
        return Start(given, "given")
    if given is not None:
        findings.add("start-given", "The start was given and replaces the one in the header.")
        return Start(given, "given")
    return Start(header.start, header.start_source)


def check_calendar(start: Start, *, timeline: Timeline) -> None:
    """Refuse a recording that no calendar holds.

    Raises:
        EdfDamaged: its first or last instant is outside the years 1 to 9999.
    """
    try:
        begin = start.header_start + dt.timedelta(microseconds=timeline.start_us)
        for offset_us in (min(stretch.offset_us for stretch in timeline.stretches), timeline.end_us):
            begin + dt.timedelta(microseconds=offset_us)
    except OverflowError:
        seconds = timeline.end_us // 1_000_000
        raise EdfDamaged(f"The recording would last {seconds:,} s, which no calendar holds.") from None
