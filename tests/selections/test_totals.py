"""What the sums mean."""

import pytest

from people.scope import server_scope
from selections.resolve import resolve
from selections.totals import Totals
from selections.words import parse
from tests.selections.made import DAY, HOUR, MINUTE, chunk, hold, put, recording

pytestmark = pytest.mark.database


def totals(**words: str) -> Totals:
    return resolve(parse({field: [text] for field, text in words.items()}), scope=server_scope(means="test")).totals()


def test_an_instant_counts_once_however_many_channels_and_recordings_hold_it():
    hold("2002", "one", (0, 3 * HOUR), labels=["A1", "A2", "A3"])
    hold("2002", "two", (2 * HOUR, 5 * HOUR), labels=["A1", "B1"])
    hold("2003", "one", (0, HOUR), labels=["A1"])
    found = totals()
    assert (found.chunks, found.channels, found.recordings, found.patients) == (16, 5, 3, 2)
    assert found.hours == 6
    assert found.gaps == 0


def test_bytes_are_exact():
    _, rows = hold("2002", "one", (0, 30 * HOUR), labels=["A1", "A2", "A3"])
    assert totals().size_bytes == sum(row.size_bytes for row in rows)
    assert totals(channel="A2", day="1").size_bytes == sum(
        row.size_bytes for row in rows if row.label == "A2" and row.chunk >= 24
    )


def test_bytes_beyond_four_gigabytes_are_exact():
    held, _ = hold("2002", "one", (0, HOUR))
    put([chunk(held, channel=(2, "LTG1"), number=9, start=0, stop=HOUR, size_bytes=2**40 + 1)])
    assert totals().size_bytes == 2**40 + 1 + 1_001


def test_a_chunk_counts_whole_and_what_was_asked_for_is_told_apart():
    hold("2002", "one", (0, 3 * HOUR))
    found = totals(start="day 0 00:50", stop="day 0 01:10")
    assert found.chunks == 2
    assert found.hours == 2
    assert found.asked_us == 20 * MINUTE


@pytest.mark.parametrize(("pause_us", "gaps"), [(0, 0), (1_000_000, 0), (1_000_001, 1), (HOUR, 1)])
def test_a_gap_is_a_pause_of_over_a_second(pause_us, gaps):
    hold("2002", "one", (0, HOUR), (HOUR + pause_us, 2 * HOUR + pause_us))
    assert totals().gaps == gaps


def test_gaps_lie_between_found_chunks_in_the_time_asked_for():
    hold("2002", "one", (0, 4 * HOUR), (6 * HOUR, 10 * HOUR))
    hold("2002", "two", (DAY, DAY + HOUR))
    assert totals().gaps == 2
    assert totals(stop="day 0 05:00").gaps == 0  # what comes after the last chunk is no gap
    assert totals(hours="00:00-01:00").gaps == 0  # no hour between was asked for
    assert totals(hours="03:00-07:00").gaps == 1
    assert totals(hours="09:00-09:30,23:00-00:30").gaps == 1


def test_one_pause_over_several_nights_is_one_gap():
    hold("2002", "one", (0, HOUR))
    hold("2002", "two", (3 * DAY, 3 * DAY + HOUR))
    assert totals(hours="22:00-02:00").gaps == 1


def test_a_channel_is_a_label_of_a_patient_however_it_is_written():
    hold("2002", "one", (0, HOUR), labels=["LTG1", "LTG2"])
    hold("2002", "two", (HOUR, 2 * HOUR), labels=["LTG9", "POL LTG01"])
    assert totals().channels == 3


def test_the_time_at_a_rate():
    assert Totals(size_bytes=3_000).seconds_at(1_500) == 2
    assert Totals().seconds_at(1_500) == 0


def test_nothing_found_is_nothing():
    recording("2002", "one", (0, HOUR)).save()
    assert totals() == Totals()
