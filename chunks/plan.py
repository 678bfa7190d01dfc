"""What chunks a recording becomes, before any sample is read.

Owns: where chunks are cut and what their headers say. A chunk holds whole data records, at most `chunk_seconds` of them
but at least one; it never spans a gap; numbers go on over gaps. Every channel is cut at the same records.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property

from chunks.edf.header import Signal
from chunks.edf.reader import Edf
from chunks.format import keys
from chunks.format.clock import day_of, deidentified
from chunks.format.header import SAMPLE_BYTES, Header, SignalTexts, encode

UNKNOWN_CRC = "0" * 8


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A span of data records that becomes one chunk of every channel; `stop` is the next one's `start` in a stretch."""

    chunk: int
    first_record: int
    records: int
    start: datetime
    stop: datetime


@dataclass(frozen=True)
class Plan:
    """The chunks of one recording under one name. Bytes and keys are known before anything is read."""

    patient: str
    recording: str
    bucket: str
    start: datetime
    stop: datetime
    signals: Sequence[Signal]
    pieces: Sequence[Piece]
    records: int
    record_duration: Decimal
    records_per_chunk: int
    dtype: str

    def named(self, recording: str) -> "Plan":
        """The same chunks under another name."""
        return replace(self, recording=recording)

    @cached_property
    def label_parts(self) -> dict[int, str]:
        return keys.label_parts([(signal.number, signal.label) for signal in self.signals])

    def key(self, signal: Signal, piece: Piece) -> str:
        return keys.chunk_key(self.recording, label_part=self.label_parts[signal.number], chunk=piece.chunk)

    def samples_bytes(self, signal: Signal, piece: Piece) -> int:
        return piece.records * signal.samples_per_record * SAMPLE_BYTES[self.dtype]

    def header(self, signal: Signal, piece: Piece, *, crc32: str = UNKNOWN_CRC) -> Header:
        return Header(
            patient=self.patient,
            recording=self.recording,
            channel=signal.number,
            signal=_texts(signal),
            chunk=piece.chunk,
            start_day=day_of(self.patient, self.start),
            start=piece.start,
            stop=piece.stop,
            samples=piece.records * signal.samples_per_record,
            dtype=self.dtype,
            samples_per_record=signal.samples_per_record,
            record_duration=self.record_duration,
            records_in_recording=self.records,
            records_per_chunk=self.records_per_chunk,
            records_remaining=self.records - piece.first_record,
            crc32=crc32,
        )

    @cached_property
    def chunks(self) -> int:
        return len(self.signals) * len(self.pieces)

    @cached_property
    def size_bytes(self) -> int:
        """Of all chunks, their first lines included."""
        return sum(
            len(encode(self.header(signal, piece))) + self.samples_bytes(signal, piece)
            for piece in self.pieces
            for signal in self.signals
        )


def make_plan(edf: Edf, *, patient: str, bucket: str, surgery: date, chunk_seconds: int) -> Plan:
    """The chunks of an open EDF file, named after the day and time of its first sample.

    Raises `DayOutOfRange` where the recording and the surgery are years apart.
    """
    start = deidentified(patient, real=edf.start, surgery=surgery)
    duration = edf.header.record_duration
    signals = edf.timed_signals
    per_chunk = max(1, int(chunk_seconds // duration)) if signals else 0
    pieces = _pieces(edf, start=start, records_per_chunk=per_chunk) if signals else ()
    return Plan(
        patient=patient,
        recording=keys.recording_name(
            day=day_of(patient, start), hour=start.hour, minute=start.minute, second=start.second
        ),
        bucket=bucket,
        start=start,
        stop=start + timedelta(microseconds=edf.end_us) if pieces else start,
        signals=signals,
        pieces=pieces,
        records=edf.records,
        record_duration=duration,
        records_per_chunk=per_chunk,
        dtype="<i4" if edf.header.sample_bytes == 3 else "<i2",
    )


def _pieces(edf: Edf, *, start: datetime, records_per_chunk: int) -> tuple[Piece, ...]:
    pieces: list[Piece] = []
    for stretch in edf.stretches:
        for first in range(0, stretch.records, records_per_chunk):
            records = min(records_per_chunk, stretch.records - first)
            begin_us = edf.record_us(stretch, record=first)
            end_us = edf.record_us(stretch, record=first + records)
            pieces.append(
                Piece(
                    chunk=len(pieces),
                    first_record=stretch.first_record + first,
                    records=records,
                    start=start + timedelta(microseconds=begin_us),
                    stop=start + timedelta(microseconds=end_us),
                )
            )
    return tuple(pieces)


def _texts(signal: Signal) -> SignalTexts:
    return SignalTexts(
        label=signal.label,
        unit=signal.unit,
        physical_minimum=signal.physical_minimum,
        physical_maximum=signal.physical_maximum,
        digital_minimum=signal.digital_minimum,
        digital_maximum=signal.digital_maximum,
    )
