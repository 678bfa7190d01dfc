"""Chunks and a manifest for `benchmarks.spark`: `python -m benchmarks.spark_world CHANNELS CHUNKS`, in its environment.

Takes one recording of noise in, as the portal does, and writes `manifest.jsonl` into the data folder.
"""

import sys
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal

import django
import numpy as np
from django.conf import settings
from django.core.management import call_command

django.setup()

from analysis.manifest import write  # noqa: E402 - after setup
from chunks.batch import Batch, Wish  # noqa: E402
from chunks.edf.signal_spec import SignalSpec  # noqa: E402
from chunks.edf.writer import write_edf  # noqa: E402
from chunks.format.keys import patient_bucket  # noqa: E402
from people.patients import add_patient  # noqa: E402
from people.scope import server_scope  # noqa: E402
from selections.resolve import resolve  # noqa: E402
from selections.words import parse  # noqa: E402
from storage.urls import open_objects  # noqa: E402

SFREQ, CHUNK_S = 1000, 600
PATIENT, START = "2002", datetime(2017, 3, 14, 14, 5)


def main(channels: int, chunks: int) -> None:
    call_command("migrate", verbosity=0)
    call_command("migrate", verbosity=0, database="headers")
    random = np.random.default_rng(0)

    def records() -> Iterator[list[np.ndarray]]:
        for _ in range(chunks * CHUNK_S):
            yield list(random.integers(-3000, 3000, (channels, SFREQ)).astype(np.int16))

    signals = [SignalSpec(f"LTG{n}", SFREQ, -3200, 3200, -32768, 32767, "uV") for n in range(1, channels + 1)]
    path = settings.DATA_DIR / "noise.edf"
    write_edf(
        path, kind="EDF", signals=signals, records=records(), record_duration=Decimal(1), start=START, onsets=None
    )
    add_patient(PATIENT)
    objects, scope = open_objects(settings.OBJECTS_URL), server_scope(means="command")
    objects.make_bucket(patient_bucket(PATIENT, prefix=settings.BUCKET_PREFIX))
    batch = Batch(
        patient=PATIENT,
        surgery=date(2017, 3, 11),
        surgery_source="date given",
        wish=Wish(chunk_seconds=CHUNK_S),
        objects=objects,
        scope=scope,
    )
    batch.ingest(path, place=1, progress=lambda _bytes: None)
    write(resolve(parse({}), scope=scope), path=settings.DATA_DIR / "manifest.jsonl", objects=objects)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
