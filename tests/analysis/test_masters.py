"""A step of an EMR cluster, as moto's EMR takes it, and the driver that is our child."""

from typing import Any

import boto3
import pytest

from analysis.errors import SparkFailed
from analysis.masters import EmrStep, begin
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
    ]
    assert step["Config"]["Jar"] == "command-runner.jar"
    assert place.get("7/1/driver.py").startswith(b'"""`python -m analysis.driver`')
    assert place.get("7/1/modules.zip")[:2] == b"PK"
    assert application.ended() is None or "EMR says" in str(application.ended())


def test_a_cluster_that_is_not_there_is_one_sentence(place):
    with pytest.raises(SparkFailed, match="EMR refused"):
        begin(WORDS, master="emr:j-NONE", place=place).ended()
