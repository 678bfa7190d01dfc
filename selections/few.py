"""Asks for the chunk rows of many patients together, where little time is asked of each: questions by task.

Owns: how such rows are read in few statements, and that it is sorted out here instead of in the database which
recordings are in state ok, which of their channels are meant, and what their own clocks ask for.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, QuerySet, Sum

from chunks.format.clock import since_day_zero_us
from chunks.format.row import label_norm
from chunks.models import ChunkHeader
from selections.arms import Arm, InArms
from selections.channels import Channel
from selections.intervals import Interval, overlaps
from selections.stay import EVERYTHING, Held, Stay

ARMS_A_STATEMENT = 128
Place = tuple[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class FewRow:
    """A found chunk, or several of one recording and time."""

    patient: str
    place: Place
    time: Interval
    chunks: int
    size_bytes: int


def times_in(arms: Sequence[Arm]) -> Iterator[tuple[str, Place, Interval]]:
    """Patient, recording and time of every chunk in the arms, also of recordings in other states than ok."""
    columns = ("patient", "bucket", "recording", "start", "stop")
    for patient, bucket, name, start, stop in _rows(arms, columns):
        yield patient, (bucket, name), _time(patient, start, stop)


def found_in(arms: Sequence[Arm], *, stays: Sequence[Stay]) -> tuple[Iterator[FewRow], Mapping[str, set[str]]]:
    """The chunks that these stays find, and by patient the labels in them, full once all chunks are taken; the arms are
    all of theirs."""
    held = {(each.bucket, each.name): each for stay in stays for each in stay.recordings}
    labels: dict[str, set[str]] = {stay.patient: set() for stay in stays}
    if all(each.choice == EVERYTHING and each.asked is None for each in held.values()):
        return _summed(arms, held=held, labels=labels), labels
    return _walked(arms, held=held, labels=labels), labels


def _summed(arms: Sequence[Arm], *, held: Mapping[Place, Held], labels: dict[str, set[str]]) -> Iterator[FewRow]:
    """Every channel is asked for: the database adds up. Labels are read only of recordings that do not tell theirs."""
    columns = ("patient", "bucket", "recording", "start", "stop")
    tell: dict[Place, str] = {}
    do_not: dict[Place, str] = {}
    for rows in _statements(arms):
        sums = rows.values(*columns).annotate(chunks=Count("id"), in_bytes=Sum("size_bytes"), numbers=Sum("channel"))
        found = sums.order_by().values_list(*columns, "chunks", "in_bytes", "numbers")
        for patient, bucket, name, start, stop, chunks, in_bytes, numbers in found:
            place = (bucket, name)
            if place in held:
                told = _are_all(held[place].channels, chunks=chunks, numbers=numbers)
                (tell if told else do_not)[place] = patient
                time = _time(patient, start, stop)
                yield FewRow(patient=patient, place=place, time=time, chunks=chunks, size_bytes=int(in_bytes))
    norms: dict[tuple[Channel, ...], set[str]] = {}
    for place, patient in tell.items():
        channels = held[place].channels
        if channels not in norms:
            norms[channels] = {label_norm(label) for _, label in channels}
        labels[patient] |= norms[channels]
    patients = frozenset(do_not.values())
    for rows in _statements([arm for arm in arms if arm.patient in patients]):
        named = rows.order_by().values_list("patient", "bucket", "recording", "label_norm").distinct()
        for patient, bucket, name, norm in named:
            if (bucket, name) in do_not:
                labels[patient].add(norm)


def _walked(arms: Sequence[Arm], *, held: Mapping[Place, Held], labels: dict[str, set[str]]) -> Iterator[FewRow]:
    """Each row is looked at."""
    columns = ("patient", "bucket", "recording", "start", "stop", "size_bytes", "label_norm", "label", "channel")
    for patient, bucket, name, start, stop, size_bytes, norm, label, channel in _rows(arms, columns):
        recording = held.get((bucket, name))
        if recording is None or not _is_chosen(recording, label=label, channel=channel):
            continue
        time = _time(patient, start, stop)
        if recording.asked is None or overlaps(recording.asked, time):
            labels[patient].add(norm)
            yield FewRow(patient=patient, place=(bucket, name), time=time, chunks=1, size_bytes=size_bytes)


def _rows(arms: Sequence[Arm], columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    for rows in _statements(arms):
        yield from rows.values_list(*columns).iterator()


def _statements(arms: Sequence[Arm]) -> Iterator[QuerySet[ChunkHeader]]:
    for first in range(0, len(arms), ARMS_A_STATEMENT):
        yield ChunkHeader.objects.filter(InArms(arms[first : first + ARMS_A_STATEMENT]))


def _time(patient: str, start: datetime, stop: datetime) -> Interval:
    start_us, stop_us = (since_day_zero_us(patient, moment) for moment in (start, stop))
    return Interval(start_us=start_us, stop_us=stop_us)


def _are_all(channels: Sequence[Channel], *, chunks: int, numbers: int | None) -> bool:
    """Whether chunks of one recording and time, so many and with this sum of channel numbers, are one of each of its
    channels. Chunks of version 1 have no numbers, and their folders no channels: they never tell."""
    own = [number for number, _ in channels if number is not None]
    return len(own) == len(channels) == chunks and sum(own) == numbers


def _is_chosen(recording: Held, *, label: str, channel: int | None) -> bool:
    choice = recording.choice
    if choice.labels is not None and label not in choice.labels:
        return False
    return choice.numbers is None or channel in choice.numbers
