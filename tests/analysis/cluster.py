"""A standalone cluster of Spark on loopback: a master and workers, each a process that a test can kill."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from urllib.request import urlopen

import pyspark

from tests.mariadb import free_port

HOME = Path(pyspark.__file__).parent
START_S = 120


class Cluster:
    """`master` is its address for applications."""

    def __init__(self, folder: Path, *, environment: Mapping[str, str], workers: int, stack: ExitStack) -> None:
        self._folder, self._stack = folder, stack
        own = {"SPARK_HOME": str(HOME), "SPARK_LOCAL_IP": "127.0.0.1", "PYSPARK_PYTHON": sys.executable}
        # Its REST port for submissions asks nobody who he is, and nobody here needs it.
        options = {"SPARK_MASTER_OPTS": "-Dspark.master.rest.enabled=false", "SPARK_WORKER_OPTS": ""}
        self._environment = os.environ | own | options | environment
        port, self._page = free_port(), free_port()
        self.master = f"spark://127.0.0.1:{port}"
        words = ["--host", "127.0.0.1", "--port", str(port), "--webui-port", str(self._page)]
        self._start("org.apache.spark.deploy.master.Master", *words)
        self.workers = [self._worker(number) for number in range(workers)]

    def wait(self) -> None:
        """Until all workers are registered."""
        end = time.monotonic() + START_S
        while time.monotonic() < end:
            with suppress(OSError, ValueError), urlopen(f"http://127.0.0.1:{self._page}/json/", timeout=5) as page:
                if json.load(page)["aliveworkers"] == len(self.workers):
                    return
            time.sleep(0.2)
        raise RuntimeError("The cluster did not come up.")

    def freeze(self, worker: int) -> None:
        """Once it works on a task: that it never ends, and tells nobody."""
        end = time.monotonic() + START_S
        while time.monotonic() < end:
            if self._works(worker):
                os.killpg(self.workers[worker].pid, signal.SIGSTOP)
                if self._works(worker):
                    return
                os.killpg(self.workers[worker].pid, signal.SIGCONT)
            time.sleep(0.02)
        raise RuntimeError("The worker was given no task.")

    def kill(self, worker: int) -> None:
        """A worker with its executors, as a machine that loses its power."""
        os.killpg(self.workers[worker].pid, signal.SIGKILL)

    def _works(self, worker: int) -> bool:
        """As the logs of its executors tell."""
        logs = [path.read_text() for path in (self._folder / f"worker{worker}").glob("app-*/*/stderr")]
        return sum(log.count("Running task") - log.count("Finished task") for log in logs) > 0

    def _worker(self, number: int) -> "subprocess.Popen[bytes]":
        words = ["--host", "127.0.0.1", "--cores", "1", "--memory", "1g", "--webui-port", str(free_port())]
        folder = self._folder / f"worker{number}"
        folder.mkdir(parents=True)
        return self._start("org.apache.spark.deploy.worker.Worker", *words, "--work-dir", str(folder), self.master)

    def _start(self, name: str, *words: str) -> "subprocess.Popen[bytes]":
        log = self._stack.enter_context((self._folder.parent / f"{name}.log").open("ab"))
        command = [str(HOME / "bin" / "spark-class"), name, *words]
        process = subprocess.Popen(command, env=self._environment, stdout=log, stderr=log, start_new_session=True)
        self._stack.callback(_end, process)
        return process


@contextmanager
def cluster(folder: Path, *, environment: Mapping[str, str], workers: int = 2) -> Iterator[Cluster]:
    """A cluster that is up: a master, and workers of one core each."""
    with ExitStack() as stack:
        up = Cluster(folder, environment=environment, workers=workers, stack=stack)
        up.wait()
        yield up


def _end(process: "subprocess.Popen[bytes]") -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
