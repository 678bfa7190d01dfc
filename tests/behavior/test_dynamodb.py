"""DynamoDB fulfils the contract in three dialects; every page is followed, throttling waited out, little is read."""

import itertools
import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.request import Request, urlopen

import pytest

from behavior.dynamo_tables import COUNT, TableNames
from behavior.dynamodb import DynamoSessions, _item
from behavior.errors import SessionsUnavailable, TablesMissing
from behavior.record import SessionRecord, attributes
from storage.s3_clients import Patience
from tests.behavior.contract import KEY, SECOND, TOM, Fill, SessionsContract, held, told
from tests.behavior.made import at, record

HURRIED = Patience(connect_s=2, read_s=10, attempts=4, first_pause_s=0.01)
_numbers = itertools.count()


def fresh(endpoint: str, *, patience: Patience = HURRIED, names: TableNames | None = None) -> DynamoSessions:
    number = next(_numbers)
    own = names or TableNames(records=f"behavioral-data-{number}", counts=f"behavioral-task-counts-{number}")
    return DynamoSessions(region="eu-west-1", endpoint=endpoint, names=own, patience=patience, pace_units_per_s=None)


class Consumed:
    """The read units that requests of these operations took, and how many there were."""

    def __init__(self, sessions: DynamoSessions, *operations: str) -> None:
        self.units, self.requests = 0.0, 0
        events = sessions.calls.client.meta.events
        for operation in operations:
            events.register(f"provide-client-params.dynamodb.{operation}", self._ask)
            events.register(f"after-call.dynamodb.{operation}", self._add)

    def _ask(self, params: dict[str, Any], **_more: Any) -> None:
        params["ReturnConsumedCapacity"] = "TOTAL"

    def _add(self, parsed: dict[str, Any], **_more: Any) -> None:
        self.requests += 1
        self.units += parsed.get("ConsumedCapacity", {}).get("CapacityUnits", 0.0)


class DynamoContract(SessionsContract):
    @pytest.fixture
    def fill(self, sessions: DynamoSessions) -> Fill:
        def put_many(records: Sequence[SessionRecord]) -> None:
            puts = [{"PutRequest": {"Item": _item(attributes(each))}} for each in records]
            sessions.calls.write(sessions.names.records, puts)
            assert sessions.recount() == len({(each.experiment, each.subject) for each in records})

        return put_many

    def test_making_the_tables_again_changes_nothing(self, sessions: DynamoSessions) -> None:
        sessions.replace(KEY, [TOM])
        assert sessions.make_tables() == []
        assert held(sessions) == [("ToM_Loc", KEY)]

    def test_a_table_with_other_keys_is_not_taken(self, sessions: DynamoSessions) -> None:
        swapped = TableNames(records=sessions.names.counts, counts=sessions.names.records)
        with pytest.raises(SessionsUnavailable, match="with other keys"):
            fresh(sessions.calls.client.meta.endpoint_url, names=swapped).make_tables()

    def test_a_table_that_others_made_gets_the_indexes_it_lacks(self, sessions: DynamoSessions) -> None:
        other = fresh(sessions.calls.client.meta.endpoint_url)
        keys = [{"AttributeName": "experiment", "KeyType": "HASH"}, {"AttributeName": "file name", "KeyType": "RANGE"}]
        other.calls.client.create_table(
            TableName=other.names.records,
            KeySchema=keys,
            AttributeDefinitions=[{"AttributeName": key["AttributeName"], "AttributeType": "S"} for key in keys],
            ProvisionedThroughput={"ReadCapacityUnits": 5, "WriteCapacityUnits": 5},
        )
        other.calls.client.get_waiter("table_exists").wait(TableName=other.names.records)
        other.calls.ask("put_item", TableName=other.names.records, Item=_item(attributes(TOM)))
        assert other.make_tables() == [other.names.counts]
        assert other.make_tables() == []
        assert list(other.of_subject("2003")) == [TOM]
        assert list(other.of_object(KEY)) == [TOM]

    def test_recounting_repairs_counts(self, sessions: DynamoSessions) -> None:
        sessions.replace(KEY, [TOM, SECOND])
        for pair, number in ((("ToM_Loc", "2003"), 7), (("gone", "2003"), 2), (("worse", "2004"), -1)):
            item = {"experiment": pair[0], "subject": pair[1], COUNT: number}
            sessions.calls.ask("put_item", TableName=sessions.names.counts, Item=_item(item))
        assert told(sessions) == {("ToM_Loc", "2003"): 7, ("gone", "2003"): 2}
        assert sessions.recount() == 3
        assert told(sessions) == {("ToM_Loc", "2003"): 2}
        assert sessions.recount() == 0

    def test_a_count_that_falls_to_nothing_leaves_no_row(self, sessions: DynamoSessions) -> None:
        sessions.replace(KEY, [TOM])
        sessions.remove(KEY)
        assert not sessions.calls.ask("scan", TableName=sessions.names.counts)["Items"]

    def test_records_of_old_scripts_are_read_and_replaced(self, sessions: DynamoSessions) -> None:
        old = attributes(TOM) | {"start_time": "2003-01-03 09:05:00.420000"}
        del old["start time"]
        sessions.calls.ask("put_item", TableName=sessions.names.records, Item=_item(old))
        (found,) = sessions.of_tasks(["ToM_Loc"])
        assert found.start.microsecond == 420_000
        assert sessions.replace(KEY, [TOM])
        assert [each.item for each in sessions.everything()] == [attributes(TOM)]

    def test_what_cannot_be_read_is_left_out_but_not_from_everything(
        self, sessions: DynamoSessions, caplog: pytest.LogCaptureFixture
    ) -> None:
        odd = {"experiment": "ToM_Loc", "file name": "odd.json", "note": "by hand"}
        sessions.calls.ask("put_item", TableName=sessions.names.records, Item=_item(odd))
        sessions.replace(KEY, [TOM])
        assert [each.file_name for each in sessions.of_tasks(["ToM_Loc"])] == [KEY]
        assert "cannot be read" in caplog.text
        assert len(held(sessions)) == 2
        sessions.remove("odd.json")
        assert held(sessions) == [("ToM_Loc", KEY)]


class TestMoto(DynamoContract):
    @pytest.fixture
    def sessions(self, moto_url: str) -> DynamoSessions:
        return _made(fresh(moto_url))


class TestMinistack(DynamoContract):
    @pytest.fixture
    def sessions(self, ministack_url: str) -> DynamoSessions:
        return _made(fresh(ministack_url))


class TestDynalite(DynamoContract):
    @pytest.fixture
    def sessions(self, dynalite_url: str) -> DynamoSessions:
        return _made(fresh(dynalite_url))

    # Dynalite takes the order for a new index and does nothing.
    test_a_table_that_others_made_gets_the_indexes_it_lacks = None  # type: ignore[assignment]

    def test_listing_tasks_costs_nothing_of_the_records(self, sessions: DynamoSessions, fill: Fill) -> None:
        """Moto and ministack do not count what is read, dynalite does."""
        fill(
            [
                record(
                    f"t{task}_{subject}_{run}.json", experiment=f"task_{task}", subject=str(subject), minute=run * 20
                )
                for task in range(20)
                for subject in range(2001, 2031)
                for run in range(10)
            ]
        )
        listing = Consumed(sessions, "Scan", "Query", "GetItem", "BatchGetItem")
        assert len(sessions.counts()) == 600
        units = listing.units
        size_bytes = sum(len(f"experimenttask_{n}subject2001sessions") + 3 for n in range(20)) * 30
        assert listing.requests == 1
        assert 0 < units <= size_bytes / 4096 / 2 + 1  # eventually consistent: half a unit for 4 kB
        assert units < 20  # one second of the table's read units
        assert sum(1 for _ in sessions.everything()) == 6_000
        assert listing.units - units > 20 * units  # what reading the records would take

    def test_a_question_reads_its_own_records_alone(self, sessions: DynamoSessions, fill: Fill) -> None:
        fill([record(f"{n}.json", experiment=f"task_{n % 50}", day=n % 30) for n in range(3_000)])
        asked = Consumed(sessions, "Query")
        assert len(list(sessions.of_tasks(["task_7"]))) == 60
        assert asked.units <= 60 * 160 / 4096 / 2 + 1
        asked.units = 0
        between = list(sessions.of_subject("2003", start=at("2003", day=3), stop=at("2003", day=4)))
        assert len(between) == 100
        assert asked.units <= 2 * 100 * 160 / 4096 / 2 + 1


def _made(sessions: DynamoSessions) -> DynamoSessions:
    sessions.make_tables()
    return sessions


class Moods:
    """A service in front of another that is short of capacity now and then."""

    def __init__(self, upstream: str) -> None:
        self.upstream = upstream
        self.throttle = 0  # so many requests are refused
        self.hold_back = 0  # so many batches do the first of their items alone
        self.refused = self.held_back = 0

    def answer(self, operation: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        if self.throttle:
            self.throttle, self.refused = self.throttle - 1, self.refused + 1
            kind = "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException"
            return 400, json.dumps({"__type": kind, "message": "slow down"}).encode()
        left: Any = None
        if self.hold_back and operation.startswith("Batch"):
            self.hold_back, self.held_back = self.hold_back - 1, self.held_back + 1
            body, left = _first_alone(body)
        request = Request(self.upstream, data=body, headers=headers)  # noqa: S310 (a server of this test)
        with urlopen(request, timeout=10) as response:  # noqa: S310
            found = json.loads(response.read())
        if left:
            found["UnprocessedItems" if "Write" in operation else "UnprocessedKeys"] = left
        return 200, json.dumps(found).encode()


def _first_alone(body: bytes) -> tuple[bytes, Any]:
    whole = json.loads(body)
    ((table, wanted),) = whole["RequestItems"].items()
    if isinstance(wanted, list):
        first, rest = wanted[:1], wanted[1:]
    else:
        first, rest = wanted | {"Keys": wanted["Keys"][:1]}, wanted | {"Keys": wanted["Keys"][1:]}
    empty = not (rest if isinstance(rest, list) else rest["Keys"])
    return json.dumps(whole | {"RequestItems": {table: first}}).encode(), {} if empty else {table: rest}


@contextmanager
def moody(upstream: str) -> Iterator[tuple[str, Moods]]:
    moods = Moods(upstream)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            kept = {
                name: value
                for name, value in self.headers.items()
                if name.lower().startswith(("x-amz-target", "content-type", "authorization", "x-amz-date"))
            }
            status, answer = moods.answer(self.headers["X-Amz-Target"].rpartition(".")[2], kept, body)
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.0")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", moods
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_throttling_is_waited_out(dynalite_url: str) -> None:
    with moody(dynalite_url) as (url, moods):
        sessions = _made(fresh(url, patience=Patience(attempts=3, first_pause_s=0.01)))
        moods.throttle = 2
        assert sessions.replace(KEY, [TOM])
        assert moods.refused == 2
        moods.throttle = 1
        assert told(sessions) == {("ToM_Loc", "2003"): 1}


def test_throttling_that_stays_is_a_sentence(dynalite_url: str) -> None:
    with moody(dynalite_url) as (url, moods):
        sessions = _made(fresh(url, patience=Patience(attempts=2, first_pause_s=0.01)))
        moods.throttle = 2
        with pytest.raises(SessionsUnavailable, match="too busy"):
            sessions.counts()


def test_what_a_batch_leaves_out_is_written_and_read_all_the_same(dynalite_url: str) -> None:
    with moody(dynalite_url) as (url, moods):
        sessions = _made(fresh(url, patience=Patience(attempts=8, first_pause_s=0.01)))
        many = [record(KEY), *(record(f"{KEY}#{number}", minute=number) for number in range(2, 31))]
        moods.hold_back = 4
        puts = [{"PutRequest": {"Item": _item(attributes(each))}} for each in many]
        sessions.calls.write(sessions.names.records, puts)
        assert moods.held_back == 4
        moods.hold_back = 3
        assert list(sessions.of_object(KEY)) == many
        assert moods.held_back == 7


def test_a_batch_that_is_never_finished_is_a_sentence(dynalite_url: str) -> None:
    with moody(dynalite_url) as (url, moods):
        sessions = _made(fresh(url, patience=Patience(attempts=2, first_pause_s=0.01)))
        moods.hold_back = 99
        puts = [{"PutRequest": {"Item": _item(attributes(record(f"{number}.json")))}} for number in range(9)]
        with pytest.raises(SessionsUnavailable, match="too busy"):
            sessions.calls.write(sessions.names.records, puts)


def test_missing_tables_are_a_sentence(dynalite_url: str) -> None:
    sessions = fresh(dynalite_url)
    with pytest.raises(TablesMissing, match="make_session_tables"):
        sessions.counts()
    with pytest.raises(TablesMissing):
        sessions.replace(KEY, [TOM])


def test_a_service_that_does_not_answer_is_a_sentence() -> None:
    sessions = fresh("http://127.0.0.1:9", patience=Patience(connect_s=1, read_s=1, attempts=1))
    with pytest.raises(SessionsUnavailable, match="does not answer"):
        sessions.counts()


def test_without_credentials_there_is_a_sentence(dynalite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    with pytest.raises(SessionsUnavailable, match="no usable credentials"):
        fresh(dynalite_url).counts()
