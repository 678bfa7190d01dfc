"""The administrators' lists read about what they show and sort nothing, on either database."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext

from chunks import header_list
from chunks.models import ChunkHeader
from chunks.recording_list import recordings
from people.readonly_admin import BoundedPaginator
from people.scope import server_scope
from tests.selections.made import DAY, HOUR, hold, hold_large

pytestmark = pytest.mark.database

LABELS = [f"{stem}{number}" for stem in ("LTG", "LPT", "RTG", "RPT", "LFG") for number in range(1, 27)]
PAGE = 100
BY_KEY, BY_TIME, BY_CHANNEL = "chunk_bucket_key", "chunk_patient_start", "chunk_patient_channel"
# SQLite has names of its own for the indexes of constraints.
UNIQUE = {"chunk_header": BY_KEY, "recording": "recording_bucket_name"}
# What is asked for, and the index that leads to it; of nothing, the table's own order.
QUESTIONS = {
    "nothing": ({}, "the table"),
    "patient": ({"patient": "2002"}, BY_TIME),
    "day": ({"patient": "2002", "day": "3"}, BY_TIME),
    "day of long chunks": ({"patient": "2003", "day": "3"}, BY_TIME),
    "channel": ({"patient": "2002", "channel": "7"}, BY_CHANNEL),
    "day of a channel": ({"patient": "2002", "channel": "7", "day": "3"}, BY_CHANNEL),
    "recording": ({"patient": "2002", "recording": "day3_000000"}, BY_KEY),
    "channel of a recording": ({"patient": "2002", "recording": "day3_000000", "channel": "7"}, BY_CHANNEL),
    "day of a recording": ({"patient": "2002", "recording": "day3_000000", "day": "3"}, BY_TIME),
    "bucket and key": ({"q": "edf-chunks-2002/day3_000000/LTG7"}, BY_KEY),
    "bucket": ({"q": "edf-chunks-2002/"}, BY_KEY),
    "beginning of a key": ({"q": "day3_000000/LTG7"}, "row numbers"),
    "beginning of many keys": ({"q": "day"}, "row numbers"),
    "key of a patient": ({"patient": "2002", "q": "day3_000000/LTG7"}, BY_KEY),
    "key of a channel": ({"patient": "2002", "q": "day3_000000/", "channel": "7", "day": "3"}, BY_KEY),
}


def plan(sql: str) -> list[str]:
    """Each step of the statement's plan that touches a table: the index it walks, or `sorts`."""
    headers = connections["headers"]
    mysql = headers.vendor == "mysql"
    with headers.cursor() as cursor:
        cursor.execute(("EXPLAIN " if mysql else "EXPLAIN QUERY PLAN ") + sql.replace("%", "%%"))
        steps = cursor.fetchall()
    return [each for step in steps for each in (_of_mysql(step) if mysql else _of_sqlite(step[3]))]


def _of_mysql(step: tuple) -> list[str]:
    table, kind, key, extra = step[2], step[3], step[5], step[9] or ""
    if table is None or table.startswith("<derived"):
        return []
    if kind == "index" and key == "PRIMARY":
        key = "the table"
    elif kind == "range" and key == "PRIMARY":
        key = "row numbers"
    elif kind not in {"range", "ref", "const"}:
        key = f"{kind} {key}"
    return [key] + [word for word in ("Using filesort", "Using temporary") if word in extra]


def _of_sqlite(step: str) -> list[str]:
    if found := re.match(r"SEARCH (chunk_header|recording) USING (?:COVERING )?INDEX (\w+)", step):
        return [UNIQUE[found[1]] if found[2].startswith("sqlite_autoindex") else found[2]]
    if step == "SEARCH chunk_header USING INTEGER PRIMARY KEY (rowid=?)":
        return ["row numbers"]
    if step in {"SCAN chunk_header", "SCAN recording"}:
        return ["the table"]
    return ["sorts"] if step.startswith("USE TEMP B-TREE") else []


def rows_read() -> int:
    headers = connections["headers"]
    if headers.vendor != "mysql":
        return 0
    with headers.cursor() as cursor:
        cursor.execute("SHOW SESSION STATUS WHERE Variable_name LIKE 'Handler_read%%'")
        return sum(int(value) for _, value in cursor.fetchall())


@contextmanager
def reading_at_most(limit: int, *, what: str = "") -> Iterator[None]:
    before = rows_read()
    yield
    read = rows_read() - before
    assert read <= limit, what
    assert read or connections["headers"].vendor != "mysql"


@pytest.fixture
def weeks(db) -> None:
    """130 channels for a week, twice, and one patient's 24-hour chunks besides: 43,720 chunks."""
    for patient in ("2002", "2003"):
        for day in range(7):
            hold_large(patient, f"day{day}_000000", (day * DAY, (day + 1) * DAY), labels=LABELS)
    hold_large("2003", "day7_000000", (7 * DAY, 9 * DAY), labels=LABELS[:20], every=24 * HOUR)


@pytest.mark.usefixtures("weeks")
def test_every_list_walks_the_index_that_leads_to_it_and_sorts_nothing():
    for question, (words, index) in QUESTIONS.items():
        asked = header_list.read(words)
        with CaptureQueriesContext(connections["headers"]) as captured:
            page = list(header_list.rows(asked, scope=server_scope(means="test"))[:PAGE])
        assert page, question
        *before, last = [plan(query["sql"]) for query in captured.captured_queries]
        assert last == [index], question
        if index == "row numbers":
            assert before == [[BY_KEY]] * len(before), question


@pytest.mark.usefixtures("weeks")
def test_what_is_read_is_about_what_is_shown():
    for question, (words, _) in QUESTIONS.items():
        found = header_list.rows(header_list.read(words), scope=server_scope(means="test"))
        # A day and a folder hold 3,120 chunks, of which a channel or a label is sought; a patient's channel holds 168.
        with reading_at_most(3_120 + 5 * PAGE, what=question):
            assert list(found[:PAGE]), question


@pytest.mark.usefixtures("weeks")
def test_counting_ends_at_the_limit():
    for question, (words, _) in QUESTIONS.items():
        pages = BoundedPaginator(header_list.rows(header_list.read(words), scope=server_scope(means="test")), PAGE)
        with (
            reading_at_most(2 * 10_001 + 500, what=question),
            CaptureQueriesContext(connections["headers"]) as captured,
        ):
            assert 0 < pages.count <= 10_000, question
        assert len(captured) == 1
        assert "LIMIT 10001" in captured.captured_queries[0]["sql"], question


@pytest.mark.usefixtures("weeks")
def test_the_days_around_are_looks_into_an_index():
    with reading_at_most(50), CaptureQueriesContext(connections["headers"]) as captured:
        assert header_list.neighbours("2002", 3) == (2, 4)
        assert header_list.first_and_last_day("2002") == (0, 6)
    for query in captured.captured_queries:
        assert plan(query["sql"]) in ([BY_TIME], []), query["sql"]  # an empty plan: MariaDB has looked already
    assert header_list.neighbours("2002", 0) == (None, 1)
    assert header_list.neighbours("2002", 6) == (5, None)
    ChunkHeader.objects.filter(patient="2003").delete()
    assert header_list.first_and_last_day("2003") is None


def test_lists_of_recordings_sort_nothing():
    for number in range(300):
        hold(f"20{number % 10:02}", f"day{number}", (number * HOUR, number * HOUR + HOUR))
    scope = server_scope(means="test")
    expected = {
        "the table": [{}, {"state": "ok"}],
        "recording_patient_start": [{"patient": "2002"}, {"patient": "2002", "state": "ok"}],
        "recording_bucket_name": [
            {"name": "edf-chunks-2002/day2"},
            {"name": "day2", "patient": "2002"},
        ],
    }
    for index, questions in expected.items():
        for words in questions:
            with CaptureQueriesContext(connections["headers"]) as captured:
                assert list(recordings(**({"patient": "", "state": "", "name": ""} | words), scope=scope)[:PAGE]), words
            assert plan(captured.captured_queries[-1]["sql"]) == [index], words
