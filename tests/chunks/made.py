"""Recordings made for tests: small EDF files with every sample known, and what a store holds of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np

from chunks.edf.packing import AnnotationSpec
from chunks.edf.signal_spec import SignalSpec
from chunks.edf.writer import Kind, write_edf
from chunks.format.header import Header, decode
from chunks.format.keys import CHUNK_SUFFIX
from storage.objects import Objects

SURGERY = date(2017, 3, 11)
START = datetime(2017, 3, 14, 14, 5, 0)


@dataclass(frozen=True)
class Channel:
    label: str
    samples_per_record: int


EEG = (Channel("LTG1", 200), Channel("LTG2", 200), Channel("EKG", 50), Channel("SpO2", 1))


def write_recording(
    path: Path,
    *,
    kind: Kind = "EDF+C",
    channels: Sequence[Channel] = EEG,
    seconds: int = 10,
    record_s: str = "1",
    start: datetime = START,
    onsets: Sequence[Decimal] | None = None,
    notes: Sequence[AnnotationSpec] = (),
    patient: str | None = None,
    seed: int = 0,
) -> dict[int, np.ndarray]:
    """Writes a recording; gives every channel's samples by channel number."""
    rng = np.random.default_rng(seed)
    records = int(seconds / Decimal(record_s)) if onsets is None else len(onsets)
    top = 1 << (23 if kind.startswith("BDF") else 15)
    dtype = np.int32 if kind.startswith("BDF") else np.int16
    samples = [rng.integers(-top, top, records * each.samples_per_record).astype(dtype) for each in channels]

    def each_record() -> Iterator[list[np.ndarray]]:
        for record in range(records):
            yield [
                trace[record * each.samples_per_record : (record + 1) * each.samples_per_record]
                for trace, each in zip(samples, channels, strict=True)
            ]

    write_edf(
        path,
        kind=kind,
        signals=[SignalSpec(each.label, each.samples_per_record, -3200, 3200) for each in channels],
        records=each_record(),
        record_duration=Decimal(record_s),
        start=start,
        onsets=onsets,
        annotations=notes,
        patient=patient,
    )
    return dict(enumerate(samples, 1))


def read_chunks(objects: Objects, bucket: str, recording: str) -> list[tuple[Header, np.ndarray]]:
    """Every chunk of a recording in order of channel and number, read as anybody would."""
    chunks = []
    for info in objects.list(bucket, prefix=f"{recording}/"):
        if info.key.endswith(CHUNK_SUFFIX):
            content = objects.get(bucket, info.key)
            header, length = decode(content)
            chunks.append((header, np.frombuffer(content, header.dtype, offset=length)))
    return sorted(chunks, key=lambda chunk: (chunk[0].channel, chunk[0].chunk))


def joined(chunks: Sequence[tuple[Header, np.ndarray]]) -> dict[int, np.ndarray]:
    """The samples of every channel over all its chunks."""
    channels = sorted({header.channel for header, _ in chunks})
    return {
        channel: np.concatenate([samples for header, samples in chunks if header.channel == channel])
        for channel in channels
    }


def whole_tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, by its path in it."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
