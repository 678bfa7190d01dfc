"""What is read: runs, each the chunks of one channel in one stretch of a recording, as `recording.json` tells them.

Owns: how a recording is taken apart into runs, and a run's form as one line of JSON, which is the manifest. A run knows
the key, the first sample and the length of each of its chunks, so nothing is listed or asked when the reading begins.
Plain Python.
"""

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from analysis.errors import NotAManifest
from chunks.edf.numerals import parse_decimal
from chunks.format.header import SAMPLE_BYTES
from chunks.format.keys import chunk_key

Document = Mapping[str, Any]
MICROSECONDS = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Run:
    """One channel of one stretch, and which of its chunks are asked for: those from `first` to before `last`.

    stretch_start: patient time, naive; sample 0 of the grid. stretch_chunk: the number of the stretch's first chunk.
    gain, offset: physical value = digital value × gain + offset; None where the recording's limits give no scale.
    within_us: the time asked for, in microseconds since the stretch's start; None where that is all of it.
    etags: of the chunks asked for, in order; none, or an empty one, where it is not to be compared.
    """

    patient: str
    bucket: str
    recording: str
    channel: int
    label: str
    key_part: str
    unit: str
    gain: float | None
    offset: float | None
    dtype: str
    samples_per_record: int
    record_duration: str
    stretch: int
    stretch_start: str
    stretch_chunk: int
    stretch_records: int
    records_per_chunk: int
    first: int
    last: int
    within_us: tuple[tuple[int, int], ...] | None = None
    etags: tuple[str, ...] = ()

    @property
    def sfreq(self) -> Fraction:
        """Samples per second, exactly."""
        return self.samples_per_record / Fraction(Decimal(self.record_duration))

    @property
    def begin(self) -> datetime:
        return datetime.fromisoformat(self.stretch_start)

    def key(self, chunk: int) -> str:
        return chunk_key(self.recording, label_part=self.key_part, chunk=chunk)

    def span(self, chunk: int) -> tuple[int, int]:
        """The first sample of a chunk and the one after its last, counted from the stretch's first."""
        begin = (chunk - self.stretch_chunk) * self.records_per_chunk
        end = min(begin + self.records_per_chunk, self.stretch_records)
        return begin * self.samples_per_record, end * self.samples_per_record

    def chunk_at(self, sample: int) -> int:
        """The chunk that holds a sample of the stretch."""
        return self.stretch_chunk + sample // (self.records_per_chunk * self.samples_per_record)

    def etag(self, chunk: int) -> str | None:
        return (self.etags[chunk - self.first] or None) if self.etags else None

    def sample_at(self, us: int) -> Fraction:
        """The place of an instant among the stretch's samples; whole where a sample begins."""
        return us * self.sfreq / MICROSECONDS

    def share(self, chunk: int) -> Fraction:
        """How much of a chunk is asked for, from 0 to 1."""
        if self.within_us is None:
            return Fraction(1)
        first, last = map(Fraction, self.span(chunk))
        parts = ((max(self.sample_at(begin), first), min(self.sample_at(end), last)) for begin, end in self.within_us)
        return sum((max(Fraction(0), end - begin) for begin, end in parts), Fraction(0)) / (last - first)

    def narrowed(self, *, first: int, last: int) -> "Run":
        """The same run with fewer of its chunks, and the time asked for within them."""
        within = self.within_us
        if within is not None:
            begin, end = self.span(first)[0], self.span(last - 1)[1]
            within = tuple(each for each in within if self.sample_at(each[0]) < end and begin < self.sample_at(each[1]))
        etags = self.etags[first - self.first : last - self.first]
        return replace(self, first=first, last=last, etags=etags, within_us=within)

    def asked(self, within_us: Iterable[tuple[int, int]]) -> "Iterator[Run]":
        """The run as far as these times touch it (from, to before; sorted, disjoint): one for each row of chunks.

        Times are microseconds since the stretch's start and may lie outside it.
        """
        stop_us = math.ceil(self.stretch_records * Fraction(Decimal(self.record_duration)) * MICROSECONDS)
        within = tuple((max(0, begin), min(end, stop_us)) for begin, end in within_us if begin < stop_us and end > 0)
        if within == ((0, stop_us),):
            yield self
            return
        first = last = self.first
        asked = replace(self, within_us=within)
        for begin_us, end_us in within:
            begin = self.chunk_at(math.floor(self.sample_at(begin_us)))
            end = min(self.chunk_at(math.ceil(self.sample_at(end_us)) - 1) + 1, self.last)
            if begin > last and first < last:
                yield asked.narrowed(first=first, last=last)
            if begin > last or first == last:
                first = begin
            last = max(last, end)
        if first < last:
            yield asked.narrowed(first=first, last=last)

    @property
    def size_bytes(self) -> int:
        """Of all samples asked for."""
        return (self.span(self.last - 1)[1] - self.span(self.first)[0]) * SAMPLE_BYTES[self.dtype]


def runs_of(document: Document, *, bucket: str) -> Iterator[Run]:
    """The runs of a whole recording, channel by channel in header order.

    Raises `KeyError`, `TypeError` or `ValueError` for a document that is not what this portal writes.
    """
    if not document["channels"]:
        return
    duration = parse_decimal(document["source"]["record_duration"])
    if not duration:
        raise ValueError("its data records have no duration, so no time")
    per_chunk = max(1, int(document["chunk_seconds"] // duration))
    stretches = list(_numbered(document["stretches"], records_per_chunk=per_chunk))
    for channel in document["channels"]:
        gain, offset = _scale(channel)
        for number, chunk, stretch in stretches:
            yield Run(
                patient=document["patient"],
                bucket=bucket,
                recording=document["recording"],
                channel=channel["number"],
                label=channel["label"],
                key_part=channel["key_part"],
                unit=channel["unit"],
                gain=gain,
                offset=offset,
                dtype=document["dtype"],
                samples_per_record=channel["samples_per_record"],
                record_duration=f"{duration.normalize():f}",
                stretch=number,
                stretch_start=stretch["start"],
                stretch_chunk=chunk,
                stretch_records=stretch["records"],
                records_per_chunk=per_chunk,
                first=chunk,
                last=chunk + -(-stretch["records"] // per_chunk),
            )


def encode(run: Run) -> str:
    """One line of a manifest in ASCII, its newline included: no label can end it."""
    return json.dumps(asdict(run), separators=(",", ":")) + "\n"


def decode(line: str) -> Run:
    """The run that a line of a manifest tells. Raises `NotAManifest`."""
    try:
        keys = json.loads(line)
        if set(keys) != _FIELDS:
            raise ValueError("its keys are not those of a run")
        within = keys["within_us"]
        run = Run(
            **keys | {"etags": tuple(keys["etags"]), "within_us": None if within is None else tuple(map(tuple, within))}
        )
        _check(run)
    except (ValueError, TypeError, ArithmeticError, RecursionError) as error:
        raise NotAManifest(f"A line of the manifest cannot be read: {error}. Write the manifest anew.") from error
    return run


_FIELDS = {field.name for field in fields(Run)}
_TEXTS = [field.name for field in fields(Run) if field.type is str]


def _check(run: Run) -> None:
    whole = (run.samples_per_record, run.records_per_chunk, run.stretch_records, run.last - run.first)
    if not all(isinstance(number, int) and number > 0 for number in whole) or run.dtype not in SAMPLE_BYTES:
        raise ValueError("it counts no samples")
    if not all(isinstance(getattr(run, name), str) for name in _TEXTS) or not parse_decimal(run.record_duration):
        raise ValueError("its texts are none")
    if not all(number is None or math.isfinite(number) for number in (run.gain, run.offset)):
        raise ValueError("its scale is no number")
    if not all(isinstance(us, int) for begin, end in run.within_us or () for us in (begin, end)):
        raise ValueError("its times are none")
    if run.sfreq <= 0 or run.span(run.last - 1)[0] >= run.span(run.last - 1)[1] or run.first < run.stretch_chunk:
        raise ValueError("its chunks are not in its stretch")
    if run.etags and len(run.etags) != run.last - run.first:
        raise ValueError("it has another number of ETags than of chunks")
    _ = run.begin


def _numbered(stretches: Sequence[Document], *, records_per_chunk: int) -> Iterator[tuple[int, int, Document]]:
    """(number, number of its first chunk, stretch) of those that hold records; chunk numbers go on over gaps."""
    chunk = 0
    for number, stretch in enumerate(stretches):
        if stretch["records"]:
            yield number, chunk, stretch
            chunk += -(-stretch["records"] // records_per_chunk)


def _scale(channel: Document) -> tuple[float | None, float | None]:
    """Gain and offset, as near to the limits' exact numbers as a float is."""
    names = ("digital_minimum", "digital_maximum", "physical_minimum", "physical_maximum")
    limits = [parse_decimal(channel[name]) for name in names]
    if any(limit is None for limit in limits):
        return None, None
    low, high, physical_low, physical_high = (Fraction(limit) for limit in limits if limit is not None)
    if low == high or physical_low == physical_high:
        return None, None
    gain = (physical_high - physical_low) / (high - low)
    return float(gain), float(physical_low - low * gain)
