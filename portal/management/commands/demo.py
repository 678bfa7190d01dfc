"""`manage.py demo`: a made-up patient, taken in, searched and downloaded by the same commands as a real one."""

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command

from chunks.command import PortalCommand
from chunks.edf.packing import AnnotationSpec
from chunks.edf.signal_spec import SignalSpec
from chunks.edf.writer import write_edf
from chunks.models import Recording, RecordingState
from portal import demo_signals

PATIENT = "demo"
SURGERY = date(2017, 3, 11)


@dataclass(frozen=True, kw_only=True)
class Made:
    """A recording to make: when it began, by the recorder's clock, and its length."""

    start: datetime
    seconds: int


RECORDINGS = (
    Made(start=datetime(2017, 3, 12, 14, 5), seconds=80 * 60),
    Made(start=datetime(2017, 3, 12, 15, 35), seconds=60 * 60),
    Made(start=datetime(2017, 3, 13, 9, 0), seconds=5 * 60),
    Made(start=datetime(2017, 3, 15, 23, 55), seconds=10 * 60),
)


class Command(PortalCommand):
    help = "Make a demo patient with synthetic recordings, ingest them, and show a search and a download."

    def handle(self, *_args: Any, **_options: Any) -> None:  # noqa: ANN401 (the signature is Django's)
        folder = settings.DATA_DIR / "demo"
        if Recording.objects.filter(patient=PATIENT, state=RecordingState.OK).count() < len(RECORDINGS):
            self.stdout.write("Making a demo patient: 16 channels at 500 Hz, four recordings over four days …")
            make_sources(folder)
            self._run(f"add_patient {PATIENT}")
            self._run(f"ingest_edf {shlex.quote(str(folder))} --subject {PATIENT} --surgery-date {SURGERY}")
        self._run(f"search --patient {PATIENT} --channel LTG1..LTG4 --start 'day 1 14:30' --stop 'day 1 16:00'")
        taken = shlex.quote(str(settings.DATA_DIR / "demo-download"))
        words = f"--patient {PATIENT} --channel LTG1,DC01 --start 'day 1 14:30' --stop 'day 1 14:45'"
        self._run(f"download --to {taken} {words}")
        self.stdout.write("Everything lies in the data folder. Try your own words: python manage.py search --help")

    def _run(self, words: str) -> None:
        self.stdout.write(self.style.MIGRATE_HEADING(f"\n$ python manage.py {words}"))
        name, *arguments = shlex.split(words)
        call_command(name, *arguments)


def make_sources(folder: Path) -> None:
    """Writes the recordings that are not there yet, each whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, made in enumerate(RECORDINGS, 1):
        path = folder / f"recording-{number}.edf"
        if not path.exists():
            _write(path, made, seed=number)


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
