"""`reindex --fix` at a real terminal: it asks before it removes much, and takes only a yes for a yes."""

import json
import os
import pty
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.chunks.made import Channel, write_recording
from tests.environment import portal_environment

ROOT = Path(__file__).parents[2]
LIMIT_S = 60
QUESTION = b"[y/N] "


def manage(folder: Path, *words: str) -> None:
    command = [sys.executable, "manage.py", *words]
    subprocess.run(command, cwd=ROOT, env=portal_environment(folder), check=True, stdout=subprocess.DEVNULL)


def at_terminal(folder: Path, answer: bytes, out: Path) -> tuple[int, str]:
    """The exit status, and what stood on the terminal; the report is sent to a file."""
    master, slave = pty.openpty()
    command = ["setsid", "--ctty", "--wait", sys.executable, "manage.py", "reindex", "--fix", "--json"]
    with out.open("wb") as file:
        process = subprocess.Popen(
            command, cwd=ROOT, env=portal_environment(folder), stdin=slave, stdout=file, stderr=slave
        )
    os.close(slave)
    said, end = b"", time.monotonic() + LIMIT_S
    try:
        while process.poll() is None and time.monotonic() < end:
            if select.select([master], [], [], 0.1)[0]:
                try:
                    said += os.read(master, 4096)
                except OSError:  # the other end is closed
                    break
            if said.endswith(QUESTION):
                os.write(master, answer)
                answer = b""
        return process.wait(timeout=max(1.0, end - time.monotonic())), said.decode()
    finally:
        process.kill()
        os.close(master)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A portal of whose 101 rows ten have no object."""
    folder = tmp_path_factory.mktemp("portal")
    for database in ("default", "headers"):
        manage(folder, "migrate", "--database", database, "--verbosity", "0")
    manage(folder, "add_patient", "2002")
    source = folder / "a.edf"
    write_recording(source, channels=[Channel(f"LTG{number}", 10) for number in range(1, 11)], seconds=10)
    manage(folder, "ingest_edf", str(source), "--subject=2002", "--surgery-date=2017-03-11", "--chunk-seconds=1")
    for chunk in (folder / "objects").rglob("LTG1_chunk-*.chn"):
        chunk.unlink()
    return folder


@pytest.mark.parametrize("answer", [b"n\n", b"\n", b"\x04", b"yess\n"])
def test_whatever_is_no_yes_removes_nothing(folder: Path, tmp_path: Path, answer: bytes) -> None:
    status, said = at_terminal(folder, answer, tmp_path / "report.json")
    report = json.loads((tmp_path / "report.json").read_text())
    assert (status, report["removed"], report["patients"][0]["orphaned"]) == (3, 0, 10), said
    assert "10 of 101 rows of patient 2002 (10 %) have no object any more." in said


def test_ctrl_c_at_the_question_is_a_sentence_and_removes_nothing(folder: Path, tmp_path: Path) -> None:
    status, said = at_terminal(folder, b"\x03", tmp_path / "report.json")
    assert (status, (tmp_path / "report.json").read_text()) == (130, ""), said
    assert "Stopped." in said
    assert "Traceback" not in said
    assert at_terminal(folder, b"n\n", tmp_path / "report.json")[0] == 3


def test_a_yes_removes_them(folder: Path, tmp_path: Path) -> None:
    status, said = at_terminal(folder, b"y\n", tmp_path / "report.json")
    report = json.loads((tmp_path / "report.json").read_text())
    assert (status, report["removed"]) == (3, 10), said  # the recording has fewer chunks than it should
    assert report["patients"][0]["incomplete"] == [{"recording": "day3_140500", "chunks": 90, "expected": 100}]
