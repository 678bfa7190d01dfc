"""The table of the portal database fulfils the contract, and reads by its indexes."""

from collections.abc import Sequence

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from behavior.models import SessionRow
from behavior.record import SessionRecord
from behavior.table import COLUMNS, TableSessions
from tests.behavior.contract import KEY, SECOND, TOM, Fill, SessionsContract, held
from tests.behavior.made import at, record
from tests.shared_database import at_once


def fill_table(records: Sequence[SessionRecord]) -> None:
    rows = [SessionRow(**{column: getattr(each, column) for column in COLUMNS}) for each in records]
    SessionRow.objects.bulk_create(rows, batch_size=500)


@pytest.fixture
def sessions() -> TableSessions:
    return TableSessions()


@pytest.fixture
def fill() -> Fill:
    return fill_table


@pytest.mark.database
class TestTable(SessionsContract):
    # Threads need the committed database: below.
    test_two_writers_at_once_count_once = None  # type: ignore[assignment]

    def test_names_are_asked_for_in_parts(self, sessions: TableSessions, fill: Fill) -> None:
        fill([record(f"{number}.json", experiment=f"t{number}") for number in range(900)])
        names = [f"t{number}" for number in range(2_000)]
        assert sum(1 for _ in sessions.of_tasks(names, subjects=["2003", "2004"])) == 900

    def test_questions_are_answered_by_an_index(self, sessions: TableSessions, fill: Fill) -> None:
        if connection.vendor != "sqlite":
            pytest.skip("the plan is read on SQLite")
        fill([record(f"{number}.json") for number in range(50)])
        questions = (
            lambda: sessions.of_object("7.json"),
            lambda: list(sessions.of_tasks(["ToM_Loc"], subjects=["2003"])),
            lambda: list(sessions.of_subject("2003", start=at("2003", day=1), stop=at("2003", day=9))),
            sessions.counts,
        )
        for question in questions:
            with CaptureQueriesContext(connection) as asked:
                question()
            (query,) = asked.captured_queries
            with connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN QUERY PLAN {query['sql']}")
                plan = " ".join(row[3] for row in cursor.fetchall())
            assert "INDEX" in plan, plan
            assert "SCAN" not in plan or "COVERING INDEX" in plan, plan


@pytest.mark.database(transaction=True)
def test_two_writers_at_once_leave_one_set_of_records(sessions: TableSessions) -> None:
    at_once(lambda number: sessions.replace(KEY, [TOM, SECOND] if number % 2 else [TOM]), threads=6)
    sessions.replace(KEY, [TOM, SECOND])
    assert held(sessions) == [("ToM_Loc", KEY), ("ToM_Loc", f"{KEY}#2")]
