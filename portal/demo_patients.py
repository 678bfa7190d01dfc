"""The demo's patients: who they are, and the EDF files made for each.

Owns: their recordings. Two of them have recordings and labels of the same names, as patients do.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

from chunks.edf.packing import AnnotationSpec
from chunks.edf.signal_spec import SignalSpec
from chunks.edf.writer import write_edf
from portal import demo_signals


@dataclass(frozen=True, kw_only=True)
class Made:
    """A recording to make: when it began, by the recorder's clock, and its length."""

    start: datetime
    seconds: int


@dataclass(frozen=True, kw_only=True)
class DemoPatient:
    """seed: the first of the numbers that her signals grow from, one a recording."""

    name: str
    surgery: date
    recordings: tuple[Made, ...]
    seed: int


DEMO = DemoPatient(
    name="demo",
    surgery=date(2017, 3, 11),
    recordings=(
        Made(start=datetime(2017, 3, 12, 14, 5), seconds=80 * 60),
        Made(start=datetime(2017, 3, 12, 15, 35), seconds=60 * 60),
        Made(start=datetime(2017, 3, 13, 9, 0), seconds=5 * 60),
        Made(start=datetime(2017, 3, 15, 23, 55), seconds=10 * 60),
    ),
    seed=1,
)
DEMO2 = DemoPatient(
    name="demo2",
    surgery=date(2018, 6, 4),
    recordings=(
        Made(start=datetime(2018, 6, 5, 14, 5), seconds=30 * 60),
        Made(start=datetime(2018, 6, 6, 9, 0), seconds=5 * 60),
    ),
    seed=101,
)
PATIENTS = (DEMO, DEMO2)


def make_sources(patient: DemoPatient, *, folder: Path) -> None:
    """Writes the recordings that are not there yet, each whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, made in enumerate(patient.recordings):
        path = folder / f"recording-{number + 1}.edf"
        if not path.exists():
            _write(path, made, seed=patient.seed + number)


def _write(path: Path, made: Made, *, seed: int) -> None:
    recorded = demo_signals.make_recording(seconds=made.seconds, seed=seed)
    write_edf(
        path,
        kind="EDF+C",
        signals=list(_signals()),
        records=demo_signals.records(recorded),
        record_duration=Decimal(1),
        start=made.start,
        annotations=[AnnotationSpec(Decimal(0), "REC START"), AnnotationSpec(Decimal(20), "eyes closed")],
    )


def _signals() -> Iterator[SignalSpec]:
    step = Decimal(1) / demo_signals.MICROVOLT_STEPS
    for label in demo_signals.LABELS:
        yield SignalSpec(
            label,
            demo_signals.SFREQ,
            -32768 * step,
            32767 * step,
            transducer="" if label == "DC01" else "Pt electrode",
            prefilter="HP:0.5Hz LP:200Hz",
        )
