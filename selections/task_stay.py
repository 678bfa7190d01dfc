"""What a question with tasks means for one patient: the time of her sessions, as far as it lies in the time asked for.

Owns: how sessions become intervals on the clocks of recordings. Where all recordings have one clock offset, as a rule,
there is one set of intervals; else each recording has its own. Which chunks are found is decided by these, whatever one
channel of a recording tells (`selections.joined`).
"""

from collections.abc import Iterator
from dataclasses import replace

from selections.intervals import Interval, Intervals, intersection, overlaps, union
from selections.joined import Joined, PatientSessions, Place
from selections.selection import Selection
from selections.stay import Held, Stay, recorded_of, stay_within


def asked_sessions(of: PatientSessions, selection: Selection) -> tuple[Joined, ...]:
    """The sessions of which a part, padding counted, lies in the time asked for."""
    if not selection.when and not selection.hours:
        return of.sessions
    return tuple(each for each in of.sessions if _is_asked(each, selection))


def task_stay_of(of: PatientSessions, selection: Selection) -> Stay:
    """As `selections.stay.stay_of`, for the patient's sessions alone; no query."""
    recorded = recorded_of(of.held)
    if recorded is None:
        return stay_within(of.patient, selection, held=(), intervals=())
    asked = selection.intervals_for(recorded.start_us, recorded.stop_us)
    offsets = {each.offset_us for each in of.held}
    windows = {offset_us: intersection(asked, _windows(of, offset_us)) for offset_us in offsets}
    if len(offsets) == 1:
        return _known(of, stay_within(of.patient, selection, held=of.held, intervals=windows[offsets.pop()]))
    held = tuple(replace(each, asked=intersection(windows[each.offset_us], (each.span,))) for each in of.held)
    intervals = union([*_of_recordings(held), *intersection(asked, _unrecorded(of))])
    return _known(of, stay_within(of.patient, selection, held=held, intervals=intervals))


def asked_windows(of: PatientSessions, selection: Selection, *, place: Place) -> tuple[tuple[Interval, str], ...]:
    """When each session serves a recording (bucket and name), on its clock, with the session's file name, by start: the
    parts of its window that lie in the time asked for.
    """
    held = next((each for each in of.held if (each.bucket, each.name) == place), None)
    if held is None:
        return ()
    found = []
    for session in of.sessions:
        window = _moved(session, held.offset_us)
        asked = selection.intervals_for(window.start_us, window.stop_us)
        found += [(part, session.record.file_name) for part in asked]
    return tuple(sorted(part for part in found if held.touches(part[0])))


def _known(of: PatientSessions, stay: Stay) -> Stay:
    return replace(stay, longest_us=of.longest_us)


def _is_asked(session: Joined, selection: Selection) -> bool:
    return any(overlaps(selection.intervals_for(window.start_us, window.stop_us), window) for window in session.windows)


def _windows(of: PatientSessions, recorder_us: int) -> Intervals:
    """Those of all sessions on the clock of recordings with this offset."""
    return union(_moved(each, recorder_us) for each in of.sessions)


def _moved(session: Joined, recorder_us: int) -> Interval:
    by_us = session.recorder_us - recorder_us
    window = session.window
    return Interval(start_us=window.start_us + by_us, stop_us=window.stop_us + by_us)


def _of_recordings(held: tuple[Held, ...]) -> Iterator[Interval]:
    for each in held:
        yield from each.asked or ()


def _unrecorded(of: PatientSessions) -> Intervals:
    return union(each.window for each in of.sessions if not each.recordings)
