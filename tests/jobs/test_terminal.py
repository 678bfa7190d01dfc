import contextlib
import io
import os
import pty
import re
import threading

import pytest

from jobs import terminal
from jobs.terminal import show_progress, size_text, time_text

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def everything_drawn(master: int) -> str:
    """What the other side of a terminal was sent before it was closed."""
    drawn = b""
    with os.fdopen(master, "rb", buffering=0) as screen, contextlib.suppress(OSError):
        while piece := screen.read(4096):
            drawn += piece
    return drawn.decode()


def test_without_a_terminal_a_line_comes_every_five_seconds_at_most() -> None:
    out, clock = io.StringIO(), Clock()
    bar = terminal._Lines(out, total_bytes=200_000_000, label="Download", clock=clock)
    for _ in range(80):
        clock.now_s += 0.125
        bar.advance(1_250_000)
    assert out.getvalue().splitlines() == [
        "Download: 50.0 MB of 200.0 MB (25 %), 10.0 MB/s, 0:00:15 left",
        "Download: 100.0 MB of 200.0 MB (50 %), 10.0 MB/s, 0:00:10 left",
    ]


def test_the_rate_forgets_what_was_over_half_a_minute_ago() -> None:
    out, clock = io.StringIO(), Clock()
    bar = terminal._Lines(out, total_bytes=10_000_000_000, label="Download", clock=clock)
    bar.advance(5_000_000_000)
    for _ in range(40):
        clock.now_s += 1
        bar.advance(1_000_000)
    assert "1.0 MB/s" in out.getvalue().splitlines()[-1]


def test_a_bar_that_stands_still_says_what_is_done() -> None:
    out, clock = io.StringIO(), Clock()
    bar = terminal._Lines(out, total_bytes=10, label="Ingest", clock=clock)
    for words in ("comparing with day1_120000", ""):
        bar.phase(words)
        clock.now_s += 6
        bar.advance(0)
    first, second = out.getvalue().splitlines()
    assert first.startswith("Ingest, comparing with day1_120000: 0 bytes of 10 bytes")
    assert second.startswith("Ingest: 0 bytes")


def test_the_last_line_says_how_it_ended_whatever_ended_it() -> None:
    out = io.StringIO()
    with pytest.raises(KeyboardInterrupt), show_progress(total_bytes=4_000_000, label="Ingest", stream=out) as bar:  # noqa: PT012
        bar.advance(1_000_000)
        raise KeyboardInterrupt
    assert out.getvalue().startswith("Ingest: 1.0 MB of 4.0 MB in 0:00:00")


def test_nothing_to_do_is_no_division_by_zero() -> None:
    out, clock = io.StringIO(), Clock()
    bar = terminal._Lines(out, total_bytes=0, label="Download", clock=clock)
    clock.now_s += 6
    bar.advance(0)
    bar.end()
    assert "0 bytes of 0 bytes" in out.getvalue()


def test_many_threads_lose_no_byte() -> None:
    out = io.StringIO()
    with show_progress(total_bytes=8000, label="Download", stream=out) as bar:
        threads = [threading.Thread(target=lambda: [bar.advance(1) for _ in range(1000)]) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert out.getvalue().startswith("Download: 8.0 kB of 8.0 kB")


def test_on_a_terminal_there_is_a_bar_and_lines_stand_above_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    master, slave = pty.openpty()
    with (
        os.fdopen(slave, "w") as stream,
        show_progress(total_bytes=4_000_000, label="[bold]Download", stream=stream) as bar,
    ):
        bar.advance(2_000_000)
        bar.say("[red]a file failed")
        bar.advance(2_000_000)
    drawn = ESCAPES.sub("", everything_drawn(master))
    assert "[red]a file failed" in drawn
    assert "[bold]Download" in drawn
    assert "100%" in drawn
    assert "4.0/4.0 MB" in drawn


def test_standard_output_stays_empty(capsys: pytest.CaptureFixture[str]) -> None:
    with show_progress(total_bytes=1, label="Download") as bar:
        bar.advance(1)
    out, err = capsys.readouterr()
    assert out == ""
    assert "Download" in err


def test_sizes_and_times_are_written_for_people() -> None:
    assert [size_text(n) for n in (0, 999, 4_200_000, 1.5e12)] == ["0 bytes", "999 bytes", "4.2 MB", "1.5 TB"]
    assert [time_text(s) for s in (0, 99.6, 3600, 90_000)] == ["0:00:00", "0:01:40", "1:00:00", "1 day, 1:00:00"]
