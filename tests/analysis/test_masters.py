"""A step of an EMR cluster, as moto's EMR takes it, and the driver that is our child."""

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from analysis import masters
from analysis.errors import SparkFailed
from analysis.masters import PATIENCE_S, EmrStep, begin, misunderstood
from analysis.place import Place
from storage.urls import open_objects

WORDS = {
    "job": "band_power",
    "objects": "s3://?region=us-east-1",
    "manifest": "7/manifest-1.jsonl",
    "folder": "7/1",
    "window": "",
}


@pytest.fixture
def place(moto_url: str, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setenv("AWS_ENDPOINT_URL_EMR", moto_url)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    open_objects(f"s3://?region=us-east-1&endpoint={moto_url}").make_bucket("results")
    return Place(f"s3://results/spark?region=us-east-1&endpoint={moto_url}")


@pytest.fixture
def cluster(place: Place) -> tuple[Any, str]:
    """A client and a cluster that waits for steps."""
    client = boto3.client("emr", region_name="us-east-1")
    made = client.run_job_flow(
        Name="ecog",
        ReleaseLabel="emr-7.9.0",
        Instances={"MasterInstanceType": "m6i.xlarge", "InstanceCount": 1, "KeepJobFlowAliveWhenNoSteps": True},
        JobFlowRole="EMR_EC2_DefaultRole",
        ServiceRole="EMR_DefaultRole",
    )
    return client, made["JobFlowId"]


def test_a_step_holds_the_driver_its_modules_and_its_words(place, cluster):
    client, number = cluster
    application = begin(WORDS, master=f"emr:{number}", place=place)
    assert isinstance(application, EmrStep)
    step = client.describe_step(ClusterId=number, StepId=application.step)["Step"]
    words = step["Config"]["Args"]
    assert words[:5] == [
        "spark-submit",
        "--deploy-mode",
        "cluster",
        "--py-files",
        "s3://results/spark/7/1/modules.zip",
    ]
    assert words[5:] == [
        "s3://results/spark/7/1/driver.py",
        "--job=band_power",
        "--objects=s3://?region=us-east-1",
        "--manifest=7/manifest-1.jsonl",
        "--folder=7/1",
        "--while=7/1/driver.py",
    ]
    assert step["Config"]["Jar"] == "command-runner.jar"
    assert place.get("7/1/driver.py").startswith(b'"""`python -m analysis.driver`')
    assert place.get("7/1/modules.zip")[:2] == b"PK"
    assert application.ended() is None or "EMR says" in str(application.ended())


def test_a_cluster_that_is_not_there_is_one_sentence(place):
    with pytest.raises(SparkFailed, match="EMR refused"):
        begin(WORDS, master="emr:j-NONE", place=place).ended()


class SaysSo:
    """EMR's client, as far as a step asks it: each answer in turn, the last for ever."""

    def __init__(self, *answers: str | Exception) -> None:
        self._answers = list(answers)
        self.asked = 0

    def describe_step(self, **_words: str) -> dict[str, Any]:
        self.asked += 1
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return {"Step": {"Status": {"State": answer, "StateChangeReason": {}, "FailureDetails": {"Reason": "why"}}}}


def refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "secret words"}}, "DescribeStep")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time of the module, which a test moves."""
    now = [1000.0]
    monkeypatch.setattr(masters.time, "monotonic", lambda: now[0])
    return now


@pytest.mark.parametrize(
    ("state", "over"),
    [
        ("PENDING", False),
        ("RUNNING", False),
        ("CANCEL_PENDING", False),
        ("COMPLETED", True),
        ("CANCELLED", True),
        ("FAILED", True),
        ("INTERRUPTED", True),
    ],
)
def test_each_state_of_a_step_is_at_work_or_an_end_in_words(state: str, over: bool, clock: list[float]) -> None:
    step = EmrStep(SaysSo(state), cluster="j-1", step="s-1")
    assert step.ended() == (f"EMR says of its step s-1: {state.lower()}. why" if over else None)


def test_emr_is_asked_now_and_then_and_a_busy_one_again(clock: list[float]) -> None:
    client = SaysSo("RUNNING", refusal("ThrottlingException"), EndpointConnectionError(endpoint_url="x"), "COMPLETED")
    step = EmrStep(client, cluster="j-1", step="s-1")
    for _ in range(50):
        assert step.ended() is None
    assert client.asked == 1
    said = []
    for _ in range(3):
        clock[0] += 10
        said.append(step.ended())
    assert said == [None, None, "EMR says of its step s-1: completed. why"]


def test_an_emr_that_is_silent_for_long_ends_the_waiting(clock: list[float]) -> None:
    step = EmrStep(SaysSo(refusal("ThrottlingException")), cluster="j-1", step="s-1")
    assert step.ended() is None
    clock[0] += PATIENCE_S + 1
    with pytest.raises(SparkFailed, match="EMR is busy"):
        step.ended()


def test_who_may_not_ask_emr_is_told_which_rights_are_missing(clock: list[float]) -> None:
    with pytest.raises(SparkFailed, match="elasticmapreduce:AddJobFlowSteps") as failed:
        EmrStep(SaysSo(refusal("AccessDeniedException")), cluster="j-1", step="s-1").ended()
    assert "secret" not in str(failed.value)


def test_without_a_region_emr_is_not_asked(place, monkeypatch):
    for name in ("AWS_DEFAULT_REGION", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(SparkFailed, match="region"):
        begin(WORDS, master="emr:j-1", place=Place(place.url.replace("region=us-east-1&", "")))


@pytest.mark.parametrize(
    "master",
    ["local", "local[*]", "local[16]", "spark://10.0.0.1:7077", "spark://a.b:7077,c:7077", "emr:j-2AXXXXXXGAPLF"],
)
def test_a_master_that_can_be_meant(master: str) -> None:
    assert misunderstood(master) == ""


@pytest.mark.parametrize(
    "master",
    ["", "yarn", "localhost", "local[0]", "local[two]", "spark://", "spark://host", "emr:", "emr:x", "local[*]\n"],
)
def test_a_master_that_cannot_be_meant(master: str) -> None:
    assert "local[*]" in misunderstood(master)
