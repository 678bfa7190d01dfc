"""The rights that the stack gives the portal for sleeping and waking are those that it uses, no fewer and no more."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.client import BaseClient

from hibernation import engine, pruning
from hibernation.jobs import Choice, chosen
from hibernation.states import Goal
from hibernation.status import status
from storage.folder import FolderObjects
from tests.hibernation.lab import Lab

pytestmark = pytest.mark.database(transaction=True)
ROOT = Path(__file__).parents[2]
# AWS asks for these beside the call itself: tags given to a call that makes something or told by one that describes,
# the messages that a move task reads, passes and removes, and the role that watches an instance.
ASKED_BESIDE = {
    "rds:ListTagsForResource",
    "rds:AddTagsToResource",
    "sqs:ReceiveMessage",
    "sqs:DeleteMessage",
    "sqs:SendMessage",
    "iam:PassRole",
}
# Used only where something is as the cycle below has it not: no snapshot, a group that waits for a restart.
RARE = {"rds:CreateDBInstance", "rds:RebootDBInstance"}
CONDITION_KEYS = {"lambda:FunctionArn", "iam:PassedToService"}
NAMES = {"lambda:Invoke": "lambda:InvokeFunction"}
_ACTION = re.compile(r"\b(?:rds|ec2|lambda|sqs|iam):[A-Z]\w+")


def allowed() -> set[str]:
    """The actions of the policy in the template."""
    template = (ROOT / "lambdas/template.yaml").read_text(encoding="utf-8")
    policy = template.partition("  SleepPolicy:")[2].partition("\nOutputs:")[0]
    return {action for action in _ACTION.findall(policy) if action not in CONDITION_KEYS}


def told() -> Iterator[str]:
    """The actions that the page for administrators names."""
    page = (ROOT / "docs/hibernation.md").read_text(encoding="utf-8").partition("## Rights on AWS")[2]
    for service, names in re.findall(r"`(\w+):` ([^`]+)", page):
        yield from (f"{service}:{name}" for name in re.findall(r"\b[A-Z]\w+", names) if name != "PassRole")
    yield from re.findall(r"`(iam:\w+)`", page)


def test_the_policy_allows_what_a_cycle_asks_and_no_more(
    lab: Lab, objects: FolderObjects, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.make()
    asked: set[str] = set()
    real = BaseClient._make_api_call

    def noted(client: BaseClient, operation: str, arguments: dict[str, Any]) -> Any:
        action = f"{client.meta.service_model.endpoint_prefix}:{operation}"
        action = re.sub(r"\d{8}(?:v\d)?$", "", action)
        asked.add(NAMES.get(action, action))
        return real(client, operation, arguments)

    work = lab.work(objects)
    monkeypatch.setattr(BaseClient, "_make_api_call", noted)
    for goal in (Goal.STOP, Goal.SNAPSHOT):
        engine.put_to_sleep(work, goal=goal)
        work.clients.queues.send_message(QueueUrl=lab.dead, MessageBody='{"Records": []}')
        engine.wake(chosen(work, choice=Choice()))
    engine.put_to_sleep(work, goal=Goal.SNAPSHOT)
    status(work)
    pruning.prune(work, keep=1)
    assert asked - allowed() == set()
    assert allowed() - asked - ASKED_BESIDE - RARE == set()


def test_the_page_names_the_rights_of_the_policy() -> None:
    assert set(told()) == allowed()
