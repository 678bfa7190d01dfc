"""Recordings of which every sample is known, taken in as the portal does, and what a store holds of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np

from analysis.context import Event
from chunks.batch import Batch, Result, Wish
from chunks.edf.signal_spec import SignalSpec
from chunks.edf.writer import Kind, write_edf
from chunks.format.keys import patient_bucket
from people.patients import add_patient
from people.scope import server_scope
from storage.objects import Objects

PATIENT = "2002"
BUCKET = patient_bucket(PATIENT, prefix="edf-chunks-")
SURGERY = date(2017, 3, 11)
START = datetime(2017, 3, 14, 14, 5, 0)
NAME = "day3_140500"
BEGIN = datetime(2002, 1, 3, 14, 5)  # in patient time
GAPPED = [*map(Decimal, range(7)), *(Decimal(second) for second in range(20, 31))]


@dataclass(frozen=True, kw_only=True)
class Made:
    """A signal with its limits, digital ones first."""

    label: str
    rate: int
    limits: tuple[int, int, int, int] = (-32768, 32767, -3200, 3200)
    unit: str = "uV"

    def physical(self, samples: np.ndarray) -> np.ndarray:
        low, high, physical_low, physical_high = self.limits
        gain = Fraction(physical_high - physical_low, high - low)
        return samples * float(gain) + float(physical_low - low * gain)


PLAIN = (Made(label="LTG1", rate=200), Made(label="LTG2", rate=50))


def write(
    path: Path,
    *,
    signals: Sequence[Made] = PLAIN,
    kind: Kind = "EDF+C",
    records: int = 10,
    record_s: str = "1",
    onsets: Sequence[Decimal] | None = None,
    start: datetime = START,
    seed: int = 0,
) -> dict[str, np.ndarray]:
    """Writes a recording; every signal's samples by label."""
    random = np.random.default_rng(seed)
    count = records if onsets is None else len(onsets)
    samples = [random.integers(each.limits[0], each.limits[1], count * each.rate, endpoint=True) for each in signals]

    def each_record() -> Iterator[list[np.ndarray]]:
        for record in range(count):
            yield [
                trace[record * each.rate : (record + 1) * each.rate].astype(np.int32 if kind[0] == "B" else np.int16)
                for trace, each in zip(samples, signals, strict=True)
            ]

    specs = [
        SignalSpec(each.label, each.rate, each.limits[2], each.limits[3], each.limits[0], each.limits[1], each.unit)
        for each in signals
    ]
    write_edf(
        path,
        kind=kind,
        signals=specs,
        records=each_record(),
        record_duration=Decimal(record_s),
        start=start,
        onsets=onsets,
    )
    return {each.label: trace for each, trace in zip(signals, samples, strict=True)}


def take(path: Path, objects: Objects, *, chunk_seconds: int = 3, patient: str = PATIENT) -> Result:
    """Takes a recording in, with its patient and bucket."""
    add_patient(patient)
    objects.make_bucket(patient_bucket(patient, prefix="edf-chunks-"))
    batch = Batch(
        patient=patient,
        surgery=SURGERY,
        surgery_source="date given",
        wish=Wish(chunk_seconds=chunk_seconds),
        objects=objects,
        scope=server_scope(means="test"),
    )
    result = batch.ingest(path, place=1, progress=lambda _bytes: None)
    assert result.outcome == "ingested", result
    return result


def event(number: int, *, at_s: float, code: int = 7) -> Event:
    """A trial's event, so long after the recording's begin."""
    return Event(
        number=number,
        patient="2002",
        bucket=BUCKET,
        recording=NAME,
        task="ToM_Loc",
        session="s.json",
        code=code,
        trial=number + 1,
        at=BEGIN + timedelta(seconds=at_s),
    )


def windows_of(trace: np.ndarray, *, length: int) -> np.ndarray:
    """A stretch cut into whole windows."""
    return trace[: len(trace) // length * length].reshape(-1, length)
