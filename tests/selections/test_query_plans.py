"""The queries walk an index and read about what they return, on either database."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import product
from typing import Any

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext

from people.scope import server_scope
from selections.resolve import Resolved, resolve
from selections.words import parse
from tests.selections.made import DAY, HOUR, hold_large

pytestmark = pytest.mark.database

LABELS = [f"{stem}{number}" for stem in ("LTG", "LPT", "RTG", "RPT", "LFG") for number in range(1, 27)]
WAYS: dict[str, Callable[[Resolved], Any]] = {
    "page": lambda resolved: resolved.page(size=100).rows,
    "second page": lambda resolved: resolved.page(resolved.page(size=100).next, size=100).rows,
    "headers": lambda resolved: list(resolved.headers()),
    "totals": lambda resolved: resolved.totals(),
    "by recording": lambda resolved: list(resolved.by_recording()),
}
QUESTIONS = {
    "one channel": {"channel": "LTG5"},
    "a channel number": {"channel": "7"},
    "sixteen channels": {"channel": "LTG1..LTG16"},
    "all": {},
    "ten minutes": {"start": "day 3 14:05", "stop": "day 3 14:15"},
    "nights": {"hours": "22:00-06:00"},
    "nights of a channel": {"hours": "22:00-06:00", "channel": "RTG3"},
}
ONE_CHANNEL = {"one channel", "a channel number", "nights of a channel"}


def ask(patient: str, **words: str) -> Resolved:
    texts = {field: [text] for field, text in words.items()} | {"patient": [patient]}
    resolved = resolve(parse(texts), scope=server_scope(means="test"))
    assert resolved.stays
    return resolved


def rows_read() -> int:
    """What this connection has read from indexes so far: MariaDB counts it, SQLite only tells its plans."""
    headers = connections["headers"]
    if headers.vendor != "mysql":
        return 0
    with headers.cursor() as cursor:
        cursor.execute("SHOW SESSION STATUS WHERE Variable_name IN ('Handler_read_next', 'Handler_read_prev')")
        return sum(int(value) for _, value in cursor.fetchall())


@contextmanager
def reading_at_most(limit: int) -> Iterator[None]:
    before = rows_read()
    yield
    read = rows_read() - before
    assert read <= limit
    assert read or connections["headers"].vendor != "mysql"


def indexes(captured: CaptureQueriesContext) -> list[str]:
    """The index that each captured statement about chunks walks; `scan` where it walks the table."""
    headers, found = connections["headers"], []
    mysql = headers.vendor == "mysql"
    for query in captured.captured_queries:
        sql = query["sql"]
        if "chunk_header" not in sql.split("WHERE")[0]:
            continue
        with headers.cursor() as cursor:
            cursor.execute(("EXPLAIN " if mysql else "EXPLAIN QUERY PLAN ") + sql.replace("%", "%%"))
            found += [_of_mysql(*row[3:6], row[9]) if mysql else _of_sqlite(row[3]) for row in cursor.fetchall()]
    return [index for index in found if index]


def _of_mysql(kind: str | None, _possible: str | None, key: str | None, extra: str) -> str:
    if "optimized away" in extra:
        return ""  # answered by one look at the end of an index
    return key if key and kind in {"range", "ref"} else "scan"


def _of_sqlite(step: str) -> str:
    if step.startswith(("USE TEMP B-TREE", "MULTI-INDEX OR", "INDEX ")):  # each arm tells of itself
        return ""
    found = re.match(r"SEARCH chunk_header USING (?:COVERING )?INDEX (\w+)", step)
    return found[1] if found else "scan"


@pytest.fixture
def week() -> None:
    """130 channels for a week, twice: 43,680 hourly chunks; one of the patients has 24-hour chunks besides."""
    for patient in ("2002", "2003"):
        for day in range(7):
            hold_large(patient, f"day{day}_000000", (day * DAY, (day + 1) * DAY), labels=LABELS)
    hold_large("2003", "day7_000000", (7 * DAY, 9 * DAY), labels=LABELS[:20], every=24 * HOUR)


@pytest.mark.usefixtures("week")
def test_every_question_walks_an_index_that_leads_to_it():
    headers = connections["headers"]
    for patient, question, way in product(("2002", "2003"), QUESTIONS, WAYS):
        with CaptureQueriesContext(headers) as captured:
            WAYS[way](ask(patient, **QUESTIONS[question]))
        walked = set(indexes(captured)) - {"chunk_patient_duration"}  # the longest chunk, and the long ones
        assert walked, (patient, question, way)
        assert "scan" not in walked, (patient, question, way)
        if question in ONE_CHANNEL:
            assert walked == {"chunk_patient_label"}, (patient, question, way)
        for query in captured.captured_queries:
            assert "OFFSET" not in query["sql"]
            assert "COUNT(*)" not in query["sql"]


@pytest.mark.usefixtures("week")
def test_what_is_read_is_about_what_is_shown():
    for patient, long_ones in (("2002", 0), ("2003", 40)):
        one_channel = {"channel": "LTG5", "day": "0..6"}
        with reading_at_most(2 * 168):
            assert len(ask(patient, **one_channel).page(size=200).rows) == 168
        with reading_at_most(2 * 168):
            assert len(list(ask(patient, **one_channel).headers())) == 168
        with reading_at_most(2 * 168):
            assert [len(rows) for _, rows in ask(patient, **one_channel).by_recording()] == [24] * 7
        with reading_at_most(2 * 130 + long_ones):  # the hour asked for, and the one before it
            assert len(ask(patient, start="day 3 14:05", stop="day 3 14:15").page(size=1_000).rows) == 130
        with reading_at_most(2 * (21_840 + long_ones) + 50):  # once for sums, once for channels
            assert ask(patient, day="0..6").totals().chunks == 21_840
        with reading_at_most(21_840 + 50):
            assert sum(len(rows) for _, rows in ask(patient, day="0..6").by_recording()) == 21_840
        last_but_one = ask(patient, day="0..6").page(size=10_000).next
        with reading_at_most(100 + 130 + 2 * long_ones + 50):  # not what came before the page
            assert len(ask(patient, day="0..6").page(last_but_one, size=100).rows) == 100


@pytest.mark.parametrize("days", [1, 30])
def test_the_number_of_statements_does_not_grow_with_recordings(days):
    for day in range(days):
        hold_large("2002", f"day{day}", (day * DAY, day * DAY + HOUR), labels=LABELS[:4])
    headers = connections["headers"]
    with CaptureQueriesContext(headers) as captured:
        ask("2002").totals()
    assert len(captured) == 4  # recordings, longest chunk, sums, channels
    with CaptureQueriesContext(headers) as captured:
        ask("2002").page(size=2)
    assert len(captured) == 3
