"""Where an analysis runs: a driver that is our child, for `local[…]` and `spark://…`; or a step of an EMR cluster.

Owns: how either is begun, looked at and ended. Both tell how far they are in the place of results (`analysis.driven`);
what is asked here is only whether somebody is still at work.
"""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from shutil import which
from typing import Any, Protocol

import boto3
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError

from analysis.errors import AnalysisRefused, NotInstalled, SparkFailed
from analysis.place import Place
from analysis.travelling import ROOT, write_zip

EMR = "emr:"
INSTALL = (
    "Spark is not installed where the portal runs: pip install -r requirements-spark.txt, and a Java runtime "
    "(apt install openjdk-17-jre-headless)."
)
LOG_BYTES = 20_000
STOP_S = 15.0
# EMR limits how often an account as a whole may ask, and a step lasts minutes.
ASK_EVERY_S = 10.0
# An EMR that is busy, or cannot be reached, is asked again for so long.
PATIENCE_S = 600.0
MASTER = re.compile(
    r"local(\[(\*|[1-9][0-9]{0,3})\])?|spark://[A-Za-z0-9.-]+:[0-9]{1,5}(,[A-Za-z0-9.-]+:[0-9]{1,5})*|emr:j-[A-Z0-9]+"
)
_AT_WORK = {"PENDING", "RUNNING", "CANCEL_PENDING"}
_BUSY = {"ThrottlingException", "Throttling", "RequestLimitExceeded", "InternalServerException", "ServiceUnavailable"}


class Application(Protocol):
    """An analysis under way."""

    def ended(self) -> str | None:
        """None while it works; then what its surroundings say of its end (empty: nothing)."""

    def log_tail(self) -> str:
        """The last lines of its log, as far as they can be had."""

    def stop(self) -> None:
        """Afterwards nothing of it works any more, or will not for long."""


def why_not(master: str) -> str:
    """Why nothing can be analysed here, in a sentence; empty where it can."""
    if find_spec("pyarrow") is None:
        return INSTALL
    if not master.startswith(EMR) and (find_spec("pyspark") is None or find_spec("scipy") is None or not _java()):
        return INSTALL
    return ""


def misunderstood(master: str) -> str:
    """Why this names no master, in a sentence; empty where it does."""
    if MASTER.fullmatch(master):
        return ""
    return f"{master[:60]!r} is no master of Spark: write local[*], local[4], spark://host:7077 or emr:j-<cluster>."


def check_master(master: str, *, objects_url: str, place: Place) -> None:
    """Raises `NotInstalled`, and `AnalysisRefused` for a master that cannot be meant or does not reach the data."""
    if wrong := misunderstood(master):
        raise AnalysisRefused(wrong)
    if reason := why_not(master):
        raise NotInstalled(reason)
    if not master.startswith("local") and (place.is_folder or objects_url.lower().startswith("file:")):
        raise AnalysisRefused(
            f"With the master {master} other machines do the work, and they do not have the folders of this one: put "
            "objects and results into S3 (ECOG_OBJECTS_URL, ECOG_RESULTS_URL), or use local[*]."
        )


def begin(words: Mapping[str, str], *, master: str, place: Place) -> Application:
    """Starts a driver with these options. Raises `SparkFailed`."""
    if master.startswith(EMR):
        return EmrStep.added(words, cluster=master.removeprefix(EMR), place=place)
    return Child(_options({**words, "master": master}))


class Child:
    """A driver on this machine. It ends with us, even where we are killed: it holds the other end of its input."""

    def __init__(self, options: Sequence[str]) -> None:
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 (it lives as long as the driver, and has no name)
        # Of the portal's own environment it needs nothing but what finds Spark, Java and the stores.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("ECOG_")}
        self._process = subprocess.Popen(  # noqa: S603 (words of ours, without a shell)
            [sys.executable, "-m", "analysis.driver", "--attended", *options],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=self._log,
            stderr=self._log,
            start_new_session=True,
        )
        self._last_lines = ""

    @property
    def pid(self) -> int:
        return self._process.pid

    def ended(self) -> str | None:
        return None if self._process.poll() is None else ""

    def log_tail(self) -> str:
        if not self._log.closed:
            size = os.fstat(self._log.fileno()).st_size
            last = os.pread(self._log.fileno(), LOG_BYTES, max(0, size - LOG_BYTES))
            self._last_lines = last.decode(errors="replace")
        return self._last_lines

    def stop(self) -> None:
        if self._process.poll() is None:
            self._process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(STOP_S)
        # Its Java is in its session, and goes even where the driver could not end it.
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        if self._process.stdin:
            self._process.stdin.close()
        self.log_tail()
        self._log.close()


class EmrBusy(SparkFailed):
    """EMR gives no answer now, and may in a moment."""


class EmrStep:
    """A step of a running EMR cluster (docs.aws.amazon.com/emr/latest/ReleaseGuide/emr-spark-submit-step.html)."""

    def __init__(self, client: Any, *, cluster: str, step: str) -> None:  # noqa: ANN401 (boto3's)
        self._client, self._cluster, self.step = client, cluster, step
        self._answered_at = time.monotonic()
        self._ask_at = 0.0

    @classmethod
    def added(cls, words: Mapping[str, str], *, cluster: str, place: Place) -> "EmrStep":
        """Puts the modules and the driver beside the result, where the cluster finds them, and adds the step."""
        folder = words["folder"]
        driver = f"{folder}/driver.py"
        with tempfile.TemporaryDirectory() as made:
            place.put(f"{folder}/modules.zip", write_zip(Path(made)).read_bytes())
        place.put(driver, (ROOT / "analysis" / "driver.py").read_bytes())
        command = ["spark-submit", "--deploy-mode", "cluster", "--py-files", place.address(f"{folder}/modules.zip")]
        step = {
            "Name": f"ecog {folder}",
            "ActionOnFailure": "CONTINUE",
            "HadoopJarStep": {
                "Jar": "command-runner.jar",
                "Args": [*command, place.address(driver), *_options({**words, "while": driver})],
            },
        }
        with _in_words():
            client = boto3.client("emr", region_name=place.region)
            answer = client.add_job_flow_steps(JobFlowId=cluster, Steps=[step])
        return cls(client, cluster=cluster, step=answer["StepIds"][0])

    def ended(self) -> str | None:
        now = time.monotonic()
        if now < self._ask_at:
            return None
        self._ask_at = now + ASK_EVERY_S
        try:
            with _in_words():
                status = self._client.describe_step(ClusterId=self._cluster, StepId=self.step)["Step"]["Status"]
        except EmrBusy:
            if now - self._answered_at > PATIENCE_S:
                raise
            return None
        self._answered_at = now
        if status["State"] in _AT_WORK:
            return None
        why = status.get("StateChangeReason", {}).get("Message") or status.get("FailureDetails", {}).get("Reason", "")
        return f"EMR says of its step {self.step}: {status['State'].lower()}. {why}".strip()

    def log_tail(self) -> str:
        return f"The log is EMR's: cluster {self._cluster}, step {self.step}."

    def stop(self) -> None:
        with suppress(SparkFailed), _in_words():
            self._client.cancel_steps(
                ClusterId=self._cluster, StepIds=[self.step], StepCancellationOption="TERMINATE_PROCESS"
            )


@contextmanager
def _in_words() -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        said = error.response.get("Error", {})
        code = said.get("Code", "no reason given")
        if code in _BUSY:
            raise EmrBusy(f"EMR is busy ({code}). Ask again later.") from None
        if code in {"AccessDeniedException", "AccessDenied"}:
            raise SparkFailed(
                "EMR refused: the portal's credentials need elasticmapreduce:AddJobFlowSteps, DescribeStep and "
                "CancelSteps for the cluster of ECOG_SPARK_MASTER."
            ) from None
        raise SparkFailed(f"EMR refused: {code}. Is the cluster of ECOG_SPARK_MASTER running?") from None
    except (NoCredentialsError, NoRegionError) as error:
        raise SparkFailed(f"EMR cannot be asked: {error}") from None
    except BotoCoreError as error:
        raise EmrBusy(f"EMR cannot be asked: {type(error).__name__}.") from None


def _options(words: Mapping[str, str]) -> list[str]:
    return [f"--{name}={value}" for name, value in words.items() if value]


def _java() -> bool:
    home = os.environ.get("JAVA_HOME")
    return bool(which("java") or (home and (Path(home) / "bin" / "java").is_file()))
