"""Checks a session against its patient when it comes in: is something recorded there, does the last trial fit.

Owns: the guesses. Nothing is refused or changed here; a person decides (`manage.py set_session`).
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Max

from behavior.record import SessionRecord
from behavior.trial_times import last_trial_s
from behavior.wall_time import MICROSECOND
from chunks.format.clock import DAY_US, day_of, since_day_zero_us
from chunks.headers_db.errors import HeadersUnavailable
from chunks.models import ChunkHeader, Recording, RecordingState

GRACE_S = 1.0
_HOUR = timedelta(hours=1)
SHIFTS = (
    (24 * _HOUR, "one day", "is the day wrong?"),
    (12 * _HOUR, "12 hours", "was the clock of the task a 12-hour one?"),
    (_HOUR, "one hour", "did clocks change, or was one of them an hour off?"),
)


def oddities(record: SessionRecord, *, clock_offset_us: int = 0, data: Any = None) -> list[str]:  # noqa: ANN401 (JSON)
    """What is odd about a session, in sentences; empty where nothing is."""
    return [*_where_recorded(record, clock_offset_us * MICROSECOND), *_last_trial(record, data)]


def is_recorded(patient: str, *, start: datetime, stop: datetime) -> bool:
    """Whether any chunk of a recording in state ok overlaps [start, stop), clock offsets of recordings added."""
    longest = ChunkHeader.objects.filter(patient=patient).aggregate(most=Max("duration_us"))["most"]
    if longest is None:
        return False
    for recording in Recording.objects.filter(patient=patient, state=RecordingState.OK):
        offset = recording.clock_offset_us * MICROSECOND
        first, last = start - offset, stop - offset
        if recording.start >= last or recording.stop <= first:
            continue
        chunks = ChunkHeader.objects.filter(patient=patient, start__lt=last, start__gt=first - longest * MICROSECOND)
        if chunks.filter(stop__gt=first, bucket=recording.bucket, recording=recording.name).exists():
            return True
    return False


def moment_text(patient: str, moment: datetime) -> str:
    """A time on the patient's clock for people: `day 3 14:05`."""
    seconds = since_day_zero_us(patient, moment) % DAY_US // 1_000_000
    return f"day {day_of(patient, moment)} {seconds // 3600:02}:{seconds // 60 % 60:02}"


def _where_recorded(record: SessionRecord, offset: timedelta) -> Iterator[str]:
    patient, start = record.subject, record.start + offset
    stop = max(record.stop + offset, start + MICROSECOND)
    try:
        if is_recorded(patient, start=start, stop=stop):
            return
        if not Recording.objects.filter(patient=patient, state=RecordingState.OK).exists():
            yield f"No recording of patient {patient} is held yet, so the times of the session could not be checked."
            return
        guesses = [
            f"{words} {side} ({moment_text(patient, start + sign * shift)}) something is: {why}"
            for shift, words, why in SHIFTS
            for sign, side in ((1, "later"), (-1, "earlier"))
            if is_recorded(patient, start=start + sign * shift, stop=stop + sign * shift)
        ]
    except HeadersUnavailable:
        yield "The headers database is asleep, so the times of the session could not be checked."
        return
    nothing = f"Nothing is recorded of patient {patient} at {moment_text(patient, start)}"
    if guesses:
        yield from (f"{nothing}, but {guess} Correct it with set_session." for guess in guesses)
    else:
        yield f"{nothing}, nor an hour, 12 hours or a day before or after it."


def _last_trial(record: SessionRecord, data: Any) -> Iterator[str]:  # noqa: ANN401 (as above)
    start_us = since_day_zero_us(record.subject, record.start) % DAY_US
    last_s = last_trial_s(data, start_us=start_us)
    lasts_s = (record.stop - record.start).total_seconds()
    if last_s is not None and last_s > lasts_s + GRACE_S:
        yield (
            f"The last trial is {last_s - lasts_s:,.0f} s later than the stop: was the stop made up, or typed wrong? "
            "Correct it with set_session --stop."
        )
