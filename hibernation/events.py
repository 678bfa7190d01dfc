"""The events of S3 on their way to the index: paused while the database sleeps, resumed after it, sent again.

Owns: the event source mappings of the function that indexes, its configuration, and the queues behind them. A mapping
that somebody had switched off before is not switched on by us.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from hibernation.aws import Clients, code_of
from hibernation.states import Events

if TYPE_CHECKING:
    from mypy_boto3_lambda.type_defs import EventSourceMappingConfigurationTypeDef as Mapped

PING = {"ecog": "ping"}
PONG = "pong"
SETTLED = frozenset({"Enabled", "Disabled"})
NO_SUCH = frozenset({"ResourceNotFoundException"})
# These say that the service does not know the call (an emulator): the messages are moved by hand instead.
_UNKNOWN_CALL = frozenset({"InvalidAction", "UnknownOperationException", "500"})
MOVED_AT_ONCE = 10


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """How many messages wait in a queue, and in its dead-letter queue."""

    queue: str
    waiting: int
    dead: int


def mappings(clients: Clients, *, function: str) -> "list[Mapped]":
    pages = clients.functions.get_paginator("list_event_source_mappings").paginate(FunctionName=function)
    try:
        return [mapping for page in pages for mapping in page["EventSourceMappings"]]
    except ClientError as error:
        if code_of(error) in NO_SUCH:
            return []
        raise


def state_of(found: "Sequence[Mapped]", *, wanted: Iterable[str]) -> Events:
    """ENABLED where any is: all of them must be off. `wanted`: those to be on again, none: those that are."""
    states = [mapping.get("State", "") for mapping in found if mapping.get("State") != "Deleting"]
    if not states:
        return Events.NONE
    if any(state not in SETTLED for state in states):
        return Events.CHANGING
    return Events.ENABLED if "Enabled" in states else Events.DISABLED


def switch(clients: Clients, *, uuids: Iterable[str], on: bool) -> None:
    """Those that are gone are left out."""
    for uuid in uuids:
        try:
            clients.functions.update_event_source_mapping(UUID=uuid, Enabled=on)
        except ClientError as error:
            if code_of(error) not in NO_SUCH:
                raise


def configuration(clients: Clients, *, function: str) -> Mapping[str, Any] | None:
    """None where there is no such function."""
    try:
        return clients.functions.get_function_configuration(FunctionName=function)
    except ClientError as error:
        if code_of(error) in NO_SUCH:
            return None
        raise


def point(clients: Clients, *, function: str, told: Mapping[str, Any], host: str, port: int) -> bool:
    """Writes the address into the function's variables and leaves all others; whether anything had to be written."""
    variables = dict((told.get("Environment") or {}).get("Variables") or {})
    wanted = variables | {"ECOG_HEADERS_HOST": host, "ECOG_HEADERS_PORT": str(port)}
    if wanted == variables:
        return False
    clients.functions.update_function_configuration(FunctionName=function, Environment={"Variables": wanted})
    return True


def ping(clients: Clients, *, function: str) -> str:
    """Has the function ask its database for nothing; empty where it did, else why that is not proved."""
    answer = clients.functions.invoke(FunctionName=function, Payload=json.dumps(PING).encode())
    body = answer["Payload"].read()
    if answer.get("FunctionError"):
        return f"it failed ({answer['FunctionError']})"
    try:
        said = json.loads(body)
    except ValueError:
        said = None
    if isinstance(said, dict) and said.get("ecog") == PONG:
        return ""
    return "it does not know the question: is it older than the portal?"


def waiting(clients: Clients, found: "Sequence[Mapped]") -> list[Waiting]:
    """Of each queue that the function reads."""
    answer = []
    for url, attributes in _queues(clients, found):
        dead_url = _dead_url(clients, attributes)
        dead = _attributes(clients, dead_url) if dead_url else {}
        answer.append(
            Waiting(queue=url.rpartition("/")[2], waiting=_count(attributes), dead=_count(dead))
        )  # fmt: skip
    return answer


def redrive(clients: Clients, found: "Sequence[Mapped]") -> int:
    """Sends what lies in the dead-letter queues again; about how many messages that are."""
    moved = 0
    for url, attributes in _queues(clients, found):
        dead_url = _dead_url(clients, attributes)
        dead = _attributes(clients, dead_url) if dead_url else {}
        if not _count(dead):
            continue
        moved += _count(dead)
        try:
            clients.queues.start_message_move_task(SourceArn=dead["QueueArn"], DestinationArn=attributes["QueueArn"])
        except ClientError as error:
            if code_of(error) not in _UNKNOWN_CALL:
                raise
            _move(clients, source=dead_url, target=url)
    return moved


def _move(clients: Clients, *, source: str, target: str) -> None:
    """Message by message: sent first, deleted then, so that none is lost; an event twice changes nothing."""
    while True:
        answer = clients.queues.receive_message(QueueUrl=source, MaxNumberOfMessages=MOVED_AT_ONCE, WaitTimeSeconds=0)
        messages = answer.get("Messages", [])
        if not messages:
            return
        for message in messages:
            clients.queues.send_message(QueueUrl=target, MessageBody=message["Body"])
            clients.queues.delete_message(QueueUrl=source, ReceiptHandle=message["ReceiptHandle"])


def _queues(clients: Clients, found: "Sequence[Mapped]") -> list[tuple[str, dict[str, str]]]:
    arns = [mapping.get("EventSourceArn", "") for mapping in found]
    urls = [_url(clients, arn) for arn in arns if arn.split(":")[2:3] == ["sqs"]]
    return [(url, _attributes(clients, url)) for url in urls]


def _url(clients: Clients, arn: str) -> str:
    account, name = arn.split(":")[4:6]
    return clients.queues.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=account)["QueueUrl"]


def _dead_url(clients: Clients, attributes: Mapping[str, str]) -> str:
    policy = json.loads(attributes.get("RedrivePolicy") or "{}")
    return _url(clients, policy["deadLetterTargetArn"]) if policy.get("deadLetterTargetArn") else ""


def _attributes(clients: Clients, url: str) -> dict[str, str]:
    told = clients.queues.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    return {str(name): value for name, value in told.items()}


def _count(attributes: Mapping[str, str]) -> int:
    return int(attributes.get("ApproximateNumberOfMessages", 0))
