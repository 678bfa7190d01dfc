"""How a driver ends before its time: a reason that a person can act on, and nothing of it goes on."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from py4j.protocol import Py4JError, Py4JNetworkError

from analysis import driver
from analysis.driven import OUTCOME
from analysis.driver import _reason
from analysis.place import Place

ROOT = Path(__file__).parents[2]
STARTED_S = 60
STOPPED = "Py4JJavaError: IllegalStateException: Cannot call methods on a stopped SparkContext."


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (Py4JNetworkError("Error while sending or receiving"), "Java did not start, or was killed"),
        (ConnectionRefusedError(111, "refused"), "Java did not start, or was killed"),
        (RuntimeError("java.lang.OutOfMemoryError: Java heap space"), "memory has run out"),
        (RuntimeError("(ExecutorLostFailure (executor 3 exited"), "memory has run out"),
        (Py4JError(STOPPED), "spark://host:7077 did not take the application"),
        (RuntimeError("trace\nstorage.errors.StoreUnreachable: S3 is silent.\n  at java"), "S3 is silent."),
        (RuntimeError("import analysis.errors.\n"), "Spark ended with RuntimeError"),
    ],
)
def test_the_reason_says_what_can_be_done(error: Exception, said: str) -> None:
    reason = _reason(error, master="spark://host:7077")
    assert said in reason
    assert "\n" not in reason


def test_an_application_ends_when_its_folder_is_gone_and_not_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Place((tmp_path / "results").as_uri())
    place.put("7/1/driver.py", b"")
    naps: list[float] = []

    class Ended(BaseException):
        """As the process would."""

    def sleep(seconds: float) -> None:
        naps.append(seconds)
        if len(naps) == 3:
            place.discard("7/1/driver.py")

    def end() -> None:
        raise Ended

    monkeypatch.setattr(driver.time, "sleep", sleep)
    monkeypatch.setattr(driver, "_end_soon", end)
    with pytest.raises(Ended):
        driver._end_when_unwanted("7/1/driver.py", place=place)
    assert naps == [driver.WANTED_EVERY_S] * 3


@pytest.mark.prove
@pytest.mark.parametrize("after_s", [1.0, 4.0])  # before it has said its port, and at work
def test_a_java_that_is_killed_is_the_reason(tmp_path: Path, after_s: float) -> None:
    place = Place((tmp_path / "results").as_uri())
    words = ["--attended", "--job=band_power", f"--objects={tmp_path.as_uri()}", f"--results={place.url}"]
    words += ["--manifest=1/manifest-1.jsonl", "--folder=1/1", "--master=local[1]"]
    with (
        (tmp_path / "log").open("wb") as log,
        subprocess.Popen(
            [sys.executable, "-m", "analysis.driver", *words],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            start_new_session=True,
        ) as process,
    ):
        _wait_for_java(process.pid)
        time.sleep(after_s)  # the first only finds out how to start the second
        for java in _wait_for_java(process.pid):
            os.kill(java, signal.SIGKILL)
        process.wait(STARTED_S)
    told = place.json(f"1/1/{OUTCOME}")
    assert told is not None
    assert "Java did not start, or was killed" in told["reason"]


def _wait_for_java(session: int) -> list[int]:
    end = time.monotonic() + STARTED_S
    while time.monotonic() < end:
        if found := _javas(session):
            return found
        time.sleep(0.02)
    raise AssertionError("no Java starts")


def _javas(session: int) -> list[int]:
    """The processes of a session that are Java by now."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if os.getsid(int(folder.name)) == session and (folder / "comm").read_text() == "java\n":
                found.append(int(folder.name))
        except OSError:
            continue
    return found
