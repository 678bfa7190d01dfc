"""Python in a process of its own, for what must be killed, forked, limited or measured."""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from textwrap import dedent

ROOT = Path(__file__).parents[2]
LIMIT_S = 120


def run_python(code: str, *arguments: object, prefix: Sequence[str] = ()) -> str:
    """What the code prints; the test fails with what it says where it ends badly."""
    command = [*prefix, *_command(code, arguments)]
    done = subprocess.run(
        command, cwd=ROOT, env=_environment(), capture_output=True, text=True, timeout=LIMIT_S, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@contextmanager
def start_python(code: str, *arguments: object) -> Iterator["subprocess.Popen[str]"]:
    """The running process, its output a pipe of lines; killed at the end."""
    process = subprocess.Popen(
        _command(code, arguments), cwd=ROOT, env=_environment(), stdout=subprocess.PIPE, text=True
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def peak_mib() -> float:
    """The most memory this process ever had, in MiB (Linux)."""
    [line] = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) / 1024


def _command(code: str, arguments: Sequence[object]) -> list[str]:
    return [sys.executable, "-W", "error", "-c", dedent(code), *map(str, arguments)]


def _environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(ROOT)}
