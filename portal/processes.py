"""The processes of a running portal as one: started together, started again where one ends, stopped without a rest.

Owns: how that is done. Each program is the leader of a process group of its own, so that Ctrl-C reaches the supervisor
alone, and whatever a leader leaves behind is found by its group. Where the supervisor is killed the kernel kills the
leaders (`portal.parent_death`). Knows nothing of what the programs are. For one thread: the main one.
"""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from portal.child_logs import keep_small, open_log
from portal.parent_death import die_with_parent

STOP_S = 6.0
AGAIN_AFTER_MAX_S = 30.0
STEADY_S = 60.0
BEAT_S = 0.1
LOGS_EVERY_S = 10.0

Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Program:
    """One of the processes. `base`: the others lean on it, so it is stopped after them."""

    name: str
    command: Sequence[str]
    log: Path
    folder: Path
    files: Sequence[int] = ()
    base: bool = False


class _Run:
    """A program and its present process, if it has one."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.process: subprocess.Popen[bytes] | None = None
        self.began = self.again_at = time.monotonic()
        self.failures = 0

    def start(self) -> None:
        with open_log(self.program.log) as log:
            self.process = subprocess.Popen(  # noqa: S603 (the commands are ours)
                self.program.command,
                cwd=self.program.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=self.program.files,
                process_group=0,
                preexec_fn=partial(die_with_parent, os.getpid()),  # noqa: PLW1509 (no threads here)
            )
        self.began = time.monotonic()

    def ended(self) -> int | None:
        """Its return code once its leader has ended, after which nothing of its group is left; None while it runs."""
        if self.process is None:
            return None
        # Without reaping the leader: as long as it is there, the number of its group is nobody else's.
        if os.waitid(os.P_PID, self.process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            return None
        return self.kill()

    def ask_to_end(self) -> None:
        """Asks its leader alone, which knows what else there is to end."""
        if self.process is not None:
            # Not `Popen.terminate`, which reaps a leader that has just ended: see `ended`.
            os.kill(self.process.pid, signal.SIGTERM)

    def kill(self) -> int:
        """Ends the whole group at once."""
        if self.process is None:
            return 0
        os.killpg(self.process.pid, signal.SIGKILL)
        code = self.process.wait()
        self.process = None
        return code


class Supervisor:
    """Use it as `with Supervisor(…) as supervisor:`; at the end of the block all processes are gone."""

    def __init__(self, *, say: Say) -> None:
        self._say = say
        self._runs: list[_Run] = []
        self._logs_looked_at = time.monotonic()

    def __enter__(self) -> "Supervisor":
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()

    def start(self, program: Program) -> None:
        keep_small(program.log)
        run = _Run(program)
        self._runs.append(run)
        run.start()

    def look(self) -> None:
        """Starts again what has ended and is due, and keeps the logs small. Call it every `BEAT_S`."""
        now = time.monotonic()
        for run in self._runs:
            code = run.ended()
            if code is not None:
                self._plan_again(run, code=code, now=now)
            elif run.process is None and now >= run.again_at:
                self._start_again(run, now=now)
        if now - self._logs_looked_at >= LOGS_EVERY_S:
            self._logs_looked_at = now
            for run in self._runs:
                keep_small(run.program.log)

    def stop(self) -> None:
        """Asks all to end, those that others lean on last; after `STOP_S` without asking."""
        for base in (False, True):
            runs = [run for run in self._runs if run.program.base is base]
            try:
                _end(runs)
            finally:
                for run in runs:
                    run.kill()

    def _start_again(self, run: _Run, *, now: float) -> None:
        """A machine that has no room for a process just now (a full disk, no memory) does not end the others."""
        try:
            run.start()
        except OSError as error:
            wait_s = self._wait_s(run, now=now)
            why = error.strerror or type(error).__name__
            self._say(f"The {run.program.name} cannot be started ({why}); it is tried again in {wait_s:.0f} s.")

    def _plan_again(self, run: _Run, *, code: int, now: float) -> None:
        if now - run.began >= STEADY_S:
            run.failures = -1
        wait_s = self._wait_s(run, now=now)
        self._say(
            f"The {run.program.name} ended ({_words(code)}); it is started again in {wait_s:.0f} s. "
            f"What it said: {run.program.log}"
        )

    @staticmethod
    def _wait_s(run: _Run, *, now: float) -> float:
        run.failures += 1
        wait_s = min(AGAIN_AFTER_MAX_S, 2.0 ** max(0, run.failures - 1))
        run.again_at = now + wait_s
        return wait_s


def _end(runs: Sequence[_Run]) -> None:
    for run in runs:
        run.ask_to_end()
    end = time.monotonic() + STOP_S
    waited_for = list(runs)
    while waited_for and time.monotonic() < end:
        waited_for = [run for run in waited_for if run.process is not None and run.ended() is None]
        time.sleep(BEAT_S / 2)


def _words(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit {code}"
