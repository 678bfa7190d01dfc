"""Processes as one: started again, stopped in order, and nothing left of a stubborn one."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from portal import processes
from portal.processes import Program, Supervisor
from tests.portal.served import all_processes, command_of, wait_for

ROOT = Path(__file__).parents[2]


@pytest.fixture
def mark(tmp_path: Path) -> Iterator[str]:
    """A text that stands in the command of each process of the test; whoever has it at the end is killed."""
    yield f"mark-{tmp_path.name}-{os.getpid()}"
    for pid in marked(f"mark-{tmp_path.name}-{os.getpid()}"):
        os.kill(pid, signal.SIGKILL)


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def supervisor(said: list[str]) -> Iterator[Supervisor]:
    with Supervisor(say=said.append) as running:
        yield running


def shell(script: str, *, mark: str, folder: Path, name: str = "thing", base: bool = False) -> Program:
    command = ["sh", "-c", f"{script} # {mark}"]
    return Program(name=name, command=command, log=folder / f"{name}.log", folder=folder, base=base)


def marked(mark: str) -> list[int]:
    return [pid for pid in all_processes() if mark in command_of(pid) and pid != os.getpid()]


def look_until(supervisor: Supervisor, true, timeout_s: float = 60) -> None:
    def looked() -> object:
        supervisor.look()
        return true()

    wait_for(looked, timeout_s)


def test_what_ends_is_said_and_started_again(
    supervisor: Supervisor, said: list[str], mark: str, tmp_path: Path
) -> None:
    supervisor.start(shell("date >> runs; exit 7", mark=mark, folder=tmp_path))
    look_until(supervisor, lambda: len((tmp_path / "runs").read_text().splitlines()) == 2 if said else False)
    assert said[0] == f"The thing ended (exit 7); it is started again in 1 s. What it said: {tmp_path}/thing.log"


def test_what_has_just_ended_by_itself_is_no_hindrance_to_stopping(
    supervisor: Supervisor, mark: str, tmp_path: Path
) -> None:
    supervisor.start(shell("exit 7", mark=mark, folder=tmp_path))
    [run] = supervisor._runs
    os.waitid(os.P_PID, run.process.pid, os.WEXITED | os.WNOWAIT)
    supervisor.stop()
    assert run.process is None


def test_what_ends_again_and_again_waits_longer_each_time_but_never_too_long(
    supervisor: Supervisor, said: list[str], mark: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    supervisor.start(shell("exit 1", mark=mark, folder=tmp_path))
    while len(said) < 7:
        clock[0] += 0.5
        time.sleep(0.002)
        supervisor.look()
    waits = [float(line.split(" in ")[1].split(" s.")[0]) for line in said]
    assert waits == [1, 2, 4, 8, 16, 30, 30]


def test_what_cannot_be_started_again_now_is_tried_later_and_ends_nobody_else(
    supervisor: Supervisor, said: list[str], mark: str, tmp_path: Path
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    program = Program(name="thing", command=["sh", "-c", f"exit 7 # {mark}"], log=tmp_path / "log", folder=folder)
    supervisor.start(program)
    folder.rmdir()
    cannot = "The thing cannot be started (No such file or directory); it is tried again in 2 s."
    look_until(supervisor, lambda: cannot in said)
    folder.mkdir()
    look_until(supervisor, lambda: "ended" in said[-1])


def test_of_one_that_ended_nothing_stays_behind(
    supervisor: Supervisor, said: list[str], mark: str, tmp_path: Path
) -> None:
    ends_when_told = "until [ -e over ]; do sleep 0.05; done; exit 1"
    supervisor.start(shell(f"sh -c 'sleep 600 # child {mark}' & {ends_when_told}", mark=mark, folder=tmp_path))
    wait_for(lambda: len(marked(mark)) >= 2, 30)
    (tmp_path / "over").touch()
    look_until(supervisor, lambda: said)
    assert not marked(f"child {mark}")


def test_who_does_not_listen_is_killed_with_all_it_started(
    said: list[str], mark: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "STOP_S", 0.5)
    with Supervisor(say=said.append) as supervisor:
        stubborn = f"trap '' TERM INT; sh -c 'sleep 600 # {mark}' & touch ready; while :; do sleep 1; done"
        supervisor.start(shell(stubborn, mark=mark, folder=tmp_path))
        wait_for((tmp_path / "ready").exists, 60)
    wait_for(lambda: not marked(mark), 60)


def test_what_others_lean_on_is_stopped_after_them(said: list[str], mark: str, tmp_path: Path) -> None:
    note = "trap 'echo {name} >> ended; exit 0' TERM; touch {name}; while :; do sleep 0.05; done"
    with Supervisor(say=said.append) as supervisor:
        for name, base in (("base", True), ("other", False)):
            supervisor.start(shell(note.format(name=name), mark=mark, folder=tmp_path, name=name, base=base))
        wait_for(lambda: all((tmp_path / name).exists() for name in ("base", "other")), 60)
    assert (tmp_path / "ended").read_text().split() == ["other", "base"]


def test_they_end_with_a_supervisor_that_is_killed(mark: str, tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from portal.processes import Program, Supervisor\n"
        f"here, command = Path({str(tmp_path)!r}), ['sh', '-c', 'sleep 600; # {mark}']\n"
        "Supervisor(say=print).start(Program(name='x', command=command, log=here / 'x', folder=here))\n"
        "time.sleep(600)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT)
    # Until the new process has become the shell it is a copy of its parent.
    wait_for(lambda: [pid for pid in marked(mark) if command_of(pid).startswith("sh ")], 60)
    parent.kill()
    parent.wait()
    wait_for(lambda: not [pid for pid in marked(mark) if command_of(pid).startswith("sh ")], 60)
