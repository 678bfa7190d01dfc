"""Where every sample of a recording lies, from its `recording.json` alone: which chunk, which byte.

Owns: how a channel of a recording is read by sample number, in ranged reads, without a row. All channels are cut at the
same data records (`chunks.plan`), so the stretches of the document tell all chunks.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from chunks.document import Document
from chunks.errors import ChunkUnreadable, RecordingUnreadable
from chunks.format.clock import since_day_zero_us
from chunks.format.header import SAMPLE_BYTES
from chunks.format.keys import chunk_key
from chunks.format.row import label_norm
from chunks.index import read_line
from storage.objects import Objects

SECOND_US = 1_000_000
Samples = npt.NDArray[np.signedinteger[Any]]


@dataclass(frozen=True, kw_only=True)
class Run:
    """A stretch: its place in the recording, its start on the patient's clock, its data records and first chunk."""

    place: int
    start_us: int
    stop_us: int
    records: int
    first_chunk: int

    @property
    def duration_us(self) -> int:
        return self.stop_us - self.start_us


@dataclass(frozen=True, kw_only=True)
class Track:
    """A channel with chunks. `scale` is what makes the same digital value the same voltage."""

    number: int
    norm: str
    key_part: str
    samples_per_record: int
    rate: Fraction
    scale: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Layout:
    """A recording as samples."""

    recording: str
    bucket: str
    dtype: str
    records_per_chunk: int
    runs: tuple[Run, ...]
    tracks: tuple[Track, ...]

    @property
    def whole_seconds(self) -> bool:
        """Whether its start may be known to the second only."""
        return not any(run.start_us % SECOND_US for run in self.runs[:1])

    def samples(self, track: Track) -> int:
        """Of all its stretches."""
        return sum(run.records for run in self.runs) * track.samples_per_record


def layout_of(document: Document, *, bucket: str) -> Layout:
    """Raises `RecordingUnreadable` where the document lacks what is needed."""
    try:
        return _layout(document, bucket=bucket)
    except (KeyError, TypeError, ValueError, ArithmeticError, AttributeError) as error:
        raise RecordingUnreadable(
            f"{document.get('recording')} in {bucket} cannot be compared: its recording.json is not what this portal "
            f"writes ({type(error).__name__})."
        ) from error


def _layout(document: Document, *, bucket: str) -> Layout:
    duration_s = Fraction(document["source"]["record_duration"].strip())
    tracks = tuple(_track(each, duration_s=duration_s) for each in document["channels"]) if duration_s > 0 else ()
    per_chunk = max(1, int(document["chunk_seconds"] // duration_s)) if tracks else 1
    runs: list[Run] = []
    chunk = 0
    for place, each in enumerate(document["stretches"] if tracks else ()):
        start_us = since_day_zero_us(document["patient"], datetime.fromisoformat(each["start"]))
        records = int(each["records"])
        runs.append(
            Run(
                place=place,
                start_us=start_us,
                stop_us=start_us + round(records * duration_s * SECOND_US),
                records=records,
                first_chunk=chunk,
            )
        )
        chunk += -(-records // per_chunk)
    return Layout(
        recording=document["recording"],
        bucket=bucket,
        dtype=document["dtype"],
        records_per_chunk=per_chunk,
        runs=tuple(runs),
        tracks=tracks,
    )


def _track(channel: Document, *, duration_s: Fraction) -> Track:
    per_record = int(channel["samples_per_record"])
    limits = ("physical_minimum", "physical_maximum", "digital_minimum", "digital_maximum")
    return Track(
        number=int(channel["number"]),
        norm=label_norm(channel["label"]),
        key_part=channel["key_part"],
        samples_per_record=per_record,
        rate=Fraction(per_record) / duration_s,
        scale=(channel["unit"].strip(), *(_plain(channel[name]) for name in limits)),
    )


def _plain(text: str) -> str:
    """A number as written, without what does not change it: `-3200.0` is `-3200`."""
    try:
        return str(Fraction(text.strip().replace(",", ".")))
    except (ValueError, ZeroDivisionError):
        return text.strip()


class TrackReader:
    """Reads a channel by sample number. One thread at a time."""

    def __init__(self, objects: Objects, layout: Layout, track: Track) -> None:
        self._objects = objects
        self._layout = layout
        self._track = track
        self._dtype: np.dtype[np.signedinteger[Any]] = np.dtype(layout.dtype)
        self._begins: tuple[int, int] = (-1, 0)  # a chunk, and at which byte its samples begin

    def read(self, run: Run, *, first: int, count: int) -> Samples:
        """`count` samples of a stretch from its sample `first` on. Raises `ChunksError` and `StorageError`."""
        parts = list(self._parts(run, first=first, count=count))
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _parts(self, run: Run, *, first: int, count: int) -> Iterator[Samples]:
        per_chunk = self._layout.records_per_chunk * self._track.samples_per_record
        while count > 0:
            chunk, within = divmod(first, per_chunk)
            taken = min(count, per_chunk - within)
            yield self._of_chunk(run.first_chunk + chunk, first=within, count=taken)
            first, count = first + taken, count - taken

    def _of_chunk(self, chunk: int, *, first: int, count: int) -> Samples:
        key = chunk_key(self._layout.recording, label_part=self._track.key_part, chunk=chunk)
        if self._begins[0] != chunk:
            header, line = read_line(self._objects, bucket=self._layout.bucket, key=key)
            if (header.dtype, header.samples_per_record) != (self._layout.dtype, self._track.samples_per_record):
                raise ChunkUnreadable(f"{key} in {self._layout.bucket} is not what its recording.json says.")
            self._begins = (chunk, len(line))
        width = SAMPLE_BYTES[self._layout.dtype]
        content = self._objects.get_range(
            self._layout.bucket, key, start=self._begins[1] + first * width, length=count * width
        )
        if len(content) != count * width:
            raise ChunkUnreadable(f"{key} in {self._layout.bucket} ends too early.")
        return np.frombuffer(content, self._dtype)
