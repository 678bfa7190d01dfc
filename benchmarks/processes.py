"""Runs whole processes against each other and tells their time as a ratio to a peer in the same run, and their memory.

Owns: the rounds. Every round runs each process once, in an order that rotates, and removes what it made.
"""

import os
import shutil
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Process:
    """A command that is given a fresh folder; `seconds` and `peak_mb` of each round."""

    name: str
    command: Callable[[Path], Sequence[str]]
    environment: Callable[[Path], Mapping[str, str]] = lambda _folder: {}
    before: Callable[[Path], None] = lambda _folder: None
    seconds: list[float] = field(default_factory=list)
    peak_mb: list[float] = field(default_factory=list)

    def run(self, folder: Path) -> None:
        self.before(folder)
        environment = os.environ | self.environment(folder)
        began = time.perf_counter()
        child = subprocess.Popen(self.command(folder), env=environment, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(child.pid, 0)
        took = time.perf_counter() - began
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            raise subprocess.CalledProcessError(child.returncode, child.args)
        self.seconds.append(took)
        self.peak_mb.append(usage.ru_maxrss / 1024)


def compare(processes: Sequence[Process], *, rounds: int, folder: Path, peers: Sequence[str]) -> None:
    """Prints for each process its speed as a multiple of each peer's (median of rounds), and its peak memory."""
    for turn in range(rounds + 1):
        for process in [*processes[turn % len(processes) :], *processes[: turn % len(processes)]]:
            place = folder / "work"
            place.mkdir()
            try:
                process.run(place)
            finally:
                shutil.rmtree(place)
    named = {process.name: process for process in processes}
    print(f"{'process':32}" + "".join(f"{f'speed / {peer}':>22}" for peer in peers) + f"{'peak MB':>10}")
    for process in processes:
        # The first round fills the file cache and is left out.
        ratios = [
            statistics.median(b / a for a, b in zip(process.seconds[1:], named[peer].seconds[1:], strict=True))
            for peer in peers
        ]
        print(f"{process.name:32}" + "".join(f"{ratio:>22.2f}" for ratio in ratios) + f"{max(process.peak_mb):>10.0f}")
