"""Peak memory of an ingest stays under 400 MB, whatever the file; on S3 6 MB more for each object written at once."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from chunks.split import WRITERS
from tests.aws import CREDENTIALS, ministack_url  # noqa: F401
from tests.chunks.made import Channel, write_recording

pytestmark = pytest.mark.prove
ROOT = Path(__file__).parents[2]
LIMIT_MB = 400
OBJECT_MB = 6
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


def peak_mb(world: Path, *words: str, **settings: str) -> float:
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, sys.executable, "manage.py", *words],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "ECOG_DATA_DIR": str(world)} | settings,
        capture_output=True,
        text=True,
        check=True,
    )
    return int(done.stdout) / 1024


@pytest.fixture(params=["folder", "S3"])
def home(request: pytest.FixtureRequest) -> dict[str, str]:
    """Where objects lie, as settings."""
    if request.param == "folder":
        return {}
    url = request.getfixturevalue("ministack_url")
    own = {"AWS_EC2_METADATA_DISABLED": "true", "ECOG_BUCKET_PREFIX": f"b{os.getpid()}-{id(request)}-"}
    return {"ECOG_OBJECTS_URL": f"s3://?region=eu-west-1&endpoint={url}"} | own | CREDENTIALS


@pytest.mark.parametrize("shape", SHAPES)
def test_memory_stays_bounded(shape: str, home: dict[str, str], tmp_path: Path) -> None:
    kind, channels, seconds, record_s = SHAPES[shape]
    write_recording(tmp_path / "a.edf", kind=kind, channels=channels, seconds=seconds, record_s=record_s)
    world = tmp_path / "world"
    peak_mb(world, "migrate", "-v0", **home)
    peak_mb(world, "add_patient", "2002", **home)
    words = ["ingest_edf", str(tmp_path / "a.edf"), "--subject=2002", "--surgery-date=2017-03-11"]
    assert peak_mb(world, *words, **home) < LIMIT_MB + (OBJECT_MB * WRITERS if home else 0)
