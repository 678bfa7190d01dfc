"""How long work shows itself at a terminal: bytes done (or how many of whatever it is), total, rate and time left.

Owns: the bar on a terminal, and the plain lines where there is none (a log, a pipe). Both go to standard error, so that
standard output stays the work's own. Knows nothing of jobs or of what is counted.
"""

import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Protocol, TextIO

from rich.console import Console
from rich.filesize import decimal
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

LINE_EVERY_S = 5.0
RATE_OVER_S = 30.0

Words = Callable[[float], str]


class ProgressBar(Protocol):
    """What the work tells of itself, from any thread."""

    def advance(self, size_bytes: int) -> None:
        """So many more bytes are done (fewer, where negative: something must be done again)."""

    def say(self, line: str) -> None:
        """A line of its own for the person, such as a file that failed; the bar stays below it."""

    def phase(self, words: str) -> None:
        """What is being done where the bar stands still; empty: what the label says."""


@contextmanager
def show_progress(*, total_bytes: int, label: str, stream: TextIO | None = None) -> Iterator[ProgressBar]:
    """Shows how far the block is, on `stream` (default: standard error): a bar on a terminal, lines otherwise.

    Lines come every 5 s at most while the work goes on, and one at its end, however it ends.
    """
    with _shown(total_bytes, label=label, stream=stream, columns=(DownloadColumn(), TransferSpeedColumn())) as bar:
        yield bar


@contextmanager
def show_count(*, total: int, label: str, unit: str, stream: TextIO | None = None) -> Iterator[ProgressBar]:
    """As `show_progress`, for what is counted instead of weighed: `advance` takes how many more of `unit` are done."""

    def words(number: float) -> str:
        return f"{round(number):,} {unit}"

    with _shown(
        total, label=label, stream=stream, columns=(MofNCompleteColumn(), TextColumn(unit)), words=words
    ) as bar:
        yield bar


def size_text(size_bytes: float) -> str:
    """`4.2 MB`: powers of 1,000, as disks and object stores count."""
    return decimal(round(size_bytes))


def time_text(seconds: float) -> str:
    """`0:01:40`, in whole seconds."""
    return str(timedelta(seconds=round(seconds)))


@contextmanager
def _shown(
    total: int, *, label: str, stream: TextIO | None, columns: Sequence[ProgressColumn], words: Words = size_text
) -> Iterator[ProgressBar]:
    stream = stream or sys.stderr
    console = Console(file=stream, highlight=False)
    if console.is_terminal:
        with _bar(console, columns) as progress:
            yield _RichBar(progress, total_bytes=total, label=label)
        return
    lines = _Lines(stream, total_bytes=total, label=label, words=words)
    try:
        yield lines
    finally:
        lines.end()


def _bar(console: Console, columns: Sequence[ProgressColumn]) -> Progress:
    before = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=None),
        TextColumn("{task.percentage:>3.0f}%"),
    )
    return Progress(
        *before, *columns, TimeRemainingColumn(), console=console, speed_estimate_period=RATE_OVER_S, expand=True
    )


def _labelled(label: str, phase: str) -> str:
    return f"{label}, {phase}" if phase else label


class _RichBar:
    """Rich does the counting, the locking and the drawing."""

    def __init__(self, progress: Progress, *, total_bytes: int, label: str) -> None:
        self._progress, self._label = progress, label
        self._task = progress.add_task(label, total=total_bytes)

    def advance(self, size_bytes: int) -> None:
        self._progress.advance(self._task, size_bytes)

    def phase(self, words: str) -> None:
        self._progress.update(self._task, description=_labelled(self._label, words))

    def say(self, line: str) -> None:
        self._progress.console.print(line, markup=False, soft_wrap=True)


class _Lines:
    """A line now and then, for logs and pipes."""

    def __init__(
        self,
        stream: TextIO,
        *,
        total_bytes: int,
        label: str,
        clock: Callable[[], float] = time.monotonic,
        words: Words = size_text,
    ) -> None:
        self._stream, self._label, self._clock, self._words = stream, label, clock, words
        self._total_bytes, self._done_bytes, self._phase = total_bytes, 0, ""
        self._lock = threading.Lock()
        self._began = self._said_at = clock()
        # (when, bytes done by then) about once a second: the rate is that of the last half minute.
        self._samples = deque([(self._began, 0)])

    def advance(self, size_bytes: int) -> None:
        with self._lock:
            self._done_bytes += size_bytes
            now = self._clock()
            self._sample(now)
            if now - self._said_at >= LINE_EVERY_S:
                self._said_at = now
                self._write(self._under_way(now))

    def phase(self, words: str) -> None:
        with self._lock:
            self._phase = words

    def say(self, line: str) -> None:
        with self._lock:
            self._write(line)

    def end(self) -> None:
        with self._lock:
            took_s = self._clock() - self._began
            rate = f", {self._words(self._done_bytes / took_s)}/s" if took_s > 0 else ""
            self._write(
                f"{self._label}: {self._words(self._done_bytes)} of {self._words(self._total_bytes)} "
                f"in {time_text(took_s)}{rate}"
            )

    def _sample(self, now: float) -> None:
        if now - self._samples[-1][0] >= 1:
            self._samples.append((now, self._done_bytes))
        while len(self._samples) > 2 and now - self._samples[1][0] >= RATE_OVER_S:
            self._samples.popleft()

    def _under_way(self, now: float) -> str:
        since, done_then = self._samples[0]
        rate = (self._done_bytes - done_then) / (now - since) if now > since else 0.0
        percent = 100 * self._done_bytes / self._total_bytes if self._total_bytes else 0
        line = (
            f"{_labelled(self._label, self._phase)}: {self._words(self._done_bytes)} of "
            f"{self._words(self._total_bytes)} ({percent:.0f} %), "
            f"{self._words(rate)}/s"
        )
        left_bytes = self._total_bytes - self._done_bytes
        return f"{line}, {time_text(left_bytes / rate)} left" if rate > 0 and left_bytes >= 0 else line

    def _write(self, line: str) -> None:
        print(line, file=self._stream, flush=True)
