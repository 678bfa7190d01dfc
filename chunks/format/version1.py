"""Chunks of the old scripts (version 1): recognised and described, so that data managers see them until adopted.

Owns: what may be believed of such a header. Its length is told by the object's size, never by `chunkDuration`; its
hour may pass 23, its minute be 60, its seconds be a float. It names neither patient nor channel number, and what it
does name (`filename`, the folder) may be a person's name, so nothing of that is kept or quoted here.
Plain Python, no third party.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from chunks.format.clock import DAY_FIRST, DAY_LAST, DAY_US, DayOutOfRange, instant
from chunks.format.header import NotAChunk, sound_keys, whole

VERSION = 1
DTYPE = "<i2"
SAMPLE_BYTES = 2
# The old scripts cut annotation signals like all others: what lies in those chunks is text, and people write names.
TEXT_LABELS = frozenset({"EDF Annotations", "BDF Annotations"})
HOUR_LIMIT = 24 * (DAY_LAST - DAY_FIRST)


@dataclass(frozen=True, kw_only=True)
class OldHeader:
    """What is known of a chunk of version 1 without its samples; `stop` is the instant after the last one it holds."""

    label: str
    chunk: int
    start: datetime
    stop: datetime
    duration_us: int
    samples: int
    samples_per_record: int
    record_duration: Decimal


def is_version_1(keys: dict[str, Any]) -> bool:
    """Whether line 1 is that of the old scripts, which wrote no version."""
    return keys.get("version", VERSION) == VERSION and "sigLabel" in keys


def from_old_keys(keys: dict[str, Any], *, patient: str, samples_bytes: int) -> OldHeader:
    """The header that the keys of line 1 say of that many bytes of samples. Raises `NotAChunk`."""
    label = keys["sigLabel"]
    if not isinstance(label, str):
        raise NotAChunk("its sigLabel is no text")
    if label.strip() in TEXT_LABELS:
        raise NotAChunk("it holds annotations as text, no signal; adopting the recording takes them over")
    samples = samples_bytes // SAMPLE_BYTES
    if not samples:
        raise NotAChunk("it has a header of version 1 and no samples")
    with sound_keys():
        samples_per_record = whole(keys["sampsPerRecord"])
        record_duration = Decimal(repr(keys["recDur"]))
        chunk = whole(keys["chunk"])
        start_us = _since_day_zero_us(keys["start_date"], keys["start_time"])
    if samples_per_record < 1 or not record_duration.is_finite() or record_duration <= 0:
        raise NotAChunk("its samples per record or its recDur cannot be")
    duration_us = _rounded(samples * Fraction(record_duration) / samples_per_record * 1_000_000)
    try:
        start = instant(patient, since_day_zero_us=start_us)
        stop = instant(patient, since_day_zero_us=start_us + duration_us)
    except (DayOutOfRange, OverflowError) as error:
        raise NotAChunk("its day or time is none of a stay") from error
    return OldHeader(
        label=label,
        chunk=chunk,
        start=start,
        stop=stop,
        duration_us=duration_us,
        samples=samples,
        samples_per_record=samples_per_record,
        record_duration=record_duration,
    )


def _since_day_zero_us(date: Any, time: Any) -> int:  # noqa: ANN401 (JSON of strangers)
    """Microseconds after day 0, 00:00, of `[year, 1, day]` and `[hour, minute, second]`; the year is not asked."""
    day, hour, minute, second = whole(date[2]), whole(time[0]), whole(time[1]), Decimal(repr(time[2]))
    if not (0 <= hour <= HOUR_LIMIT and 0 <= minute <= 60 and second.is_finite() and 0 <= second <= 60):
        raise ValueError("its start_time is no time")
    return day * DAY_US + (hour * 60 + minute) * 60_000_000 + _rounded(Fraction(second) * 1_000_000)


def _rounded(value: Fraction) -> int:
    """Half up, as all times of chunks are."""
    return int((value + Fraction(1, 2)) // 1)
