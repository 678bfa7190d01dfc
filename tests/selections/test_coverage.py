"""Coverage against every row there is, and what it reads."""

import random

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext

from chunks.format.clock import since_day_zero_us
from chunks.models import ChunkHeader, Recording
from people.scope import server_scope
from selections.coverage import Coverage, coverage_of
from selections.intervals import Interval, Intervals, union
from selections.resolve import resolve
from selections.words import parse
from tests.selections.made import DAY, HOUR, MINUTE, hold, hold_large
from tests.selections.test_query_plans import indexes, reading_at_most

pytestmark = pytest.mark.database

LABELS = [f"{stem}{number}" for stem in ("LTG", "LPT", "RTG", "RPT", "LFG") for number in range(1, 27)]


def covered_by(rows: list[ChunkHeader]) -> Intervals:
    return union(
        Interval(start_us=since_day_zero_us(row.patient, row.start), stop_us=since_day_zero_us(row.patient, row.stop))
        for row in rows
    )


def asked(patient: str, **words: str) -> tuple[Coverage, list[ChunkHeader]]:
    texts = {field: [text] for field, text in words.items()} | {"patient": [patient]}
    resolved = resolve(parse(texts), scope=server_scope(means="test"))
    (stay,) = resolved.stays
    return coverage_of(patient, found_by=stay), list(resolved.headers())


def made_up(random_: random.Random, patient: str) -> None:
    """Recordings that overlap, with pauses, of montages that share some labels or none, with twins and long chunks."""
    montages = [["LTG1", "LTG2"], ["LTG2", "X1"], ["Y1", "Y1"], ["", "Z9"], ["LTG1"], [f"ONLY{random_.random()}"]]
    for number in range(random_.randint(1, 12)):
        at, stretches = random_.randint(-2 * DAY, 6 * DAY), []
        for _ in range(random_.randint(1, 4)):
            length = random_.randint(1, 30 * HOUR)
            stretches.append((at, at + length))
            at += length + random_.choice([1, 500_000, 2_000_000, 3 * HOUR])
        every = random_.choice([HOUR, HOUR, 24 * HOUR])
        hold(patient, f"r{number}", *stretches, labels=random_.choice(montages), every=every)


@pytest.mark.parametrize("seed", range(12))
def test_it_is_what_all_rows_together_say(seed):
    random_ = random.Random(seed)
    made_up(random_, "2002")
    hold("2002", "bad", (20 * DAY, 21 * DAY), state="conflict")
    hold("2003", "else", (0, 20 * DAY), every=24 * HOUR)
    everything = list(ChunkHeader.objects.filter(patient="2002").exclude(recording="bad"))
    for words in ({}, {"day": "0..1"}, {"hours": "22:00-06:00", "channel": "LTG1"}, {"channel": "Z9,5"}, {"day": "50"}):
        coverage, found = asked("2002", **words)
        assert coverage.held == covered_by(everything)
        assert coverage.found == covered_by(found)
    by_name = {each.name: each.intervals for each in coverage.recordings}
    assert set(by_name) == set(Recording.objects.filter(patient="2002", state="ok").values_list("name", flat=True))
    for name, intervals in by_name.items():
        assert intervals == covered_by([row for row in everything if row.recording == name])


def test_more_montages_than_one_statement_may_name_are_all_read():
    for number in range(30):
        hold("2002", f"r{number}", (number * DAY, number * DAY + HOUR), labels=[f"A{number}", f"B{number}"])
    with CaptureQueriesContext(connections["headers"]) as captured:
        coverage = coverage_of("2002")
    assert len(coverage.held) == 30
    assert set(indexes(captured)) <= {"chunk_patient_label", "chunk_patient_duration"}


def test_a_patient_without_recordings_has_none():
    coverage = coverage_of("2002")
    assert (coverage.held, coverage.found, coverage.recordings) == ((), (), ())


def test_a_week_of_130_channels_reads_one_of_them():
    for day in range(7):
        hold_large("2002", f"day{day}_000000", (day * DAY, (day + 1) * DAY - 10 * MINUTE), labels=LABELS)
    headers = connections["headers"]
    with reading_at_most(168 + 30), CaptureQueriesContext(headers) as captured:
        coverage = coverage_of("2002")
    assert len(coverage.held) == 7
    assert len(captured) == 3  # recordings, longest chunk, chunks
    assert set(indexes(captured)) - {"chunk_patient_duration"} == {"chunk_patient_label"}
