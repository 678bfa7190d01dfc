"""What two recordings in conflict look like where their data begin to differ: some seconds of some channels of both.

Owns: which seconds and channels those are, and their lines, as points of a drawing. Both lines of a channel have one
scale, so that a dead or damaged one is seen. What is read is bounded, however long the two overlap.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from django.conf import settings

from chunks.document import Document, read_document
from chunks.errors import ChunksError
from chunks.format.clock import since_day_zero_us
from chunks.models import OverlapVerdict, RecordingOverlap
from chunks.overlap_layout import SECOND_US, Layout, Run, Samples, Track, TrackReader, layout_of
from storage.errors import StorageError
from storage.objects import Objects
from storage.urls import open_objects

WINDOW_US = 10 * SECOND_US
BEFORE_US = 2 * SECOND_US
CHANNELS_MAX = 3
WIDTH, HEIGHT = 600, 60
BLOCK_SAMPLES = 1 << 19
LOOKED_THROUGH_SAMPLES = 1 << 22  # of one channel of each: 8 MB of 16-bit samples


@dataclass(frozen=True, kw_only=True)
class Lines:
    """One channel of both: points in a box of `WIDTH` times `HEIGHT`."""

    label: str
    earlier: str
    later: str


@dataclass(frozen=True, kw_only=True)
class Picture:
    """`start_us`, since day 0, is on the clock of the later one; `differ`: whether the first difference is in it."""

    start_us: int
    seconds: float
    differ: bool
    channels: tuple[Lines, ...]


@dataclass(frozen=True, kw_only=True)
class _Side:
    """A channel of one of the two, and by how much its clock is off the later one's."""

    layout: Layout
    track: Track
    shift_us: int
    objects: Objects

    def stretch(self, at_us: int) -> tuple[Run, int] | None:
        """The stretch that holds the instant, and its sample there."""
        for run in self.layout.runs:
            if run.start_us <= at_us + self.shift_us < run.stop_us:
                return run, round((at_us + self.shift_us - run.start_us) * self.track.rate / SECOND_US)
        return None

    def read(self, at_us: int, *, lasts_us: int) -> Samples:
        """What it holds from the instant on, as far as its stretch goes."""
        place = self.stretch(at_us)
        if place is None:
            return np.empty(0, np.dtype(self.layout.dtype))
        run, first = place
        count = min(round(lasts_us * self.track.rate / SECOND_US), run.records * self.track.samples_per_record - first)
        return TrackReader(self.objects, self.layout, self.track).read(run, first=first, count=max(0, count))


def picture(overlap: RecordingOverlap) -> Picture | None:
    """Of two whose data differ; None where they cannot be read. The caller has checked the patient."""
    objects = open_objects(settings.OBJECTS_URL)
    try:
        documents = [
            read_document(objects, bucket=overlap.bucket, recording=name)
            for name in (overlap.recording, overlap.earlier)
        ]
        pairs = list(_pairs(overlap, documents, objects=objects))[:CHANNELS_MAX]
        return _drawn(overlap, pairs) if pairs else None
    except (ChunksError, StorageError):
        return None


def _pairs(
    overlap: RecordingOverlap, documents: list[Document], *, objects: Objects
) -> Iterator[tuple[str, _Side, _Side]]:
    """Label, later and earlier side of the channels that differ, by label."""
    layouts = [layout_of(document, bucket=overlap.bucket) for document in documents]
    labels = {int(each["number"]): str(each["label"]).strip() for each in documents[0]["channels"]}
    for norm in overlap.labels:
        tracks = [next((track for track in layout.tracks if track.norm == norm), None) for layout in layouts]
        if tracks[0] and tracks[1]:
            later, earlier = (
                _Side(layout=layout, track=track, shift_us=shift_us, objects=objects)
                for layout, track, shift_us in zip(layouts, tracks, (0, overlap.shift_us), strict=True)
                if track
            )
            yield labels[later.track.number], later, earlier


def _drawn(overlap: RecordingOverlap, pairs: list[tuple[str, _Side, _Side]]) -> Picture:
    begin_us, stop_us = (since_day_zero_us(overlap.patient, each) for each in (overlap.start, overlap.stop))
    found_us = _first_difference(begin_us, stop_us, *pairs[0][1:])
    start_us = max(begin_us, (begin_us if found_us is None else found_us) - BEFORE_US)
    lasts_us = min(WINDOW_US, stop_us - start_us)
    return Picture(
        start_us=start_us,
        seconds=lasts_us / SECOND_US,
        differ=found_us is not None,
        channels=tuple(
            _lines(label, *(side.read(start_us, lasts_us=lasts_us) for side in (later, earlier)))
            for label, later, earlier in pairs
        ),
    )


def _first_difference(begin_us: int, stop_us: int, later: _Side, earlier: _Side) -> int | None:
    """The instant, where it lies in what may be looked through."""
    block_us = round(BLOCK_SAMPLES * SECOND_US / later.track.rate)
    looked = 0
    at_us = begin_us
    while at_us < stop_us and looked < LOOKED_THROUGH_SAMPLES:
        lasts_us = min(block_us, stop_us - at_us)
        left, right = (side.read(at_us, lasts_us=lasts_us) for side in (later, earlier))
        both = min(len(left), len(right))
        unequal = np.flatnonzero(left[:both] != right[:both])
        if len(unequal):
            return at_us + round(int(unequal[0]) * SECOND_US / later.track.rate)
        looked += max(both, 1)
        at_us += lasts_us
    return None


def _lines(label: str, later: Samples, earlier: Samples) -> Lines:
    every = [int(value) for side in (later, earlier) if len(side) for value in (side.min(), side.max())]
    low, high = min(every, default=0), max(every, default=0)
    scale = HEIGHT / (high - low) if high > low else 0.0
    return Lines(
        label=label,
        earlier=" ".join(_points(earlier, low=low, scale=scale)),
        later=" ".join(_points(later, low=low, scale=scale)),
    )


def _points(samples: Samples, *, low: int, scale: float) -> Iterator[str]:
    """Least and greatest of each column, in the order in which they come."""
    middle = HEIGHT / 2
    for column, part in enumerate(np.array_split(samples, min(WIDTH, len(samples)))) if len(samples) else ():
        x = round((column + 0.5) * WIDTH / min(WIDTH, len(samples)), 1)
        ends = sorted({int(part.argmin()), int(part.argmax())})
        for place in ends:
            y = HEIGHT - (int(part[place]) - low) * scale if scale else middle
            yield f"{x:g},{y:.1f}"


def first_different(patient: str, *, recording: str, earlier: str) -> RecordingOverlap | None:
    """The first time in which the two have other data."""
    rows = RecordingOverlap.objects.filter(
        patient=patient, recording=recording, earlier=earlier, verdict=OverlapVerdict.DIFFERENT
    )
    return rows.order_by("start", "place").first()
