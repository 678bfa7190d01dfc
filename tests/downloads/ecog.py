"""The client `ecog` as a real process, on somebody's own computer."""

import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

CLIENT = Path(__file__).parents[2] / "clients" / "ecog.py"


@dataclass(frozen=True, kw_only=True)
class Said:
    status: int
    out: str
    err: str


class Computer:
    """A person's computer: her home folder, her token; `python` runs the client."""

    def __init__(self, home: Path, *, url: str = "", token: str = "", python: str = sys.executable) -> None:
        self.home, self.url, self.token, self.python = home, url, token, python
        self.client = CLIENT
        home.mkdir(exist_ok=True)

    def start(self, *words: str, **environment: str) -> "subprocess.Popen[str]":
        own = {
            "HOME": str(self.home),
            "PATH": os.environ["PATH"],
            "PYTHONWARNINGS": "error::DeprecationWarning",
            "LC_ALL": "C.UTF-8",
        }
        own |= {"ECOG_URL": self.url, "ECOG_TOKEN": self.token}
        given = {name: value for name, value in (own | environment).items() if value}
        return subprocess.Popen(
            [self.python, str(self.client), *words],
            cwd=self.home,
            env=given,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *words: str, typed: str = "", **environment: str) -> Said:
        process = self.start(*words, **environment)
        try:
            out, err = process.communicate(typed, timeout=120)
        finally:
            process.kill()
        return self.said(process, out, err)

    def said(self, process: "subprocess.Popen[str]", out: str, err: str) -> Said:
        assert "Traceback" not in out + err
        assert not self.token or self.token not in out + err
        return Said(status=process.returncode, out=out, err=err)

    def kill(self, process: "subprocess.Popen[str]") -> None:
        process.send_signal(signal.SIGKILL)
        process.communicate()
