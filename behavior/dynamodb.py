"""Sessions on DynamoDB.

Owns: how records and counts are written and asked for there; the portal and the Lambda both write through it. No
transaction spans the two tables: a count follows the record by what the write says of the item it replaced, so that
doubled, late and simultaneous writes are counted once; a writer killed in between leaves a count wrong until `recount`.
Plain Python, no Django.
"""

import logging
import time
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

import boto3
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import ClientError

from behavior.dynamo_calls import PATIENCE, Calls, Item, speaking
from behavior.dynamo_tables import COUNT, FILE_INDEX, SUBJECT_INDEX, TableNames, make_tables
from behavior.errors import BadSession
from behavior.keys import file_name, split_file_name
from behavior.record import EXPERIMENT, FILE_NAME, START, SUBJECT, SessionRecord, attributes, from_attributes
from behavior.sessions import LONGEST, Sessions, Stored, TaskCount, overlaps
from storage.s3_clients import Patience

# Reading everything takes half of the table's capacity (20 read units) and leaves the rest to people.
PACE_UNITS_PER_S = 10.0
ITEMS_A_PAGE = 400
LOOKS = 2

logger = logging.getLogger(__name__)
_serialize, _deserialize = TypeSerializer().serialize, TypeDeserializer().deserialize


class DynamoSessions(Sessions):
    """The tables of one region, or of a server that speaks its protocol at `endpoint`."""

    counts_last_s = 10.0

    def __init__(
        self,
        *,
        region: str | None = None,
        endpoint: str | None = None,
        names: TableNames | None = None,
        patience: Patience = PATIENCE,
        session: boto3.Session | None = None,
        pace_units_per_s: float | None = PACE_UNITS_PER_S,
    ) -> None:
        self.calls = Calls(region=region, endpoint=endpoint, patience=patience, session=session)
        self.names = names or TableNames()
        self._pace = pace_units_per_s

    def make_tables(self) -> list[str]:
        """Makes what is missing of the two tables; the names of those made."""
        return make_tables(self.calls, names=self.names)

    def replace(self, key: str, records: Sequence[SessionRecord]) -> bool:
        wanted = {(record.experiment, record.file_name) for record in records}
        changed = False
        held = self._keys_of(key, at_least=len(records))
        for record in records:
            changed |= self._put(record)
        for _ in range(LOOKS):  # again, since an index lags a moment behind its table
            ghosts = [each for each in held if each not in wanted]
            # From the last document on, so that what a killed writer leaves is found by counting up.
            for experiment, name in sorted(ghosts, key=lambda ghost: -split_file_name(ghost[1])[1]):
                changed |= self._delete(experiment, name)
            held = self._keys_of(key, at_least=len(records))
        return changed

    def of_object(self, key: str) -> Sequence[SessionRecord]:
        keys = [_item({EXPERIMENT: experiment, FILE_NAME: name}) for experiment, name in self._keys_of(key, at_least=1)]
        found = _readable(map(_plain, self.calls.read(self.names.records, keys)))
        return sorted(found, key=lambda record: split_file_name(record.file_name)[1])

    def of_tasks(
        self, experiments: Collection[str], *, subjects: Collection[str] | None = None
    ) -> Iterator[SessionRecord]:
        tasks = frozenset(experiments)
        if subjects is not None and len(frozenset(subjects)) < len(tasks):
            for subject in sorted(frozenset(subjects)):
                yield from (record for record in self.of_subject(subject) if record.experiment in tasks)
            return
        for experiment in sorted(tasks):
            items = self._query({"#k": EXPERIMENT}, "#k = :k", {":k": experiment})
            yield from (record for record in _readable(items) if subjects is None or record.subject in subjects)

    def of_subject(
        self, subject: str, *, start: datetime | None = None, stop: datetime | None = None
    ) -> Iterator[SessionRecord]:
        names, condition, values = {"#k": SUBJECT}, "#k = :k", {":k": subject}
        bounds = {":a": start and start - LONGEST, ":b": stop}
        values |= {place: moment.isoformat(sep=" ") for place, moment in bounds.items() if moment is not None}
        if len(values) > 1:
            names["#t"] = START
            condition += {2: " AND #t >= :a" if start else " AND #t <= :b", 3: " AND #t BETWEEN :a AND :b"}[len(values)]
        items = self._query(names, condition, values, IndexName=SUBJECT_INDEX)
        return (record for record in _readable(items) if overlaps(record, start=start, stop=stop))

    def counts(self) -> Sequence[TaskCount]:
        found = self._held_counts()
        return [
            TaskCount(experiment=experiment, subject=subject, sessions=found[experiment, subject])
            for experiment, subject in sorted(found)
            if found[experiment, subject] > 0
        ]

    def recount(self) -> int:
        true = Counter((each.experiment, str(each.item.get(SUBJECT, ""))) for each in self.everything())
        held = self._held_counts()
        wrong = sorted(pair for pair in true.keys() | held.keys() if true.get(pair) != held.get(pair))
        puts = [
            {"PutRequest": {"Item": _item({EXPERIMENT: pair[0], SUBJECT: pair[1], COUNT: true[pair]})}}
            for pair in wrong
            if pair in true
        ]
        deletes = [
            {"DeleteRequest": {"Key": _item({EXPERIMENT: pair[0], SUBJECT: pair[1]})}}
            for pair in wrong
            if pair not in true
        ]
        self.calls.write(self.names.counts, [*puts, *deletes])
        return len(wrong)

    def everything(self) -> Iterator[Stored]:
        limit = {"Limit": ITEMS_A_PAGE} if self._pace else {}
        request = {"TableName": self.names.records, "ReturnConsumedCapacity": "TOTAL"} | limit
        pages = self.calls.pages("scan", **request)
        for page in pages:
            for item in map(_plain, page["Items"]):
                yield Stored(experiment=str(item[EXPERIMENT]), file_name=str(item[FILE_NAME]), item=item)
            if self._pace and page.get("LastEvaluatedKey"):
                time.sleep(page.get("ConsumedCapacity", {}).get("CapacityUnits", 0) / self._pace)

    def _keys_of(self, key: str, *, at_least: int) -> list[tuple[str, str]]:
        """(experiment, file name) of every record of the object, looked for beyond as many documents as it has."""
        found: list[tuple[str, str]] = []
        number = 1
        while True:
            name = file_name(key, number=number)
            items = list(self._query({"#k": FILE_NAME}, "#k = :k", {":k": name}, IndexName=FILE_INDEX))
            if not items and number > at_least:
                return found
            found += [(str(item[EXPERIMENT]), name) for item in items]
            number += 1

    def _put(self, record: SessionRecord) -> bool:
        item = attributes(record)
        answer = self.calls.ask("put_item", TableName=self.names.records, Item=_item(item), ReturnValues="ALL_OLD")
        old = _plain(answer.get("Attributes") or {})
        if old and str(old.get(SUBJECT, "")) != record.subject:
            self._count(record.experiment, str(old.get(SUBJECT, "")), by=-1)
        if not old or str(old.get(SUBJECT, "")) != record.subject:
            self._count(record.experiment, record.subject, by=1)
        return old != item

    def _delete(self, experiment: str, name: str) -> bool:
        key = _item({EXPERIMENT: experiment, FILE_NAME: name})
        answer = self.calls.ask("delete_item", TableName=self.names.records, Key=key, ReturnValues="ALL_OLD")
        old = _plain(answer.get("Attributes") or {})
        if old:
            self._count(experiment, str(old.get(SUBJECT, "")), by=-1)
        return bool(old)

    def _count(self, experiment: str, subject: str, *, by: int) -> None:
        if not subject:  # of a record that nobody could read
            return
        key = _item({EXPERIMENT: experiment, SUBJECT: subject})
        named = {"ExpressionAttributeNames": {"#n": COUNT}}
        answer = self.calls.ask(
            "update_item",
            TableName=self.names.counts,
            Key=key,
            UpdateExpression="ADD #n :by",
            ExpressionAttributeValues=_item({":by": by}),
            ReturnValues="UPDATED_NEW",
            **named,
        )
        if _plain(answer["Attributes"])[COUNT] == 0:
            self._drop_count(key, **named)

    def _drop_count(self, key: Item, **named: Any) -> None:  # noqa: ANN401 (the service's own parameters)
        try:
            self.calls.client.delete_item(
                TableName=self.names.counts,
                Key=key,
                ConditionExpression="#n = :zero",
                ExpressionAttributeValues=_item({":zero": 0}),
                **named,
            )
        except ClientError as error:  # somebody counted up in the meantime
            if error.response.get("Error", {}).get("Code") != "ConditionalCheckFailedException":
                with speaking():
                    raise

    def _held_counts(self) -> dict[tuple[str, str], int]:
        items = (
            _plain(item) for page in self.calls.pages("scan", TableName=self.names.counts) for item in page["Items"]
        )
        return {(str(item[EXPERIMENT]), str(item[SUBJECT])): int(item[COUNT]) for item in items}

    def _query(self, names: dict[str, str], condition: str, values: dict[str, str], **more: str) -> Iterator[Item]:
        pages = self.calls.pages(
            "query",
            TableName=self.names.records,
            KeyConditionExpression=condition,
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=_item(values),
            **more,
        )
        return (_plain(item) for page in pages for item in page["Items"])


def _item(values: dict[str, Any]) -> Item:
    return {name: _serialize(value) for name, value in values.items()}


def _plain(item: Item) -> Item:
    return {name: _deserialize(value) for name, value in item.items()}


def _readable(items: Iterable[Item]) -> Iterator[SessionRecord]:
    for item in items:
        try:
            yield from_attributes(item)
        except BadSession:
            logger.warning("A record of sessions cannot be read and is left out: run manage.py reindex --sessions.")
