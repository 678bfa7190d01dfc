"""Writes EDF, EDF+C, EDF+D, BDF and BDF+ files as the specifications want them, from the reader's own tables.

Records are taken one at a time and written at once, so memory does not grow with their number; the number is put into
the header at the end. Digital values are written as they are. What the format cannot say is refused, never cut.
Source: edfplus.info/specs/edf.html and /edfplus.html; BDF is the same with three bytes a sample.
"""

import datetime as dt
import os
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import IO, Literal

import numpy as np
import numpy.typing as npt

from chunks.edf import dates
from chunks.edf.errors import NotWritable
from chunks.edf.fields import FILE_FIELDS, HEADER_BYTES, encode, file_field_offset, join_file_fields, join_signal_fields
from chunks.edf.identity import format_identity, format_recording_field, parse_identity, parse_recording_field
from chunks.edf.numerals import format_number
from chunks.edf.packing import AnnotationSpec, Packer, width_needed
from chunks.edf.samples import pack_24bit
from chunks.edf.signal_spec import SignalSpec

Kind = Literal["EDF", "EDF+C", "EDF+D", "BDF", "BDF+C", "BDF+D"]
Record = Sequence[npt.NDArray[np.integer]]


def write_edf(  # noqa: PLR0913  a recording is so much, and every word of it is a keyword
    target: str | os.PathLike[str] | IO[bytes],
    *,
    kind: Kind,
    signals: Sequence[SignalSpec],
    records: Iterable[Record],
    record_duration: Decimal,
    start: dt.datetime,
    onsets: Sequence[Decimal] | None = None,
    annotations: Sequence[AnnotationSpec] = (),
    patient: str | None = None,
    recording: str | None = None,
) -> int:
    """Write a recording and give the number of its data records.

    Args:
        target: a path, written beside itself and put in place when it is complete, or a seekable binary file.
        kind: the format; only those with a + hold annotations, onsets and parts of a second.
        signals: the ordinary signals; the annotation signal is added as the last one.
        records: one after the other, each with one array of whole numbers for every signal, `samples_per_record` long.
        record_duration: seconds of a data record; 0 only where there are no ordinary signals.
        start: of the first record, naive, by the recorder's clock.
        onsets: of the records in seconds after `start`, for EDF+D and BDF+D; without them, one follows on the other.
        annotations: their onsets count from `start`'s whole second.
        patient: the patient field, made by `identity.format_identity`; by default everything in it is unknown.
        recording: the recording field, made by `identity.format_recording_field`; by default only the date is known.

    Raises:
        NotWritable: the format cannot say it.
    """
    writer = _Writer(kind, signals=signals, record_duration=record_duration, start=start)
    writer.plan(onsets=onsets, annotations=annotations)
    header = writer.header(patient=patient, recording=recording)
    if not isinstance(target, str | os.PathLike):
        return writer.write(target, header=header, records=records)
    path = Path(target)
    part = path.with_name(f"{path.name}.part")
    try:
        with part.open("wb") as file:
            count = writer.write(file, header=header, records=records)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return count


class _Writer:
    def __init__(
        self, kind: Kind, *, signals: Sequence[SignalSpec], record_duration: Decimal, start: dt.datetime
    ) -> None:
        self._kind = kind
        self._is_plus = "+" in kind
        self._sample_bytes: Literal[2, 3] = 3 if kind.startswith("BDF") else 2
        self._signals = signals
        self._record_duration = record_duration
        self._start = start
        self._onsets: Sequence[Decimal] | None = None
        self._annotation_samples = 0
        self._packer: Packer | None = None
        self._check()

    def _check(self) -> None:
        if self._start.tzinfo is not None:
            raise NotWritable("The format has no time zones: give the start by the recorder's own clock.")
        if self._start.microsecond and not self._is_plus:
            raise NotWritable(f"{self._kind} has whole seconds only; a start with a fraction needs EDF+ or BDF+.")
        if not self._signals and not self._is_plus:
            raise NotWritable("There is no signal to write.")
        if not self._record_duration.is_finite() or self._record_duration < 0:
            raise NotWritable("A data record needs a duration of at least 0 s.")
        if self._signals and not self._record_duration:
            raise NotWritable("A record duration of 0 is for files without ordinary signals.")

    def plan(self, *, onsets: Sequence[Decimal] | None, annotations: Sequence[AnnotationSpec]) -> None:
        """Take in when records begin and what happened, and decide the size of the annotation signal."""
        if not self._is_plus:
            if onsets is not None or annotations:
                raise NotWritable(f"{self._kind} holds no annotations and no onsets; EDF+ and BDF+ do.")
            return
        if onsets is not None and not self._kind.endswith("D"):
            follows_on = all(onset == place * self._record_duration for place, onset in enumerate(onsets))
            if not follows_on:
                raise NotWritable(f"{self._kind} has no gaps; records that do not follow on need EDF+D or BDF+D.")
        self._onsets = onsets
        known = [self._onset(record) for record in range(len(onsets or ()))]
        width_bytes = width_needed(annotations, onsets=known, record_duration=self._record_duration)
        self._annotation_samples = -(-width_bytes // self._sample_bytes)
        self._packer = Packer(annotations, width_bytes=self._annotation_samples * self._sample_bytes)

    def header(self, *, patient: str | None, recording: str | None) -> bytes:
        """Give the whole header, with -1 for the number of records."""
        rows = [signal.encode(sample_bytes=self._sample_bytes) for signal in self._signals]
        if self._packer:
            rows.append(SignalSpec.for_annotations(self._annotation_samples, sample_bytes=self._sample_bytes))
        who = format_identity() if patient is None else patient
        by_whom = format_recording_field(self._start.date()) if recording is None else recording
        if self._is_plus and not (parse_identity(who)[1] and parse_recording_field(by_whom)[1]):
            raise NotWritable("The patient or recording field has not the subfields of EDF+.")
        texts = {
            "patient": who,
            "recording": by_whom,
            "start_date": dates.format_date(self._start.date(), plus=self._is_plus),
            "start_time": dates.format_time(self._start.time()),
            "header_bytes": str(HEADER_BYTES * (len(rows) + 1)),
            "reserved": self._kind if self._is_plus else "24BIT" if self._sample_bytes == 3 else "",
            "records": "-1",
            "record_duration": format_number(self._record_duration),
            "signals": str(len(rows)),
        }
        version = b"\xffBIOSEMI" if self._sample_bytes == 3 else b"0"
        fields = {field.name: encode(texts[field.name], field=field) for field in FILE_FIELDS if field.name in texts}
        return join_file_fields({"version": version, **fields}) + join_signal_fields(rows)

    def write(self, file: IO[bytes], *, header: bytes, records: Iterable[Record]) -> int:
        """Write header and records to a file at its present place; gives the number of records."""
        if not file.seekable():
            raise NotWritable("The number of records is known at the end: the file must be seekable.")
        begin = file.tell()
        file.write(header)
        count = 0
        waiting: Record | None = None  # one record is held back, because the last takes all annotations left
        for record in records:
            if waiting is not None:
                self._write_record(file, waiting, number=count, is_last=False)
                count += 1
            waiting = record
        if waiting is None:
            raise NotWritable("There is no data record to write.")
        self._write_record(file, waiting, number=count, is_last=True)
        count += 1
        if self._onsets is not None and count != len(self._onsets):
            raise NotWritable(f"There are {count} data records and {len(self._onsets)} onsets.")
        end = file.tell()
        file.seek(begin + file_field_offset("records"))
        file.write(format_number(count).encode("ascii").ljust(8))
        file.seek(end)
        return count

    def _write_record(self, file: IO[bytes], record: Record, *, number: int, is_last: bool) -> None:
        if len(record) != len(self._signals):
            raise NotWritable(f"Data record {number} has {len(record)} signals, not {len(self._signals)}.")
        for signal, samples in zip(self._signals, record, strict=True):
            if samples.shape != (signal.samples_per_record,):
                wanted = signal.samples_per_record
                raise NotWritable(f"Data record {number} has {samples.shape} samples of a signal, not ({wanted},).")
            file.write(self._encode(samples))
        if self._packer:
            onset = self._onset(number)
            file.write(self._packer.pack(onset, end=None if is_last else onset + self._record_duration))

    def _onset(self, record: int) -> Decimal:
        fraction = Decimal(self._start.microsecond).scaleb(-6).normalize() if self._start.microsecond else Decimal(0)
        if self._onsets is None:
            return fraction + record * self._record_duration
        if record >= len(self._onsets):
            raise NotWritable(f"There are more data records than the {len(self._onsets)} onsets.")
        return fraction + self._onsets[record]

    def _encode(self, samples: npt.NDArray[np.integer]) -> bytes:
        if self._sample_bytes == 2 and samples.dtype == np.int16:
            return samples.astype("<i2", copy=False).tobytes()
        top = 1 << (8 * self._sample_bytes - 1)
        if samples.dtype.kind not in "iu" or (samples.size and not -top <= samples.min() <= samples.max() < top):
            raise NotWritable(f"Samples are whole numbers from {-top} to {top - 1}.")
        if self._sample_bytes == 3:
            return pack_24bit(samples.astype("<i4"))
        return samples.astype("<i2").tobytes()
