"""An empty answer says what would match."""

import pytest

from people.patients import add_patient
from people.scope import server_scope
from selections.resolve import resolve
from selections.words import parse
from tests.selections.made import DAY, HOUR, hold

pytestmark = pytest.mark.database


def hints(**words: str) -> str:
    resolved = resolve(parse({field: [text] for field, text in words.items()}), scope=server_scope(means="test"))
    assert resolved.totals().chunks == 0
    return "\n".join(resolved.hints())


@pytest.fixture
def stay():
    hold("2002", "day1", (DAY + 14 * HOUR, DAY + 16 * HOUR), labels=["LTG1", "LTG2", "POL RTG1"])
    hold("2002", "day3", (3 * DAY, 3 * DAY + 90 * 60_000_000), labels=["LTG1", "LTG9"])


def test_an_unknown_patient_is_answered_with_the_most_similar():
    hold("2002", "a", (0, HOUR))
    assert hints(patient="2022") == (
        "There is no patient 2022 whom you may see. The most similar: 2002.\nYou may see patient 2002."
    )


def test_a_patient_without_recordings_is_said():
    add_patient("2002")
    assert hints(patient="2002") == "Patient 2002 has no recordings to search."


@pytest.mark.usefixtures("stay")
def test_another_time_is_answered_with_the_patients_days():
    assert hints(patient="2002", day="7") == (
        "Patient 2002 was recorded on days 1 to 3, from day 1 14:00 (2002-01-01 14:00) "
        "to day 3 01:30 (2002-01-03 01:30)."
    )


@pytest.mark.usefixtures("stay")
def test_a_pause_is_answered_with_its_ends():
    assert "There was a pause from day 1 16:00 to day 3 00:00." in hints(patient="2002", day="2")


@pytest.mark.usefixtures("stay")
def test_a_pause_that_ends_with_the_window_is_a_pause():
    said = hints(patient="2002", start="day 2 23:00", stop="day 3 00:00")
    assert "There was a pause from day 1 16:00 to day 3 00:00." in said


def test_a_hole_inside_a_recording_is_said():
    hold("2002", "rec", (0, HOUR), (5 * HOUR, 6 * HOUR))
    said = hints(patient="2002", start="day 0 02:00", stop="day 0 03:00")
    assert said == "Patient 2002 was being recorded then (rec), with a pause in just the time asked for."


@pytest.mark.usefixtures("stay")
def test_hours_that_meet_no_day_asked_for_are_said():
    said = hints(patient="2002", start="day 1 14:00", stop="day 1 16:00", hours="22:00-06:00")
    assert "No part of the time asked for lies in 22:00-06:00." in said


@pytest.mark.usefixtures("stay")
def test_a_date_of_another_year_is_answered_with_the_day_meant():
    said = hints(patient="2002", start="2003-01-03 00:30", stop="2003-01-03 01:00")
    assert "2003-01-03 is day 368 of patient 2002" in said
    assert "If day 3 is meant, write `day 3` or 2002-01-03." in said
    assert "is meant" not in hints(patient="2002", day="2003-01-09")


@pytest.mark.usefixtures("stay")
def test_a_channel_is_answered_with_the_most_similar_labels():
    assert "The most similar: LTG1, LTG2" in hints(patient="2002", channel="LTG", day="1")
    assert "The most similar: POL RTG1." in hints(patient="2002", channel="RT1", day="1")


@pytest.mark.usefixtures("stay")
def test_a_channel_of_other_days_is_said():
    assert "It was recorded on day 3." in hints(patient="2002", channel="LTG9", day="1")


@pytest.mark.usefixtures("stay")
def test_a_range_with_a_hyphen_is_answered_with_its_spelling():
    assert "write LTG1..LTG8: a hyphen is part of a label" in hints(patient="2002", channel="LTG1-LTG8")


@pytest.mark.usefixtures("stay")
def test_a_number_beyond_the_last_channel_is_said():
    assert "Its channel numbers go up to 3." in hints(patient="2002", channel="64")


@pytest.mark.usefixtures("stay")
def test_a_word_like_no_label_is_answered_with_labels():
    assert "Its labels: LTG1, LTG2, POL RTG1, LTG9." in hints(patient="2002", channel="zzz*")


def test_other_patients_who_match_are_named():
    hold("2002", "a", (0, HOUR), labels=["LTG1"])
    hold("2003", "a", (DAY, 2 * DAY), labels=["LTG1"])
    hold("2004", "a", (DAY, 2 * DAY), labels=["DC01"])
    assert "The same question finds recordings of patient 2003." in hints(patient="2002", day="1", channel="LTG*")


def test_no_patient_at_all_is_said():
    assert "There is no patient whom you may see" in hints()


@pytest.mark.usefixtures("stay")
def test_a_thousand_words_that_match_nothing_are_answered_in_a_few_sentences():
    asked = {
        "patient": ["2002", *(f"99{number}" for number in range(999))],
        "channel": [f"Q{number}*" for number in range(1_000)],
    }
    resolved = resolve(parse(asked), scope=server_scope(means="test"))
    assert len(resolved.hints()) < 20
    assert len(resolved.warnings) < 20
    assert "and 994 more" in " ".join(resolved.warnings)
    assert "Nor are there 993 more" in " ".join(resolved.hints())
