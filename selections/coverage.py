"""What was recorded of a patient and when, and which part of it a question finds: intervals, for pictures.

Owns: how coverage is known cheaply. All channels of a recording are cut at the same instants, so the chunk rows of ONE
channel of each recording tell its stretches and gaps: they are read through the index on (patient, label_norm, start),
with labels chosen so that few of them serve all recordings. A patient costs three statements (recordings, longest
chunk, chunks; one more where there are chunks of over two hours, and again for every further eight labels that are
needed) and one row for each chunk of those channels: 168 for a week of 130 channels, never the 21,840 that there are.

A chunk that lacks for one channel alone (its object was removed by hand) is not seen here; sums are exact
(`selections.totals`), this is for the eye.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from chunks.format.clock import since_day_zero_us
from chunks.format.row import label_norm
from selections.arms import Arm
from selections.channels import Channel
from selections.intervals import Interval, Intervals, overlaps, union
from selections.rows import LABELS_APART, LONG_US, StayRows
from selections.stay import Choice, Held, Stay, recorded_of, recordings_of


@dataclass(frozen=True, kw_only=True)
class Stretches:
    """What one recording holds: its chunks joined where they touch."""

    name: str
    intervals: Intervals


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """One patient's time.

    held: what is recorded, over all recordings in state ok; found: what the found chunks hold of it, each chunk whole.
    recordings: each recording's own stretches, by start.
    """

    patient: str
    held: Intervals
    found: Intervals
    recordings: tuple[Stretches, ...]


def coverage_of(patient: str, *, found_by: Stay | None = None) -> Coverage:
    """The patient's coverage; `found_by` is her part of an answer. The caller has checked that she may be seen."""
    held = list(recordings_of(patient, with_channels=True))
    chunks: dict[tuple[str, str], list[Interval]] = {}
    for place, chunk in chunk_times(patient, held):
        chunks.setdefault(place, []).append(chunk)
    return Coverage(
        patient=patient,
        held=union(chunk for of_recording in chunks.values() for chunk in of_recording),
        found=_found(found_by, chunks) if found_by else (),
        recordings=tuple(
            Stretches(name=each.name, intervals=union(chunks.get((each.bucket, each.name), ()))) for each in held
        ),
    )


def _found(stay: Stay, chunks: dict[tuple[str, str], list[Interval]]) -> Intervals:
    return union(
        chunk
        for each in stay.recordings
        for chunk in chunks.get((each.bucket, each.name), ())
        if overlaps(stay.intervals if each.asked is None else each.asked, chunk)
    )


def channel_arms(patient: str, held: Sequence[Held], *, within: Intervals, longest_us: int) -> list[Arm] | None:
    """What asks for the chunks of one channel of each recording within that time, together with those of other patients
    (`selections.few.times_in`); it may give those of another channel too. None where some chunks are long."""
    touched = [each for each in held if any(map(each.touches, within))]
    if longest_us > LONG_US:
        return None
    arms: list[Arm] = []
    for batch in _batches(_representatives(touched)):
        rows = StayRows(_stay(patient, batch, within=within, longest_us=longest_us))
        norms = {label_norm(label) for each in batch for label in each.choice.labels or ()}
        arms += rows.arms(rows.steps, norms=norms)
    return arms


def chunk_times(
    patient: str, held: Sequence[Held], *, within: Intervals = (), longest_us: int | None = None
) -> Iterator[tuple[tuple[str, str], Interval]]:
    """(bucket, recording) and time of every chunk of one channel of each recording, of those that overlap `within`.

    Without `within`, of all. longest_us: of the patient's chunks, where it is known.
    """
    recorded = recorded_of(held)
    if recorded is None:
        return
    asked = within or (recorded,)
    for batch in _batches(_representatives(each for each in held if any(map(each.touches, asked)))):
        rows = StayRows(_stay(patient, batch, within=asked, longest_us=longest_us))
        for step in rows.steps:
            for query in rows.queries(step):
                for bucket, name, start, stop in query.values_list("bucket", "recording", "start", "stop").iterator():
                    start_us, stop_us = (since_day_zero_us(patient, moment) for moment in (start, stop))
                    yield (bucket, name), Interval(start_us=start_us, stop_us=stop_us)


def _stay(patient: str, batch: tuple[Held, ...], *, within: Intervals, longest_us: int | None) -> Stay:
    return Stay(
        patient=patient,
        recorded=recorded_of(batch),
        intervals=within,
        recordings=batch,
        unmatched=(),
        warnings=(),
        longest_us=longest_us,
    )


def _representatives(held: Iterable[Held]) -> list[Held]:
    """Each recording with the choice of one label; always the channel that serves most of the recordings left."""
    left: dict[tuple[Channel, ...], list[Held]] = {}
    for each in held:
        if each.channels:
            left.setdefault(each.channels, []).append(each)
    chosen: list[Held] = []
    while left:
        serves = Counter[Channel]()
        for channels, recordings in left.items():
            serves.update(dict.fromkeys(channels, len(recordings)))
        channel, _ = serves.most_common(1)[0]
        choice = Choice(labels=frozenset({channel[1]}))
        for channels in [channels for channels in left if channel in channels]:
            chosen += [replace(each, choice=choice) for each in left.pop(channels)]
    return chosen


def _batches(recordings: Sequence[Held]) -> Iterator[tuple[Held, ...]]:
    """Recordings whose labels are few enough for the index on labels, by start."""
    by_label: dict[frozenset[str] | None, list[Held]] = {}
    for each in recordings:
        by_label.setdefault(each.choice.labels, []).append(each)
    groups = list(by_label.values())
    for begin in range(0, len(groups), LABELS_APART):
        together = [each for group in groups[begin : begin + LABELS_APART] for each in group]
        yield tuple(sorted(together, key=lambda each: (each.start_us, each.row)))
