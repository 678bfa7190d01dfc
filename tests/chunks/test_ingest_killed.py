"""An ingest that is killed anywhere and started again ends as if it had not been killed, byte for byte."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.chunks.made import Channel, whole_tree, write_recording

pytestmark = pytest.mark.prove
ROOT = Path(__file__).parents[2]
CHANNELS = [Channel(f"LTG{number}", 2000) for number in range(1, 65)]
PIECES = 5


def manage(world: Path, *words: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "manage.py", *words],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "ECOG_DATA_DIR": str(world)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def prepared(world: Path) -> Path:
    for words in (("migrate", "-v0"), ("add_patient", "2002")):
        assert manage(world, *words).wait() == 0
    return world


def rows(world: Path) -> str:
    """Every header row, but what differs from run to run."""
    code = (
        "from chunks.models import *; print([{k: v for k, v in row.items() if k not in ('id', 'etag', 'indexed_at')}"
        " for model, key in ((Recording, 'name'), (ChunkHeader, 'object_key'))"
        " for row in model.objects.order_by(key).values()])"
    )
    told = subprocess.run(
        [sys.executable, "manage.py", "shell", "-v0", "-c", code],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "ECOG_DATA_DIR": str(world)},
        capture_output=True,
        text=True,
        check=True,
    )
    return told.stdout


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("source") / "a.edf"
    write_recording(path, channels=CHANNELS, seconds=PIECES * 120)
    return path


@pytest.fixture(scope="module")
def words(source: Path) -> list[str]:
    return ["ingest_edf", str(source), "--subject=2002", "--surgery-date=2017-03-11", "--chunk-seconds=120"]


@pytest.fixture(scope="module")
def undisturbed(words: list[str], tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, bytes], str]:
    world = prepared(tmp_path_factory.mktemp("undisturbed"))
    assert manage(world, *words).wait() == 0
    return whole_tree(world / "objects"), rows(world)


# With this many chunks of 320 in the store: at the claim, at its first chunk, in the middle of pieces, near the end.
@pytest.mark.parametrize("chunks", [0, 1, 40, 150, 300])
def test_a_killed_ingest_run_again_ends_like_an_undisturbed_one(
    chunks: int, words: list[str], undisturbed: tuple[dict[str, bytes], str], tmp_path: Path
) -> None:
    world = prepared(tmp_path / "killed")
    folder = world / "objects" / "edf-chunks-2002"
    ingest = manage(world, *words)
    while not (
        folder.exists() and list(folder.glob("*/recording.json")) and len(list(folder.rglob("*.chn"))) >= chunks
    ):
        assert ingest.poll() is None, "it ended before it could be killed"
        time.sleep(0.002)
    ingest.send_signal(signal.SIGKILL)
    assert ingest.wait() == -signal.SIGKILL
    assert manage(world, *words).wait() == 0
    tree, row_text = undisturbed
    assert whole_tree(world / "objects") == tree
    assert rows(world) == row_text
