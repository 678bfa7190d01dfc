"""Runs whole processes against each other and tells their time as a ratio to a peer in the same run, and their memory.

Owns: the rounds. Every round runs each process once, in an order that rotates, and removes what it made.
"""

import math
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
    """A command that is given a fresh folder; `seconds`, those of a processor, and `peak_mb` of each round.

    `start`: the name of a process that does its start alone, to tell how fast it is once it runs.
    """

    name: str
    command: Callable[[Path], Sequence[str]]
    environment: Callable[[Path], Mapping[str, str]] = lambda _folder: {}
    before: Callable[[Path], None] = lambda _folder: None
    start: str = ""
    seconds: list[float] = field(default_factory=list)
    cpu_seconds: list[float] = field(default_factory=list)
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
        self.cpu_seconds.append(usage.ru_utime + usage.ru_stime)
        self.peak_mb.append(usage.ru_maxrss / 1024)


def compare(processes: Sequence[Process], *, rounds: int, folder: Path, peers: Sequence[str]) -> None:
    """Prints for each process its speed as a multiple of each peer's (median of rounds), what it takes of the
    processors as a multiple of the first peer's, and its peak memory; where its start is known, also without that.

    Without rounds each is run once and no ratio is known.
    """
    for turn in range(rounds + 1):
        for process in [*processes[turn % len(processes) :], *processes[: turn % len(processes)]]:
            place = folder / "work"
            place.mkdir()
            try:
                process.run(place)
            finally:
                shutil.rmtree(place)
    named = {process.name: process for process in processes}
    first = f"CPU / {peers[0]}"
    print(f"{'process':36}" + "".join(f"{f'speed / {peer}':>26}" for peer in peers) + f"{first:>24}{'peak MB':>10}")
    for process in processes:
        # The first round fills the file cache and is left out.
        speeds = [_median_ratio(named[peer].seconds[1:], process.seconds[1:]) for peer in peers]
        cpu = _median_ratio(process.cpu_seconds[1:], named[peers[0]].cpu_seconds[1:])
        print(f"{process.name:36}" + _columns(speeds) + f"{cpu:>24.2f}{max(process.peak_mb):>10.0f}")
        if process.start:
            start = named[process.start]
            running = [max(0.0, all_s - start_s) for all_s, start_s in zip(process.seconds, start.seconds, strict=True)]
            speeds = [_median_ratio(named[peer].seconds[1:], running[1:]) for peer in peers]
            print(f"{'  without its start':36}" + _columns(speeds))


def _median_ratio(above: Sequence[float], below: Sequence[float]) -> float:
    ratios = [a / b if b else math.inf for a, b in zip(above, below, strict=True)]
    return statistics.median(ratios) if ratios else math.nan


def _columns(ratios: Sequence[float]) -> str:
    return "".join(f"{ratio:>26.2f}" for ratio in ratios)
