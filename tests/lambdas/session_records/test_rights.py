"""The function's role allows every call that the function makes, and no call that it does not make."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from cfnlint.decode.cfn_yaml import load

from behavior.dynamodb import DynamoSessions
from behavior.keys import tombstone_key
from lambdas.session_records.handler import _stores, handler
from tests.aws import moto_url, own_credentials  # noqa: F401
from tests.behavior.made import content, document
from tests.lambdas.session_records.test_handler import BUCKET, KEY, Context
from tests.lambdas.sqs import hints

TEMPLATE = Path(__file__).parents[3] / "lambdas" / "template.yaml"
# What Lambda's service does with the role, not the function.
OF_THE_SERVICE = {"TakeEvents", "WriteLog", "ReadConfiguration"}
ACTIONS = {"HeadObject": "s3:GetObject", "GetObject": "s3:GetObject"}
Right = tuple[str, str]


@pytest.fixture
def made(moto_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[set[Right]]:  # noqa: F811
    """The calls of the function, as the actions and resources of IAM, while a test goes on."""
    for name, value in {"URL": moto_url, "REGION": "eu-west-1"}.items():
        monkeypatch.setenv("AWS_ENDPOINT_URL" if name == "URL" else "AWS_DEFAULT_REGION", value)
    monkeypatch.setenv("ECOG_SESSIONS_BUCKET", BUCKET)
    store = boto3.client("s3")
    store.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    sessions = DynamoSessions()
    sessions.make_tables()
    _stores.cache_clear()
    objects, records = _stores()
    calls: set[Right] = set()
    for client in (objects._client(), records.calls.client):
        client.meta.events.register("provide-client-params", lambda params, model, **_: calls.add(right(model, params)))
    yield calls
    _stores.cache_clear()
    for name in (sessions.names.records, sessions.names.counts):
        sessions.calls.client.delete_table(TableName=name)


def right(model: Any, params: dict[str, Any]) -> Right:
    if model.service_model.service_name == "s3":
        return ACTIONS[model.name], "objects"
    index = f"/index/{params['IndexName']}" if "IndexName" in params else ""
    return f"dynamodb:{model.name}", params["TableName"] + index


def allowed() -> set[Right]:
    found = set()
    role = load(str(TEMPLATE))["Resources"]["SessionRole"]["Properties"]
    for statement in role["Policies"][0]["PolicyDocument"]["Statement"]:
        if statement.get("Sid", "ReadConfiguration") in OF_THE_SERVICE:
            continue
        place = statement["Resource"]["Fn::Sub"]
        target = place.partition("table/")[2] or ("objects" if place.endswith("/*") else "bucket")
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        found |= {(action, target) for action in actions}
    return found


def test_every_call_is_allowed_and_no_right_is_unused(made: set[Right]) -> None:
    store = boto3.client("s3")
    notes = {"version": 1, "sessions": {"1": {"corrections": {"experiment": "Naming"}}}, "history": []}
    store.put_object(Bucket=BUCKET, Key=KEY, Body=content(document(), document(experiment="Stroop")))
    handler(hints(BUCKET, KEY), Context())
    store.put_object(Bucket=BUCKET, Key=f"{KEY}.notes.json", Body=json.dumps(notes).encode())
    handler(hints(BUCKET, KEY), Context())
    store.put_object(Bucket=BUCKET, Key=tombstone_key("2003"), Body=b"{}")
    handler(hints(BUCKET, KEY, "gone.json"), Context())
    store.delete_object(Bucket=BUCKET, Key=KEY)
    handler(hints(BUCKET, KEY), Context())
    # Listing is never called: S3 asks for the right when it says that an object is missing.
    assert allowed() == made | {("s3:ListBucket", "bucket")}
