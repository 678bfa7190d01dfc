"""The two tables of sessions on DynamoDB: their keys, indexes and capacity.

Owns: the schema. Attribute names hold spaces, so expressions name them by aliases; names of indexes cannot. Plain
Python.

    behavioral-data         experiment + file name; six attributes (`behavior.record`)
      subject-start-time-index   subject + start time, all attributes
      file-name-index            file name, keys only: which records an object has, whatever their task
    behavioral-task-counts  experiment + subject → sessions
"""

import time
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError, WaiterError

from behavior.dynamo_calls import Calls, speaking
from behavior.errors import SessionsUnavailable
from behavior.record import EXPERIMENT, FILE_NAME, START, SUBJECT

SUBJECT_INDEX, FILE_INDEX = "subject-start-time-index", "file-name-index"
COUNT = "sessions"
READ_UNITS = WRITE_UNITS = 20
WAIT_S, WAITS = 1, 120


@dataclass(frozen=True, kw_only=True)
class TableNames:
    records: str = "behavioral-data"
    counts: str = "behavioral-task-counts"


def make_tables(calls: Calls, *, names: TableNames) -> list[str]:
    """Makes the tables that are missing, and indexes missing in those that are there, and waits until they can be used;
    the names of the tables made just now.

    Raises `SessionsUnavailable` where a table of that name has other keys.
    """
    made = [name for name, keys in ((names.records, _records()), (names.counts, _counts())) if _make(calls, name, keys)]
    for name in (names.records, names.counts):
        try:
            with speaking():
                calls.client.get_waiter("table_exists").wait(
                    TableName=name, WaiterConfig={"Delay": WAIT_S, "MaxAttempts": WAITS}
                )
        except WaiterError:
            raise SessionsUnavailable(f"The table {name} is still not ready. Wait, then try again.") from None
    return made


def _make(calls: Calls, name: str, schema: dict[str, Any]) -> bool:
    try:
        calls.client.create_table(TableName=name, BillingMode="PROVISIONED", **schema)
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") != "ResourceInUseException":
            with speaking():
                raise
        _complete(calls, name, schema)
        return False
    return True


def _complete(calls: Calls, name: str, schema: dict[str, Any]) -> None:
    """Adds the indexes that a table made by others lacks."""
    held = calls.ask("describe_table", TableName=name)["Table"]
    if held["KeySchema"] != schema["KeySchema"]:
        raise SessionsUnavailable(f"There is a table {name} with other keys than sessions need. Rename it.")
    on_demand = held.get("BillingModeSummary", {}).get("BillingMode") == "PAY_PER_REQUEST"
    there = {index["IndexName"] for index in held.get("GlobalSecondaryIndexes", ())}
    for index in schema.get("GlobalSecondaryIndexes", ()):
        if index["IndexName"] in there:
            continue
        named = {key["AttributeName"] for key in [*index["KeySchema"], *schema["KeySchema"]]}
        create = {part: value for part, value in index.items() if part != "ProvisionedThroughput" or not on_demand}
        calls.ask(
            "update_table",
            TableName=name,
            AttributeDefinitions=[each for each in schema["AttributeDefinitions"] if each["AttributeName"] in named],
            GlobalSecondaryIndexUpdates=[{"Create": create}],
        )
        _await_index(calls, name, index=index["IndexName"])  # one is made at a time


def _await_index(calls: Calls, name: str, *, index: str) -> None:
    for _ in range(WAITS):
        table = calls.ask("describe_table", TableName=name)["Table"]
        states = {each["IndexName"]: each["IndexStatus"] for each in table.get("GlobalSecondaryIndexes", ())}
        if table["TableStatus"] == states.get(index) == "ACTIVE":
            return
        time.sleep(WAIT_S)
    raise SessionsUnavailable(f"The index {index} of the table {name} is still being made. Wait, then try again.")


def _records() -> dict[str, Any]:
    names = (EXPERIMENT, FILE_NAME, SUBJECT, START)
    return {
        "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in names],
        "KeySchema": _keys(EXPERIMENT, FILE_NAME),
        "ProvisionedThroughput": _capacity(),
        "GlobalSecondaryIndexes": [
            _index(SUBJECT_INDEX, _keys(SUBJECT, START), projection="ALL"),
            _index(FILE_INDEX, _keys(FILE_NAME), projection="KEYS_ONLY"),
        ],
    }


def _counts() -> dict[str, Any]:
    return {
        "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in (EXPERIMENT, SUBJECT)],
        "KeySchema": _keys(EXPERIMENT, SUBJECT),
        "ProvisionedThroughput": _capacity(),
    }


def _index(name: str, keys: list[dict[str, str]], *, projection: str) -> dict[str, Any]:
    return {
        "IndexName": name,
        "KeySchema": keys,
        "Projection": {"ProjectionType": projection},
        "ProvisionedThroughput": _capacity(),
    }


def _keys(*names: str) -> list[dict[str, str]]:
    return [{"AttributeName": name, "KeyType": kind} for name, kind in zip(names, ("HASH", "RANGE"), strict=False)]


def _capacity() -> dict[str, int]:
    return {"ReadCapacityUnits": READ_UNITS, "WriteCapacityUnits": WRITE_UNITS}
