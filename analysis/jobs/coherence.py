"""Coherence around task events: how far two channels follow each other, frequency by frequency.

Magnitude-squared coherence |Pxy|² / (Pxx · Pyy) (Carter 1987, Proc. IEEE 75:236). Each event gives an epoch from 0.5 s
before to 1 s after it, cut into segments of 0.5 s, half overlapping, under a Hann window, their mean taken off; the
spectra are averaged over all segments of all events of a code before they are divided, so one segment alone would give
1 everywhere, and chance alone about 1 / `averages`. A band's value is the mean over its frequencies. An epoch that a
gap, an unusable chunk or the end of the time asked for cuts is left out for that channel, and `events` says how many
went into a pair. An epoch begins at the sample nearest to its instant. A flat channel has no coherence; channels of
different rates make no pair, and where a pair was recorded at two rates, each has its row. Two channels of one label
are told apart by their numbers: `A1~3`.
"""

import math
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from functools import cache, partial
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy.signal import get_window

from analysis.batches import FAULT, Array, arrow_schema
from analysis.context import Context, Event, Windows
from analysis.jobs.band_power import BANDS, in_band
from analysis.windows import start_us

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

Spectra = npt.NDArray[np.complex128]
Channel = tuple[str, int]  # its label and its number
BEFORE_S, AFTER_S, SEGMENT_S = 0.5, 1.0, 0.5
HIGHEST_HZ = 150.0
EVENTS_A_TASK = 8
_EVENT = "patient string, task string, code int, event int, label string, sfreq double"
_FAULT = "recording string, bucket string, channel int, chunk int, fault string"
PIECES = f"{_EVENT}, place long, samples array<double>, {_FAULT}"
_PAIR = "patient string, task string, code int, label string, other string"
_SPECTRA = ", ".join(f"{name} array<double>" for name in ("cross_real", "cross_imag", "own", "others"))
SUMS = f"{_PAIR}, sfreq double, events int, averages int, {_SPECTRA}"
RESULT = f"{_PAIR}, sfreq double, events int, averages int, " + ", ".join(f"{band} double" for band in BANDS)


def spectra(epoch: Array, *, sfreq: float) -> Spectra:
    """(… × samples) → (… × segments × frequencies up to 150 Hz), not scaled: coherence is a ratio."""
    length = min(epoch.shape[-1], round(SEGMENT_S * sfreq))
    segments = np.lib.stride_tricks.sliding_window_view(epoch, length, axis=-1)[..., :: max(1, length - length // 2), :]
    flat = (segments == segments[..., :1]).all(axis=-1, keepdims=True)
    # The mean of equal numbers may differ from them in its last digit, which would be a spectrum.
    segments = np.where(flat, 0, segments - segments.mean(axis=-1, keepdims=True))
    return np.asarray(
        np.fft.rfft(segments * get_window("hann", length), axis=-1)[..., frequencies(sfreq) <= HIGHEST_HZ]
    )


def frequencies(sfreq: float, *, seconds: float = SEGMENT_S) -> Array:
    return np.asarray(np.fft.rfftfreq(round(seconds * sfreq), 1 / sfreq), dtype=np.float64)


def coherence(cross: Spectra, own: Array, others: Array) -> Array:
    """Of summed spectra; NaN where one of the channels is flat."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.abs(cross) ** 2 / (own * others))


def run(windows: Windows, context: Context) -> "DataFrame":
    """The job: a row for each pair of channels, task and code."""
    pieces = windows.mapInArrow(partial(cut, events=context.events), PIECES).persist()
    keys = ["patient", "task", "code"]
    sums = (
        pieces.where("fault is null")
        .selectExpr("*", f"event div {EVENTS_A_TASK} as part")
        .groupBy(*keys, "part")
        .applyInArrow(summed, SUMS)
    )
    pairs = sums.groupBy(*keys, "label", "other", "sfreq").applyInArrow(divided, RESULT)
    faults = pieces.where("fault is not null").select(
        "patient", "recording", "bucket", "channel", "label", "chunk", FAULT
    )
    return pairs.unionByName(faults, allowMissingColumns=True)


def cut(batches: Iterable[pa.RecordBatch], *, events: tuple[Event, ...]) -> Iterator[pa.RecordBatch]:
    """What each window holds of each event's epoch; faults as they came."""
    ordered = _by_place(events)
    for batch in batches:
        found: list[dict[str, Any]] = []
        abouts = batch.select([name for name in batch.schema.names if name != "samples"]).to_pylist()
        lengths = batch.column("samples").value_lengths().to_pylist()
        for place, (about, length) in enumerate(zip(abouts, lengths, strict=True)):
            if about[FAULT] is not None:
                found.append({name: about.get(name) for name in _PIECES.names})
                continue
            own = ordered.get((about["patient"], about["bucket"], about["recording"]), ())
            for event, begin, end in _touching(about, length, events=own):
                first, last = max(begin, 0), min(end, length)
                samples = batch.column("samples")[place].values[first:last]
                found.append(_piece(about, event, place=first - begin, samples=samples.to_numpy(zero_copy_only=False)))
        if found:
            yield pa.RecordBatch.from_pylist(found, schema=_PIECES)


def summed(table: pa.Table) -> pa.Table:
    """The spectra of some events of one code, summed for each pair of channels."""
    about = {name: table.column(name)[0].as_py() for name in ("patient", "task", "code")}
    rows: list[dict[str, Any]] = []
    for sfreq, epochs in _epochs(table).items():
        labels = sorted({label for epoch in epochs for label in epoch})
        pairs = _Pairs(len(labels), count=int(np.sum(frequencies(sfreq) <= HIGHEST_HZ)))
        for epoch in epochs:
            of = {place: spectra(epoch[label], sfreq=sfreq) for place, label in enumerate(labels) if label in epoch}
            pairs.add(of)
        rows += [about | {"label": labels[a], "other": labels[b], "sfreq": sfreq} | sums for a, b, sums in pairs.rows()]
    return pa.Table.from_pylist(rows, schema=_SUMS)


class _Pairs:
    """Sums for every two of some channels; `averages` counts segments."""

    def __init__(self, channels: int, *, count: int) -> None:
        self._first, self._second = np.triu_indices(channels, 1)
        self._place = {
            pair: at for at, pair in enumerate(zip(self._first.tolist(), self._second.tolist(), strict=True))
        }
        shape = (len(self._first), count)
        self._cross = np.zeros(shape, dtype=np.complex128)
        self._own, self._others = np.zeros(shape), np.zeros(shape)
        self._events = np.zeros(len(self._first), dtype=np.int64)
        self._averages = np.zeros(len(self._first), dtype=np.int64)

    def add(self, of: Mapping[int, Spectra]) -> None:
        """One event's spectra (segments × frequencies) of the channels that have a whole epoch."""
        power = {channel: (np.abs(each) ** 2).sum(axis=0) for channel, each in of.items()}
        for a, b in combinations(sorted(of), 2):
            at = self._place[a, b]
            self._cross[at] += (np.conj(of[a]) * of[b]).sum(axis=0)
            self._own[at] += power[a]
            self._others[at] += power[b]
            self._events[at] += 1
            self._averages[at] += len(of[a])

    def rows(self) -> Iterator[tuple[int, int, dict[str, Any]]]:
        for at in np.flatnonzero(self._events):
            sums = {
                "events": int(self._events[at]),
                "averages": int(self._averages[at]),
                "cross_real": self._cross[at].real,
                "cross_imag": self._cross[at].imag,
                "own": self._own[at],
                "others": self._others[at],
            }
            yield int(self._first[at]), int(self._second[at]), sums


def divided(table: pa.Table) -> pa.Table:
    """The coherence of one pair, of the sums of all its parts."""
    about = {name: table.column(name)[0].as_py() for name in ("patient", "task", "code", "label", "other")}
    sfreq = table.column("sfreq")[0].as_py()
    real, imag, own, others = (
        np.sum(table.column(name).to_pylist(), axis=0) for name in ("cross_real", "cross_imag", "own", "others")
    )
    values, hertz = coherence(real + 1j * imag, own, others), frequencies(sfreq)
    means = {name: in_band(values, hertz[: len(values)], band=band, sfreq=sfreq) for name, band in BANDS.items()}
    row = about | {"sfreq": sfreq} | {name: sum(table.column(name).to_pylist()) for name in ("events", "averages")}
    row |= {name: None if np.isnan(each).any() else float(each.mean()) for name, each in means.items()}
    return pa.Table.from_pylist([row], schema=_RESULT)


def _by_place(events: Iterable[Event]) -> Mapping[tuple[str, str, str], Sequence[Event]]:
    """The events of each patient, bucket and recording, by their instants."""
    found: dict[tuple[str, str, str], list[Event]] = {}
    for event in sorted(events, key=lambda each: each.at):
        found.setdefault((event.patient, event.bucket, event.recording), []).append(event)
    return found


def _touching(about: Mapping[str, Any], length: int, *, events: Sequence[Event]) -> Iterator[tuple[Event, int, int]]:
    """The events (by instant) whose epoch this window touches, and its samples, counted from the window's first.

    Which sample an epoch begins with is reckoned from the stretch's begin, in exact numbers, so that all windows that
    hold a part of it agree.
    """
    if not events:
        return
    sfreq = _exact(about["sfreq"])
    begin_us = start_us(sfreq, sample=about["first_sample"])
    origin = about["start"] - timedelta(microseconds=begin_us)
    until = about["start"] + timedelta(seconds=length / about["sfreq"] + BEFORE_S + 1)
    near = slice(
        bisect_left(events, about["start"] - timedelta(seconds=AFTER_S + 1), key=_instant),
        bisect_right(events, until, key=_instant),
    )
    for event in events[near]:
        since_us = (event.at - origin) // timedelta(microseconds=1) - BEFORE_S * 1_000_000
        begin = math.floor(Fraction(since_us) * sfreq / 1_000_000 + Fraction(1, 2)) - about["first_sample"]
        end = begin + epoch_length(about["sfreq"])
        if begin < length and end > 0:
            yield event, begin, end


def _instant(event: Event) -> datetime:
    return event.at


@cache
def _exact(sfreq: float) -> Fraction:
    """The rate that a recording's header said: samples of a data record by its duration, of few digits."""
    return Fraction(sfreq).limit_denominator(1_000_000)


def epoch_length(sfreq: float) -> int:
    """Samples of an epoch."""
    return round((BEFORE_S + AFTER_S) * sfreq)


def _piece(about: Mapping[str, Any], event: Event, *, place: int, samples: Array) -> dict[str, Any]:
    own = {"task": event.task, "code": event.code, "event": event.number, "place": place, "samples": samples}
    return {name: about.get(name) for name in _PIECES.names} | own


def _epochs(table: pa.Table) -> Mapping[float, list[dict[str, Array]]]:
    """By rate, the events with the whole epochs of their channels."""
    pieces: dict[tuple[float, int], dict[Channel, list[tuple[int, Array]]]] = {}
    columns = [table.column(name).to_pylist() for name in ("sfreq", "event", "label", "channel", "place")]
    samples = table.column("samples")
    for row, (sfreq, event, label, channel, place) in enumerate(zip(*columns, strict=True)):
        here = pieces.setdefault((sfreq, event), {}).setdefault((label, channel), [])
        here.append((place, samples[row].values.to_numpy(zero_copy_only=False)))
    found: dict[float, list[dict[str, Array]]] = {}
    for (sfreq, _), channels in sorted(pieces.items()):
        named = _named(channels)
        whole = {named[each]: _joined(parts, length=epoch_length(sfreq)) for each, parts in channels.items()}
        found.setdefault(sfreq, []).append({label: epoch for label, epoch in whole.items() if epoch is not None})
    return found


def _named(channels: Iterable[Channel]) -> Mapping[Channel, str]:
    """What each channel is called: its label, and its number where another has the same."""
    several = Counter(label for label, _ in channels)
    return {(label, number): f"{label}~{number}" if several[label] > 1 else label for label, number in channels}


def _joined(parts: list[tuple[int, Array]], *, length: int) -> Array | None:
    """The epoch that these parts make; None where one is missing."""
    at = 0
    ordered = sorted(parts, key=lambda part: part[0])
    for place, samples in ordered:
        if place != at:
            return None
        at += len(samples)
    return np.concatenate([samples for _, samples in ordered]) if at == length else None


_PIECES = arrow_schema(PIECES)
_SUMS = arrow_schema(SUMS)
_RESULT = arrow_schema(RESULT)
