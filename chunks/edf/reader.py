"""Reads EDF, EDF+C, EDF+D, BDF and BDF+ files: `open_edf` gives an `Edf`.

Lenient with findings, strict on request, never wrong in silence. Opening reads the header and the time-keeping mark of
every record; samples are read only where they are asked for. Instants are exact fractions inside and are rounded half
up to the microsecond once, where they leave. There are no time zones: a recorder's clock is taken as it was.
"""

import datetime as dt
import os
from collections.abc import Iterator
from typing import Self

import numpy as np
import numpy.typing as npt

from chunks.edf.annotations import Annotation, AnnotationReader
from chunks.edf.damage import check_signal_fields
from chunks.edf.errors import EdfTruncated
from chunks.edf.fields import HEADER_BYTES
from chunks.edf.findings import Finding, Findings
from chunks.edf.header import Header, Signal
from chunks.edf.header_oddities import note_signals
from chunks.edf.header_reader import parse_header, signal_count
from chunks.edf.identity import Identity
from chunks.edf.layout import Layout, find_layout
from chunks.edf.recognise import check_is_edf
from chunks.edf.records import Records
from chunks.edf.samples import Samples, expand_24bit
from chunks.edf.source import Source
from chunks.edf.start import Start, StartSource, check_calendar, resolve_start
from chunks.edf.timeline import Stretch, Timeline, read_timeline

_BLOCK_BYTES = 8 << 20


def open_edf(
    path: str | os.PathLike[str],
    *,
    strict: bool = False,
    start: dt.datetime | None = None,
    accept_truncated: bool = False,
) -> "Edf":
    """Open a recording.

    Args:
        path: the file.
        strict: refuse every deviation from the specification, and a truncated file even if those are accepted.
        start: when the recording began by the recorder's clock (naive), in place of the header's start date and time.
        accept_truncated: take a file with fewer data records than its header announces for what is there.

    Raises:
        EdfError: it cannot be read, or not without doubt; the sub-class says what is wrong, the message what was found.
    """
    source = Source(path)
    try:
        findings = Findings(strict=strict)
        header = _read_header(source, findings=findings)
        layout = find_layout(source, header, findings=findings, accept_truncated=accept_truncated and not strict)
        note_signals(header, findings=findings)
        known_start = resolve_start(header, given=start, findings=findings)
        timeline = read_timeline(Records(source, layout), header, layout, findings=findings)
        check_calendar(known_start, timeline=timeline)
    except BaseException:
        source.close()
        raise
    return Edf(
        source=source,
        header=header,
        layout=layout,
        timeline=timeline,
        start=known_start,
        findings=findings,
        strict=strict,
    )


def read_fingerprint(path: str | os.PathLike[str]) -> str:
    """Give what `Edf.fingerprint` gives, from the header and three data records alone.

    Raises:
        EdfError: no data record can be found.
    """
    with Source(path) as source:
        findings = Findings(strict=False)
        header = _read_header(source, findings=findings)
        layout = find_layout(source, header, findings=findings, accept_truncated=True)
        return Records(source, layout).fingerprint()


def _read_header(source: Source, *, findings: Findings) -> Header:
    beginning = source.read_up_to(HEADER_BYTES, offset_bytes=0)
    check_is_edf(beginning, size_bytes=source.size_bytes)
    signals = signal_count(beginning)
    size_bytes = HEADER_BYTES * (signals + 1)
    if source.size_bytes < size_bytes:
        raise EdfTruncated(
            f"The file ends inside its header: {signals} signals make {size_bytes} bytes of it, "
            f"and the file has {source.size_bytes}."
        )
    raw = source.read(size_bytes, offset_bytes=0)
    check_signal_fields(raw[HEADER_BYTES:], signals=signals)
    return parse_header(raw, findings=findings)


class Edf:
    """An open recording, made by `open_edf`; close it, or use it as a context manager."""

    def __init__(
        self,
        *,
        source: Source,
        header: Header,
        layout: Layout,
        timeline: Timeline,
        start: Start,
        findings: Findings,
        strict: bool,
    ) -> None:
        self.header = header
        self._source = source
        self._layout = layout
        self._records = Records(source, layout)
        self._timeline = timeline
        self._start = start
        self._findings = findings
        self._annotation_findings: tuple[Finding, ...] = ()
        self._strict = strict

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._source.close()

    # What is in it

    @property
    def identity(self) -> Identity:
        """Who the header says was recorded."""
        return self.header.identity

    @property
    def signals(self) -> tuple[Signal, ...]:
        """The ordinary signals, in header order."""
        return tuple(signal for signal in self.header.signals if not signal.is_annotations)

    @property
    def timed_signals(self) -> tuple[Signal, ...]:
        """The ordinary signals whose samples have a time: those with samples, where the record duration is not 0."""
        return tuple(signal for signal in self.signals if signal.sfreq)

    @property
    def annotation_signals(self) -> tuple[Signal, ...]:
        return tuple(signal for signal in self.header.signals if signal.is_annotations)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was odd; that about the annotations is here once `annotations` has been run to its end."""
        return (*self._findings, *self._annotation_findings)

    # Where it is

    @property
    def size_bytes(self) -> int:
        """The file's size when it was opened."""
        return self._source.size_bytes

    @property
    def opened(self) -> os.stat_result:
        """What the file was when it was opened: it is this one that is read, whatever lies at its path by now."""
        return self._source.opened

    @property
    def data_offset_bytes(self) -> int:
        return self._layout.data_offset_bytes

    @property
    def record_bytes(self) -> int:
        return self._layout.record_bytes

    @property
    def records(self) -> int:
        """The whole data records that are read."""
        return self._layout.records

    @property
    def records_expected(self) -> int | None:
        """The number of data records as the header has it, also -1; None where it is no number."""
        return self.header.records_expected

    @property
    def truncated(self) -> bool:
        """Whether the file holds fewer data records than its header announces."""
        return self._layout.truncated

    # When it was

    @property
    def header_start(self) -> dt.datetime:
        """The header's start date and time, or the given one, naive; annotations count from here."""
        return self._start.header_start

    @property
    def start(self) -> dt.datetime:
        """The instant of the first sample, naive: the header's start plus the onset of the first data record."""
        return self._start.header_start + dt.timedelta(microseconds=self._timeline.start_us)

    @property
    def start_source(self) -> StartSource:
        """How the header's start is known: "header", "startdate field" (of EDF+) or "given"."""
        return self._start.source

    @property
    def stretches(self) -> tuple[Stretch, ...]:
        """The parts without a gap, in the file's order; a recording without time-keeping marks is one."""
        return self._timeline.stretches

    @property
    def drift_us(self) -> int:
        """By how much the recorder's times ran away from the numbers of its records, inside stretches, summed."""
        return self._timeline.drift_us

    @property
    def end_us(self) -> int:
        """The end of the latest data, in microseconds after `start`."""
        return self._timeline.end_us

    def record_us(self, stretch: Stretch, *, record: int) -> int:
        """Give when a stretch's record begins, in microseconds after `start`; `record` counts from 0 in the stretch.

        With `record` the number of the stretch's records it is the stretch's end.
        """
        return self._timeline.record_us(stretch, record=record)

    def duration_us(self, stretch: Stretch) -> int:
        """Give the length of a stretch in microseconds."""
        return self.record_us(stretch, record=stretch.records) - self.record_us(stretch, record=0)

    # Reading

    def read_into(self, out: npt.NDArray[np.uint8], *, first_record: int, offset_bytes: int) -> None:
        """Fill each row of `out`, (records, width) of uint8, with the same bytes of one data record after the other.

        Raises:
            ValueError: `out` is of another kind, or asks for bytes outside the data records.
            EdfTruncated: the file has become shorter since it was opened.
        """
        self._records.read_into(out, first_record=first_record, offset_bytes=offset_bytes)

    def samples(self, signal: Signal, *, first_record: int = 0, records: int | None = None) -> Samples:
        """Give digital samples of one signal: `<i2`, or `<i4` (sign-extended) from BDF. For small reads.

        Raises:
            ValueError: there are no such records.
            EdfTruncated: the file has become shorter since it was opened.
        """
        count = self.records - first_record if records is None else records
        if count < 0:
            raise ValueError(f"a recording of {self.records} data records has none from {first_record} on")
        is_24bit = self.header.sample_bytes == 3
        samples = np.empty((count, signal.samples_per_record), dtype="<i4" if is_24bit else "<i2")
        at_once = max(1, _BLOCK_BYTES // max(1, signal.width_bytes))
        for first in range(0, count, at_once):
            rows = samples[first : first + at_once]
            raw = np.empty((len(rows), signal.width_bytes), dtype=np.uint8) if is_24bit else rows.view(np.uint8)
            self.read_into(raw, first_record=first_record + first, offset_bytes=signal.offset_bytes)
            if is_24bit:
                rows[:] = expand_24bit(raw)
        return samples.reshape(-1)

    def annotations(self) -> Iterator[Annotation]:
        """Give every event of every annotation signal, in the file's order.

        Raises:
            SpecDeviation: reading is strict and an annotation list is not as the specification has it.
            EdfTruncated: the file has become shorter since it was opened.
        """
        reader = AnnotationReader(
            self._records,
            count=self.records,
            signals=self.annotation_signals,
            labels=frozenset(signal.label for signal in self.signals if signal.label),
        )
        yield from reader.read(strict=self._strict)
        self._annotation_findings = reader.findings

    def fingerprint(self) -> str:
        """Give the SHA-256 over the file's size (8 bytes, little-endian) and its first, middle and last data record."""
        return self._records.fingerprint()
