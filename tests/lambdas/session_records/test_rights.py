"""The function's role allows every call that the function makes, and no call that it does not make."""

import json
from pathlib import Path
from typing import Any

import pytest
from cfnlint.decode.cfn_yaml import load

from behavior.dynamodb import DynamoSessions
from behavior.keys import notes_key, tombstone_key
from lambdas.session_records.handler import _stores, handler
from storage.s3_boto import BotoObjects
from tests.aws import moto_url, own_credentials  # noqa: F401
from tests.behavior.made import content, document
from tests.lambdas.session_records.test_handler import BUCKET, KEY, Context, objects, sessions  # noqa: F401
from tests.lambdas.sqs import hints

TEMPLATE = Path(__file__).parents[3] / "lambdas" / "template.yaml"
# What Lambda's service does with the role, not the function.
OF_THE_SERVICE = {"TakeEvents", "WriteLog", "ReadConfiguration"}
ACTIONS = {"HeadObject": "s3:GetObject", "GetObject": "s3:GetObject"}
Right = tuple[str, str]


@pytest.fixture
def made(objects: BotoObjects, sessions: DynamoSessions) -> set[Right]:  # noqa: F811
    """The calls of the function, as the actions and resources of IAM, from now on."""
    store, records = _stores()
    calls: set[Right] = set()
    for client in (store._client(), records.calls.client):
        client.meta.events.register("provide-client-params", lambda params, model, **_: calls.add(right(model, params)))
    return calls


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


def test_every_call_is_allowed_and_no_right_is_unused(objects: BotoObjects, made: set[Right]) -> None:  # noqa: F811
    notes = {"version": 1, "sessions": {"1": {"corrections": {"experiment": "Naming"}}}, "history": []}
    objects.put(BUCKET, KEY, content(document(), document(experiment="Stroop")))
    handler(hints(BUCKET, KEY), Context())
    objects.put(BUCKET, notes_key(KEY), json.dumps(notes).encode())
    handler(hints(BUCKET, KEY), Context())
    objects.put(BUCKET, tombstone_key("2003"), b"{}")
    handler(hints(BUCKET, KEY, "gone.json"), Context())
    objects.delete(BUCKET, KEY)
    handler(hints(BUCKET, KEY), Context())
    # Listing is never called: S3 asks for the right when it says that an object is missing.
    assert allowed() == made | {("s3:ListBucket", "bucket")}
