"""Peak memory of an ingest stays under 400 MB, whatever the file's length, channels and chunks."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.chunks.made import Channel, write_recording

pytestmark = pytest.mark.prove
ROOT = Path(__file__).parents[2]
LIMIT_MB = 400
SHAPES = {
    # An hour of each channel is 216 MB: a chunk alone is over what is held at once.
    "one channel, 30 kHz": ("EDF", [Channel("A", 30_000)], 3600, "1"),
    "one record of 200 MB": ("EDF", [Channel("A", 5_000_000), Channel("B", 95_000_000)], 6000, "6000"),
    "24 bit": ("BDF", [Channel(f"A{number}", 2_000) for number in range(48)], 3600, "1"),
    "256 channels": ("EDF+C", [Channel(f"A{number}", 1_000) for number in range(256)], 1200, "1"),
}


# A process begins with the peak of the one that started it, so a small one stands between this one and the ingest.
MEASURE = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def peak_mb(world: Path, *words: str) -> float:
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, sys.executable, "manage.py", *words],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "ECOG_DATA_DIR": str(world)},
        capture_output=True,
        text=True,
        check=True,
    )
    return int(done.stdout) / 1024


@pytest.mark.parametrize("shape", SHAPES)
def test_memory_stays_bounded(shape: str, tmp_path: Path) -> None:
    kind, channels, seconds, record_s = SHAPES[shape]
    write_recording(tmp_path / "a.edf", kind=kind, channels=channels, seconds=seconds, record_s=record_s)
    world = tmp_path / "world"
    peak_mb(world, "migrate", "-v0")
    peak_mb(world, "add_patient", "2002")
    assert (
        peak_mb(world, "ingest_edf", str(tmp_path / "a.edf"), "--subject=2002", "--surgery-date=2017-03-11") < LIMIT_MB
    )
