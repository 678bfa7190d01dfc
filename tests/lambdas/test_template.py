"""The template as it is written: valid for CloudFormation, equal to what the code expects, with no right too many."""

import importlib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cfnlint.decode.cfn_yaml import load

from behavior.dynamo_tables import TableNames, _counts, _records
from chunks.format.keys import patient_bucket
from lambdas.chunk_headers.place import place_from
from lambdas.package import CA_NAME, FUNCTIONS
from lambdas.session_records.handler import BUCKET_VARIABLE
from storage.errors import BucketUnusable
from storage.names import check_bucket

TEMPLATE = Path(__file__).parents[2] / "lambdas" / "template.yaml"
WHOLE: dict[str, Any] = load(str(TEMPLATE))
RESOURCES: dict[str, Any] = WHOLE["Resources"]
FUNCTION_NAMES = {"s3_rds_data_transfer": "ChunkFunction", "s3_dynamo_behavioral": "SessionFunction"}
QUEUES = {"ChunkQueue": ("ChunkDeadQueue", "ChunkFunction"), "SessionQueue": ("SessionDeadQueue", "SessionFunction")}
DAY_S = 24 * 3600
# These calls of AWS know no resource; each is for looking, or for the network of a function.
ANYWHERE = {
    "JoinTheNetwork",
    "NamesOfBuckets",
    "LookAtInstances",
    "FindTheMapping",
}


def properties(name: str) -> dict[str, Any]:
    return RESOURCES[name]["Properties"]


def of_type(kind: str) -> dict[str, dict[str, Any]]:
    return {name: each["Properties"] for name, each in RESOURCES.items() if each["Type"] == kind}


def statements() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every statement of every policy, also those under a condition, with the name of its resource."""
    for name, resource in RESOURCES.items():
        yield from ((name, each) for each in _statements(resource["Properties"]))


def _statements(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        if "Effect" in value:
            yield value
        for each in value.values():
            yield from _statements(each)
    elif isinstance(value, list):
        for each in value:
            yield from _statements(each)


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def lint(path: Path) -> str:
    command = [str(Path(sys.executable).with_name("cfn-lint")), "--regions", "eu-central-1", "--", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode or not done.stdout
    return done.stdout + done.stderr


def test_cloudformation_has_nothing_against_it(tmp_path: Path) -> None:
    assert lint(TEMPLATE) == ""
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(TEMPLATE.read_text(encoding="utf-8").replace("VisibilityTimeout", "VisibleAfter", 1))
    assert "VisibleAfter" in lint(wrong)


def test_no_allowed_action_is_a_pattern() -> None:
    allowed = [(name, each) for name, each in statements() if each["Effect"] == "Allow"]
    assert len(allowed) > 25
    assert not [(name, each["Sid"]) for name, each in allowed for action in listed(each["Action"]) if "*" in action]
    assert not [each for _, each in allowed if {"NotAction", "NotResource", "NotPrincipal"} & each.keys()]


def test_every_resource_is_allowed_only_where_the_call_knows_none() -> None:
    anywhere = {each["Sid"] for _, each in statements() if each["Effect"] == "Allow" and each.get("Resource") == "*"}
    assert anywhere == ANYWHERE
    patterns = {
        str(resource)
        for _, each in statements()
        if each["Effect"] == "Allow"
        for resource in listed(each.get("Resource", []))
        if isinstance(resource, dict) and any(":*" in str(text) for text in resource.values())
    }
    # What has a name of Amazon's own making: groups that a restore names, mappings under a condition, and the
    # database's number, which every restore changes.
    assert {text.split("AccountId}")[1].strip("'}") for text in patterns} == {
        ":og:*", ":pg:*", ":secgrp:*", ":subgrp:*", ":event-source-mapping:*", ":dbuser:*/${HeadersUser",
    }  # fmt: skip


def test_nobody_is_given_rights_of_identities_or_lets_others_in() -> None:
    for name, each in statements():
        if each["Effect"] == "Allow":
            passed_on = [action for action in listed(each["Action"]) if action.startswith("iam:")]
            assert passed_on in ([], ["iam:PassRole"])
            if passed_on:  # the one role that watches the database, to the service that watches
                assert each["Resource"] == {"Ref": "MonitoringRole"}
                assert each["Condition"] == {"StringEquals": {"iam:PassedToService": "monitoring.rds.amazonaws.com"}}
            principals = listed(each.get("Principal", {"Service": "lambda.amazonaws.com"}))
            assert principals in ([{"Service": "lambda.amazonaws.com"}], [{"Service": "s3.amazonaws.com"}]), name


@pytest.mark.parametrize("queue", sorted(QUEUES))
def test_only_s3_of_this_account_and_these_buckets_may_send(queue: str) -> None:
    policy = properties(f"{queue}Policy")["PolicyDocument"]["Statement"]
    (allowed,) = [each for each in policy if each["Effect"] == "Allow"]
    assert allowed["Action"] == "sqs:SendMessage"
    assert allowed["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    (source,) = allowed["Condition"]["ArnLike"].values()
    assert source["Fn::Sub"].endswith((":::${BucketPrefix}*", ":::${SessionsBucketName}"))
    assert [each["Condition"] for each in policy if each["Effect"] == "Deny"] == [
        {"Bool": {"aws:SecureTransport": "false"}}
    ]


@pytest.mark.parametrize("queue", sorted(QUEUES))
def test_four_days_of_outage_lose_nothing(queue: str) -> None:
    dead, function = QUEUES[queue]
    held, buried = properties(queue), properties(dead)
    assert held["VisibilityTimeout"] == 6 * properties(function)["Timeout"]
    assert held["RedrivePolicy"] == {"deadLetterTargetArn": {"Fn::GetAtt": [dead, "Arn"]}, "maxReceiveCount": 1000}
    assert held["VisibilityTimeout"] * 1000 > 4 * DAY_S
    assert held["MessageRetentionPeriod"] == buried["MessageRetentionPeriod"] == 14 * DAY_S
    assert held["SqsManagedSseEnabled"] is buried["SqsManagedSseEnabled"] is True
    (source,) = buried["RedriveAllowPolicy"]["sourceQueueArns"]
    assert source["Fn::Sub"].endswith(f":{held['QueueName']}")


@pytest.mark.parametrize("queue", sorted(QUEUES))
def test_each_queue_feeds_its_function_in_batches_of_which_parts_may_come_again(queue: str) -> None:
    _, function = QUEUES[queue]
    (mapping,) = [
        each
        for each in of_type("AWS::Lambda::EventSourceMapping").values()
        if each["EventSourceArn"] == {"Fn::GetAtt": [queue, "Arn"]}
    ]
    assert mapping["FunctionName"] == {"Ref": function}
    assert (mapping["BatchSize"], mapping["ScalingConfig"]) == (100, {"MaximumConcurrency": 4})
    assert mapping["MaximumBatchingWindowInSeconds"] >= 1  # else a batch over ten is refused
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.name)
def test_functions_are_those_that_are_packed(function: Any) -> None:
    made = properties(FUNCTION_NAMES[function.name])
    assert made["FunctionName"] == function.name
    assert made["Runtime"] == "python3.13"
    module, _, name = made["Handler"].rpartition(".")
    assert module == function.module
    assert callable(getattr(importlib.import_module(module), name))


def test_the_functions_find_every_variable_they_ask_for() -> None:
    variables = properties("ChunkFunction")["Environment"]["Variables"]
    defaults = {name: str(each.get("Default", "x")) for name, each in WHOLE["Parameters"].items()}
    written = {name: defaults.get(each["Ref"], "") if "Ref" in each else "" for name, each in variables.items()
               if isinstance(each, dict)}  # fmt: skip
    place = place_from(written | {name: each for name, each in variables.items() if isinstance(each, str)})
    assert (place.user, place.name, place.port) == ("ecog_lambda", "ecog_headers", 3306)
    assert place.ca.name == CA_NAME
    assert place.bucket_prefix == "edf-chunks-"
    assert set(properties("SessionFunction")["Environment"]["Variables"]) == {BUCKET_VARIABLE}


def test_the_password_is_a_secret_or_none_and_never_a_parameter() -> None:
    password = properties("ChunkFunction")["Environment"]["Variables"]["ECOG_HEADERS_PASSWORD"]
    condition, secret, otherwise = password["Fn::If"]
    assert (condition, otherwise) == ("HasSecret", "")
    assert secret == {"Fn::Sub": "{{resolve:secretsmanager:${HeadersPasswordSecret}:SecretString:password}}"}
    assert not [name for name in WHOLE["Parameters"] if name.lower().endswith("password")]


def test_every_parameter_that_is_text_says_what_it_may_be() -> None:
    loose = [
        name
        for name, each in WHOLE["Parameters"].items()
        if each["Type"] in {"String", "Number"} and not {"AllowedPattern", "AllowedValues", "MinValue"} & each.keys()
    ]
    assert not loose
    assert all(each["Description"] for each in WHOLE["Parameters"].values())


def test_tables_are_those_that_the_portal_makes() -> None:
    names = TableNames()
    for resource, name, schema in (
        ("SessionsTable", names.records, _records()),
        ("CountsTable", names.counts, _counts()),
    ):
        made = properties(resource)
        assert made["TableName"] == name
        assert {part: made[part] for part in schema} == schema
        assert RESOURCES[resource]["DeletionPolicy"] == RESOURCES[resource]["UpdateReplacePolicy"] == "Retain"


def test_the_bucket_of_sessions_stays_private_and_outlives_the_stack() -> None:
    bucket = RESOURCES["SessionsBucket"]
    assert bucket["DeletionPolicy"] == bucket["UpdateReplacePolicy"] == "Retain"
    assert set(bucket["Properties"]["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["Properties"]["BucketEncryption"]
    told = bucket["Properties"]["NotificationConfiguration"]["QueueConfigurations"]
    suffixes = {(each["Event"], each["Filter"]["S3Key"]["Rules"][0]["Value"]) for each in told}
    kinds = ("s3:ObjectCreated:*", "s3:ObjectRemoved:*")
    assert suffixes == {(kind, suffix) for kind in kinds for suffix in (".json", ".JSON")}


def test_the_bucket_waits_for_the_policy_and_the_policy_not_for_the_bucket() -> None:
    """S3 asks the queue when the bucket is made; a policy that referred to the bucket would close a ring."""
    assert RESOURCES["SessionsBucket"]["DependsOn"] == "SessionQueuePolicy"
    assert "SessionsBucket'" not in str(properties("SessionQueuePolicy"))


def test_what_the_function_of_headers_may_not_read() -> None:
    denied = {each["Sid"]: each for name, each in statements() if name == "ChunkRole" and each["Effect"] == "Deny"}
    assert denied.keys() == {"NeverWithheldTexts", "ButNotTheFunctionItself"}
    assert [each["Fn::Sub"].rpartition(":::")[2] for each in denied["NeverWithheldTexts"]["Resource"]] == [
        "${BucketPrefix}withheld",
        "${BucketPrefix}withheld/*",
    ]
    reads = [each for name, each in statements() if name == "ChunkRole" and each.get("Action") == "s3:GetObject"]
    assert {each["Resource"]["Fn::Sub"].rpartition(":::")[2] for each in reads} == {
        "${BucketPrefix}*/*",
        "${SessionsBucketName}/withdrawn/*",
    }


def test_patients_with_the_longest_id_fit_behind_the_longest_prefix() -> None:
    pattern = WHOLE["Parameters"]["BucketPrefix"]["AllowedPattern"]
    longest = max((length for length in range(64) if re.fullmatch(pattern, "a" * length)), default=0)
    check_bucket(patient_bucket("P" * 40, prefix="a" * longest))
    with pytest.raises(BucketUnusable):
        check_bucket(patient_bucket("P" * 40, prefix="a" * (longest + 1)))


def test_sleep_and_host_are_given_only_where_they_are_named() -> None:
    assert RESOURCES["SleepPolicy"]["Condition"] == "HasInstance"
    policy = str(properties("SleepPolicy"))
    assert "db:${DatabaseInstance}" in policy
    assert "snapshot:${DatabaseInstance}-*" in policy
    assert "instance/${HostInstance}" in policy
