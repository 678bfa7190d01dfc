"""How fast an ingest is: `python -m benchmarks.ingest [--gigabytes 2] [--rounds 3]`.

Whole processes on one made-up EDF file of 128 channels at 2,000 Hz: `manage.py ingest_edf` (which also checks, hashes,
indexes and claims) against `cp` of the file, a splitter on pyedflib, and a loop over data records.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import numpy as np

from benchmarks.processes import Process, compare
from chunks.edf.signal_spec import SignalSpec
from chunks.edf.writer import write_edf

CHANNELS, SFREQ = 128, 2000
PYTHON = sys.executable


def make_source(path: Path, *, gigabytes: float, channels: int = CHANNELS) -> None:
    seconds = int(gigabytes * 1e9 / (channels * SFREQ * 2))
    noise = np.random.default_rng(1).integers(-3000, 3000, (16, channels, SFREQ), dtype=np.int16)

    def records() -> Iterator[list[np.ndarray]]:
        for second in range(seconds):
            yield list(noise[second % 16])

    signals = [SignalSpec(f"LTG{number}", SFREQ, "-3276.8", "3276.7") for number in range(1, channels + 1)]
    write_edf(
        path, kind="EDF", signals=signals, records=records(), record_duration=Decimal(1), start=datetime(2017, 3, 14, 8)
    )


def ours(folder: Path) -> dict[str, str]:
    return {"ECOG_DATA_DIR": str(folder / "var")}


def prepare(folder: Path) -> None:
    for command in (["migrate", "--verbosity", "0"], ["add_patient", "2002"]):
        done = [PYTHON, "manage.py", *command]
        subprocess.run(done, env=os.environ | ours(folder), check=True, stdout=subprocess.DEVNULL)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gigabytes", type=float, default=2.0)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ecog-bench-") as place:
        folder = Path(place)
        source = folder / "source.edf"
        make_source(source, gigabytes=options.gigabytes)
        file = str(source)
        manage = [PYTHON, "manage.py", "ingest_edf", file, "--subject", "2002", "--surgery-date", "2017-03-11"]
        splitter = [PYTHON, "-m", "benchmarks.splitters"]
        processes = [
            Process("manage.py ingest_edf", lambda _: manage, environment=ours, before=prepare),
            Process("cp", lambda folder: ["cp", file, str(folder / "copy.edf")]),
            Process("pyedflib splitter", lambda folder: [*splitter, "pyedflib", file, str(folder / "made")]),
            Process("loop over records", lambda folder: [*splitter, "loop", file, str(folder / "made")]),
        ]
        print(f"{CHANNELS} channels at {SFREQ} Hz, {source.stat().st_size / 1e9:.2f} GB, {options.rounds} rounds")
        compare(processes, rounds=options.rounds, folder=folder, peers=["cp", "loop over records"])


if __name__ == "__main__":
    main()
