"""What a question means for one patient: the recordings it touches, their channels, and the time asked for.

Owns: which recordings count (those in state ok, read from their own rows, never from a scan of chunk headers) and
which of their channels the words mean. A recording of which nothing is asked for is left out.
"""

import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from django.db.models import QuerySet

from behavior.trigger_channel import looks_like_trigger
from chunks.format.clock import since_day_zero_us
from chunks.format.row import label_norm
from chunks.models import Recording, RecordingState
from selections.channels import Channel, Numbers, Word, are_labels, chosen
from selections.intervals import Interval, Intervals
from selections.selection import Selection

_NAMED = 3
_PATIENTS_A_QUERY = 400


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Which channels of a recording are asked for; None means all.

    `numbers` is set where labels alone do not tell: one of two signals of the same label was meant, by its number.
    """

    labels: frozenset[str] | None = None
    numbers: frozenset[int] | None = None


EVERYTHING = Choice()


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """A recording in state ok; its channels (none where the question names none), and which of them are asked for.

    offset_us: its clock offset. asked: the time asked for on its own clock, where that is not the same for all
    recordings of the patient; None where it is.
    """

    row: int
    bucket: str
    name: str
    start_us: int
    stop_us: int
    channels: tuple[Channel, ...]
    choice: Choice = EVERYTHING
    offset_us: int = 0
    asked: Intervals | None = None

    @property
    def span(self) -> Interval:
        """From its start to its stop, at least a microsecond (it may hold annotations alone)."""
        return Interval(start_us=self.start_us, stop_us=max(self.start_us + 1, self.stop_us))

    def touches(self, interval: Interval) -> bool:
        return self.start_us < interval.stop_us and interval.start_us < self.stop_us


@dataclass(frozen=True, kw_only=True)
class Stay:
    """One patient's part of an answer.

    recorded: from the first recording's start to the last one's stop; None where there is none.
    intervals: the time asked for, within it.
    recordings: those that it touches and of which a channel is asked for, by start.
    unmatched: channel words that mean nothing in any recording it touches.
    longest_us: of her chunks, where the answer has asked for it already.
    """

    patient: str
    recorded: Interval | None
    intervals: Intervals
    recordings: tuple[Held, ...]
    unmatched: tuple[Word, ...]
    warnings: tuple[str, ...]
    longest_us: int | None = None


def ok_recordings(patient: str) -> QuerySet[Recording]:
    """The patient's recordings that searches see."""
    return Recording.objects.filter(patient=patient, state=RecordingState.OK)


def stay_of(patient: str, selection: Selection) -> Stay:
    """What the question means for this patient, its tasks left out (`selections.task_stay` knows those); one query."""
    held = list(recordings_of(patient, with_channels=bool(selection.channels)))
    recorded = recorded_of(held)
    intervals = selection.intervals_for(recorded.start_us, recorded.stop_us) if recorded else ()
    return stay_within(patient, selection, held=held, intervals=intervals)


def empty_stay(patient: str) -> Stay:
    """Nothing is asked for of this patient."""
    return Stay(patient=patient, recorded=None, intervals=(), recordings=(), unmatched=(), warnings=())


def stay_within(patient: str, selection: Selection, *, held: Sequence[Held], intervals: Intervals) -> Stay:
    """What the question means within these intervals; a recording has its own, where its clock makes them others."""
    asked = selection.channel_words
    touched = [each for each in held if any(map(each.touches, intervals if each.asked is None else each.asked))]
    known = labels_of(held)
    headers = {each.channels for each in touched}
    picks = {channels: _picks(asked, channels, known=known) for channels in headers}
    return Stay(
        patient=patient,
        recorded=recorded_of(held),
        intervals=intervals,
        recordings=tuple(_chosen(touched, _choices(selection, picks))),
        unmatched=tuple(word for word in asked if picks and not any(picked[word] for picked in picks.values())),
        warnings=tuple(_warnings(asked, touched, patient=patient, known=known)),
    )


def labels_of(held: Iterable[Held]) -> frozenset[str]:
    """All labels of these recordings, as written."""
    return frozenset(label for channels in {each.channels for each in held} for _, label in channels)


def recordings_of(patient: str, *, with_channels: bool) -> Iterator[Held]:
    """The patient's recordings, by start. Equal lists of channels are parsed once, and are one object."""
    return (held for _, held in _held(ok_recordings(patient), with_channels=with_channels))


def recordings_of_all(patients: Sequence[str]) -> dict[str, list[Held]]:
    """The recordings of many patients with their channels, by start; some hundred patients a statement."""
    found: dict[str, list[Held]] = {patient: [] for patient in patients}
    for first in range(0, len(patients), _PATIENTS_A_QUERY):
        some = patients[first : first + _PATIENTS_A_QUERY]
        rows = Recording.objects.filter(patient__in=some, state=RecordingState.OK)
        for patient, held in _held(rows, with_channels=True):
            found[patient].append(held)
    return found


def _held(rows: QuerySet[Recording], *, with_channels: bool) -> Iterator[tuple[str, Held]]:
    fields = ("patient", "id", "bucket", "name", "start", "stop", "clock_offset_us")
    parsed: dict[str, tuple[Channel, ...]] = {}
    in_order = rows.order_by("start", "id").values_list(*fields, *(("channels",) if with_channels else ()))
    for patient, row, bucket, name, start, stop, offset_us, *texts in in_order:
        for text in texts:
            if text not in parsed:
                parsed[text] = tuple((number, label) for number, label in json.loads(text))
        held = Held(
            row=row,
            bucket=bucket,
            name=name,
            start_us=since_day_zero_us(patient, start),
            stop_us=since_day_zero_us(patient, stop),
            channels=parsed[texts[0]] if texts else (),
            offset_us=offset_us,
        )
        yield patient, held


def recorded_of(held: Sequence[Held]) -> Interval | None:
    """From the first start to the last stop, at least a microsecond (a recording may hold annotations alone)."""
    if not held:
        return None
    start_us = min(each.start_us for each in held)
    return Interval(start_us=start_us, stop_us=max(start_us + 1, *(each.stop_us for each in held)))


def _picks(asked: Iterable[Word], channels: Sequence[Channel], *, known: Collection[str]) -> dict[Word, list[Channel]]:
    return {word: chosen(word, channels, known=known) for word in asked}


def _choices(
    selection: Selection, picks: Mapping[tuple[Channel, ...], Mapping[Word, list[Channel]]]
) -> Mapping[tuple[Channel, ...], Choice | None]:
    """For each list of channels, which of them are asked for; None where none is.

    With a task, trigger and DC channels come along from every recording, for those of one amplifier tell of another's
    too, but not where nothing of what was named is found.
    """
    if not selection.channels:
        return {channels: EVERYTHING if selection.triggers else _no_triggers(channels) for channels in picks}
    along = selection.tasks and selection.triggers and any(any(picked.values()) for picked in picks.values())
    return {
        channels: _choice(
            channels,
            {channel for found in picked.values() for channel in found}.union(_triggers(channels) if along else ()),
        )
        for channels, picked in picks.items()
    }


def _chosen(touched: Iterable[Held], choices: Mapping[tuple[Channel, ...], Choice | None]) -> Iterator[Held]:
    """The recordings of which a channel is asked for, with the choice."""
    for each in touched:
        if choice := choices[each.channels]:
            yield replace(each, choice=choice)


def _triggers(channels: Sequence[Channel]) -> list[Channel]:
    return [channel for channel in channels if looks_like_trigger(channel[1])]


def _no_triggers(channels: Sequence[Channel]) -> Choice | None:
    return _choice(channels, set(channels).difference(_triggers(channels)))


def _choice(channels: Sequence[Channel], together: Collection[Channel]) -> Choice | None:
    if not together:
        return None
    if set(together).issuperset(channels):
        return EVERYTHING
    labels = frozenset(label for _, label in together)
    twins_apart = any(channel[1] in labels for channel in channels if channel not in together)
    numbers = frozenset(number for number, _ in together if number is not None)
    return Choice(labels=labels, numbers=numbers if twins_apart else None)


def _warnings(asked: Iterable[Word], touched: Sequence[Held], *, patient: str, known: Collection[str]) -> Iterator[str]:
    """What a channel number may hide: other electrodes in other recordings, or a label that reads like it."""
    norms = {label_norm(label) for label in known}
    changing, alike = [], []
    for number, labels in _labels_by_number(asked, touched, known=known).items():
        if len(labels) > 1:
            means = " and ".join(
                f"{label or 'without a label'} ({count})" for label, count in labels.most_common(_NAMED)
            )
            changing.append(f"{number} is {means}")
        if str(number) in norms and str(number) not in labels:
            alike.append(str(number))
    if changing:
        yield (
            f"Patient {patient}: channel numbers mean different channels in different recordings: "
            f"{_listed(changing)}. Ask by label to get one channel."
        )
    if alike:
        yield (
            f"Patient {patient}: {_listed(alike)} was read as a channel number, and there is a label that reads so "
            f'too: write "{alike[0]}" in quotes to mean the label.'
        )


def _labels_by_number(
    asked: Iterable[Word], touched: Iterable[Held], *, known: Collection[str]
) -> dict[int, Counter[str]]:
    """For each channel number asked for: its labels, and in how many recordings it has each."""
    found: dict[int, Counter[str]] = {}
    as_numbers = [word for word in asked if isinstance(word, Numbers) and not are_labels(word, known=known)]
    for channels, recordings in Counter(each.channels for each in touched).items():
        for number, label in {channel for word in as_numbers for channel in chosen(word, channels, known=known)}:
            if number is not None:
                found.setdefault(number, Counter())[label_norm(label)] += recordings
    return dict(sorted(found.items()))


def _listed(texts: Sequence[str]) -> str:
    more = f" and {len(texts) - _NAMED} more" if len(texts) > _NAMED else ""
    return ", ".join(texts[:_NAMED]) + more
