"""Joins sessions to recordings: when a session was on the recorder's clock, and how much of it was recorded.

Owns: the way from a session's times to those of recordings. Both have clock offsets: an instant of a session plus its
offset is the instant of a recording plus the recording's offset. What is read is bounded: the recordings and longest
chunks of 400 patients are two statements; the chunks of one channel of each recording (`selections.coverage`) around
128 sessions, widened by padding and the patient's greatest clock offset, are one. The shifted times then decide,
exactly. The notes of all sessions (offsets, alignment) come from the portal's copy, 400 a statement; never from the
bucket.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from behavior.catalogue import Catalogue
from behavior.models import SessionNote
from behavior.noted import notes_of
from behavior.record import SessionRecord
from chunks.format.clock import since_day_zero_us
from selections.arms import Arm
from selections.coverage import channel_arms, chunk_times
from selections.few import times_in
from selections.intervals import Interval, Intervals, intersection, measure_us, overlaps, union
from selections.padding import NO_PADDING, Padding
from selections.rows import longest_chunks_us
from selections.stay import Held, recordings_of_all

Place = tuple[str, str]
"""Bucket and name of a recording."""


class State(StrEnum):
    """How much of a session was recorded."""

    COVERED = "covered"
    PARTLY = "partly"
    NO_RECORDING = "no recording"


@dataclass(frozen=True, kw_only=True, slots=True)
class Touched:
    """A recording that holds a part of a session's window.

    recording_start_us: of the recording, as `own` (the session's own time) and `window` (padding added) are, on the
    recording's clock. clock_offset_us: the recording's.
    """

    bucket: str
    name: str
    recording_start_us: int
    clock_offset_us: int
    own: Interval
    window: Interval

    @property
    def place(self) -> Place:
        return self.bucket, self.name

    @property
    def offset_us(self) -> int:
        """From the recording's start to the session's; negative where the session began before it."""
        return self.own.start_us - self.recording_start_us


@dataclass(frozen=True, kw_only=True, slots=True)
class Joined:
    """A session and the recordings that touch its window, by start.

    task: its name for people. own: its own time, at least a microsecond; window: with padding; both in microseconds
    since day 0, 00:00, on the clock of the recording that holds most of the window, whose clock offset is
    `recorder_us` (of no recording: with the session's offset alone). covered: the share of its own time that is
    recorded, padding not counted; the recordings of two amplifiers count once. clock_offset_us, corrected (what of it
    people corrected) and alignment are from its notes.
    """

    record: SessionRecord
    task: str
    clock_offset_us: int
    corrected: str
    alignment: Mapping[str, Any] | None
    own: Interval
    window: Interval
    recorder_us: int
    recordings: tuple[Touched, ...]
    covered: float

    @property
    def state(self) -> State:
        if not self.covered:
            return State.NO_RECORDING
        return State.COVERED if self.covered == 1 else State.PARTLY

    @property
    def windows(self) -> Intervals:
        """Its window on the clock of every recording that touches it, else the one it has."""
        return union(each.window for each in self.recordings) or (self.window,)


@dataclass(frozen=True, kw_only=True)
class PatientSessions:
    """Sessions of one patient by start, all recordings in state ok that she has, and her longest chunk."""

    patient: str
    held: tuple[Held, ...]
    sessions: tuple[Joined, ...]
    longest_us: int


def join_all(
    records: Iterable[SessionRecord], *, catalogue: Catalogue, padding: Padding = NO_PADDING
) -> tuple[PatientSessions, ...]:
    """The sessions with their recordings, by patient; none of a patient outside the catalogue's scope."""
    by_patient: dict[str, list[SessionRecord]] = {}
    for record in records:
        if catalogue.scope.allows(record.subject):
            by_patient.setdefault(record.subject, []).append(record)
    notes = notes_of([record.file_name for some in by_patient.values() for record in some])
    held = recordings_of_all(sorted(by_patient))
    longest = longest_chunks_us(list(held))
    asked = [
        _Asked.of(
            patient, by_patient[patient], held=some, notes=notes, padding=padding, longest_us=longest.get(patient, 0)
        )
        for patient, some in held.items()
    ]
    chunks = _chunks(asked)
    return tuple(_of_patient(each, chunks=chunks, catalogue=catalogue, padding=padding) for each in asked)


def join_unrecorded(record: SessionRecord, *, catalogue: Catalogue) -> PatientSessions:
    """One session as it is known while nobody can say what was recorded meanwhile: of no recording. Asks no headers."""
    asked = _Asked.of(
        record.subject, [record], held=(), notes=notes_of([record.file_name]), padding=NO_PADDING, longest_us=0
    )
    return _of_patient(asked, chunks={}, catalogue=catalogue, padding=NO_PADDING)


def join(
    patient: str, records: Iterable[SessionRecord], *, catalogue: Catalogue, padding: Padding = NO_PADDING
) -> tuple[Joined, ...]:
    """One patient's sessions with their recordings, by start; none of a patient outside the catalogue's scope."""
    own = (record for record in records if record.subject == patient)
    return tuple(each for of in join_all(own, catalogue=catalogue, padding=padding) for each in of.sessions)


def share_text(share: float) -> str:
    """A covered share for people: 99.9 % is never said to be all, nor 0.01 % to be nothing."""
    if share in {0, 1}:
        return f"{share:.0%}".replace("%", " %")
    return f"{min(99.9, max(0.1, share * 100)):.1f} %"


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """Sessions of one patient with their own times, and the time in which they lie, whatever the clocks say."""

    patient: str
    timed: list[tuple[Interval, str, SessionRecord]]
    notes: Mapping[str, SessionNote]
    held: tuple[Held, ...]
    within: Intervals
    longest_us: int

    @classmethod
    def of(
        cls,
        patient: str,
        records: Sequence[SessionRecord],
        *,
        held: Sequence[Held],
        notes: Mapping[str, SessionNote],
        padding: Padding,
        longest_us: int,
    ) -> "_Asked":
        timed = sorted((_time_of(record), record.file_name, record) for record in records)
        offsets = [abs(note.clock_offset_us) for _, name, _ in timed if (note := notes.get(name))]
        greatest_us = max(offsets, default=0) + max((abs(each.offset_us) for each in held), default=0)
        wide = Padding(before_us=padding.before_us + greatest_us, after_us=padding.after_us + greatest_us)
        within = union(wide.around(time) for time, _, _ in timed)
        return cls(patient=patient, timed=timed, notes=notes, held=tuple(held), within=within, longest_us=longest_us)


def _chunks(asked: Iterable[_Asked]) -> Mapping[Place, Intervals]:
    """What is recorded: a recording's time as its stretches. Patients whose chunks are short are asked together."""
    chunks: dict[Place, list[Interval]] = {}
    arms: list[Arm] = []
    for each in asked:
        own = channel_arms(each.patient, each.held, within=each.within, longest_us=each.longest_us)
        if own is None:
            for place, chunk in chunk_times(each.patient, each.held, within=each.within, longest_us=each.longest_us):
                chunks.setdefault(place, []).append(chunk)
        else:
            arms += own
    for _, place, chunk in times_in(arms):
        chunks.setdefault(place, []).append(chunk)
    return {place: union(some) for place, some in chunks.items()}


def _of_patient(
    asked: _Asked, *, chunks: Mapping[Place, Intervals], catalogue: Catalogue, padding: Padding
) -> PatientSessions:
    sessions = [
        _joined(
            record,
            time=time,
            note=asked.notes.get(name),
            task=catalogue.task_of(record),
            held=asked.held,
            chunks=chunks,
            padding=padding,
        )
        for time, name, record in asked.timed
    ]
    return PatientSessions(
        patient=asked.patient, held=asked.held, sessions=tuple(sessions), longest_us=asked.longest_us
    )


def _joined(
    record: SessionRecord,
    *,
    time: Interval,
    note: SessionNote | None,
    task: str,
    held: Sequence[Held],
    chunks: Mapping[Place, Intervals],
    padding: Padding,
) -> Joined:
    offset_us = note.clock_offset_us if note else 0
    touched: list[Touched] = []
    shared_us: list[int] = []
    covered: list[Interval] = []
    for each in held:
        place = (each.bucket, each.name)
        shift_us = offset_us - each.offset_us
        own = _shifted(time, shift_us)
        window = padding.around(own)
        if place not in chunks or not overlaps(chunks[place], window):
            continue
        touched.append(
            Touched(
                bucket=each.bucket,
                name=each.name,
                recording_start_us=each.start_us,
                clock_offset_us=each.offset_us,
                own=own,
                window=window,
            )
        )
        shared_us.append(measure_us(intersection(chunks[place], (window,))))
        covered += (_shifted(part, -shift_us) for part in intersection(chunks[place], (own,)))
    most = touched[shared_us.index(max(shared_us))] if touched else None
    own = most.own if most else _shifted(time, offset_us)
    return Joined(
        record=record,
        task=task,
        clock_offset_us=offset_us,
        corrected=note.corrected if note else "",
        alignment=note.alignment if note else None,
        own=own,
        window=padding.around(own),
        recorder_us=most.clock_offset_us if most else 0,
        recordings=tuple(touched),
        covered=measure_us(union(covered)) / time.duration_us,
    )


def _time_of(record: SessionRecord) -> Interval:
    """As the record says; one without duration is a microsecond long."""
    start_us, stop_us = (since_day_zero_us(record.subject, moment) for moment in (record.start, record.stop))
    return Interval(start_us=start_us, stop_us=max(start_us + 1, stop_us))


def _shifted(time: Interval, by_us: int) -> Interval:
    return Interval(start_us=time.start_us + by_us, stop_us=time.stop_us + by_us)
