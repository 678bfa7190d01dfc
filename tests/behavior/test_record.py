"""A session's JSON becomes its record: every way the lab writes one, and a sentence for what is none."""

import json
import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from behavior.errors import BadSession, NotASession
from behavior.notes import Change, Notes, SessionNotes
from behavior.record import SessionRecord, attributes, faults_of, from_attributes, records_of
from behavior.subject import PATIENT_ID
from behavior.wall_time import DAY_US, as_old_scripts_read, parse_wall_time, wall_time_text
from chunks.format.clock import DAY_FIRST, DAY_LAST, day_zero
from people import patients
from tests.behavior.made import at, content, document, record

KEY = "ToM_Loc_2003.json"
DAYS = st.integers(DAY_FIRST, DAY_LAST)
TIMES = st.integers(0, DAY_US - 1)
SUBJECTS = st.sampled_from(["2003", "7", "AB-12", "0999", "1001", "9000", "9001", "123456"])


def one(*documents: dict[str, Any], notes: Notes | None = None) -> SessionRecord:
    (found,) = records_of(content(*documents), key=KEY, notes=notes)
    return found


def test_the_lab_s_json() -> None:
    assert one(document()) == SessionRecord(
        experiment="ToM_Loc",
        file_name=KEY,
        start=datetime(2003, 1, 3, 9, 5, 3, 42),
        stop=datetime(2003, 1, 3, 9, 20, 0, 7),
        subject="2003",
        day=3,
    )


@pytest.mark.parametrize("subject", ["2003", 2003, 2003.0, "2003.0", " 2003 "])
@pytest.mark.parametrize("day", ["3", 3, 3.0, "3.0", " 3 "])
def test_meta_values_are_text_or_numbers(subject: Any, day: Any) -> None:
    assert one(document(subject=subject, day=day)) == one(document())


def test_a_task_may_be_named_by_a_number() -> None:
    assert one(document(experiment=7)).experiment == "7"


@pytest.mark.parametrize(
    ("text", "us"),
    [("9:5:3:42", 42), ("9:5:3:000042", 42), ("9:5:3:420000", 420_000), ("9:5:3", 0), ("09:05:03.42", 420_000)],
)
def test_the_fourth_part_counts_microseconds(text: str, us: int) -> None:
    assert one(document(start=text)).start == at("2003", day=3, hour=9, minute=5, second=3, us=us)


def test_a_stop_before_its_start_is_past_midnight() -> None:
    found = one(document(start="23:50:0:0", stop="0:10:0:0", day=3))
    assert (found.start, found.stop, found.day) == (
        at("2003", day=3, hour=23, minute=50),
        at("2003", day=4, minute=10),
        3,
    )


@pytest.mark.parametrize(("day", "date"), [(0, "2002-12-31"), (-1, "2002-12-30"), (40, "2003-02-09")])
def test_days_before_implantation_and_past_a_month(day: int, date: str) -> None:
    assert one(document(day=day)).start.date().isoformat() == date


def test_other_patients_have_the_year_2000() -> None:
    assert one(document(subject="AB-12", day=1)).start == datetime(2000, 1, 1, 9, 5, 3, 42)


def test_irregular_data_is_never_needed() -> None:
    whole = (
        b'{"data": [NaN, {"a": [1, "x", null, {"b": -Infinity}]}, "t"], "meta": '
        + json.dumps(document()["meta"]).encode()
    )
    assert records_of(whole + b"}", key=KEY) == [one(document())]
    assert records_of(json.dumps({"meta": document()["meta"]}).encode(), key=KEY) == [one(document())]


@pytest.mark.parametrize("between", [b"", b"\n", b" \r\n\t"])
def test_equal_documents_are_one_and_different_ones_are_numbered_in_order(between: bytes) -> None:
    first, twin, later = document(data=[float("nan")]), document(data=[float("nan")]), document(day=5)
    whole = between.join(content(each) for each in (first, twin, later, later, first)) + b"\n"
    found = records_of(whole, key=KEY)
    assert [(each.file_name, each.day) for each in found] == [(KEY, 3), (f"{KEY}#2", 5)]


@pytest.mark.parametrize("start", [b"\xef\xbb\xbf", b"\n\n"])
def test_a_mark_or_blank_lines_before_the_document_do_no_harm(start: bytes) -> None:
    assert records_of(start + content(document()), key=KEY) == [one(document())]


@pytest.mark.parametrize("field", ["experiment", "subject", "day", "start", "stop"])
def test_what_is_missing_is_named(field: str) -> None:
    with pytest.raises(BadSession, match=field):
        one(document(**{field: " "}))


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"day": "three"}, "'three' is no day"),
        ({"day": 3.5}, "'3.5' is no day"),
        ({"day": True}, "'True' is no day"),
        ({"day": 99999}, "'99999' is no day"),
        ({"day": "NaN"}, "'NaN' is no day"),
        ({"start": "25:0:0"}, "hours go to 23"),
        ({"start": "9:5:3:1000000"}, "is no time of day"),
        ({"start": "noon"}, "'noon' is no time of day"),
        ({"stop": [9, 5]}, "neither text nor a number"),
        ({"subject": "../2003"}, "no patient ID"),
        ({"subject": float("nan")}, "neither text nor a number"),
        ({"experiment": "a\x07b"}, "cannot be a task's name"),
    ],
)
def test_a_value_that_cannot_be_is_named(fields: dict[str, Any], told: str) -> None:
    with pytest.raises(BadSession, match=told):
        one(document(**fields))


@given(us=TIMES)
def test_times_of_day_come_back(us: int) -> None:
    assert parse_wall_time(wall_time_text(us)) == us


@given(subject=SUBJECTS, day=DAYS, start=TIMES, stop=TIMES)
def test_every_time_and_day_is_kept_to_the_microsecond(subject: str, day: int, start: int, stop: int) -> None:
    found = one(document(subject=subject, day=day, start=wall_time_text(start), stop=wall_time_text(stop)))
    assert found.start == day_zero(subject) + timedelta(days=day, microseconds=start)
    assert found.start <= found.stop < found.start + timedelta(days=1)
    assert (found.stop - found.start) % timedelta(days=1) == timedelta(microseconds=stop - start) % timedelta(days=1)
    assert from_attributes(attributes(found)) == found
    assert not faults_of(attributes(found), truth=found)


@given(subject=SUBJECTS, moments=st.lists(st.tuples(DAYS, TIMES), min_size=2, max_size=2))
def test_the_order_of_the_texts_is_the_order_of_the_times(subject: str, moments: list[tuple[int, int]]) -> None:
    starts = [one(document(subject=subject, day=day, start=wall_time_text(us))) for day, us in moments]
    texts = [str(attributes(each)["start time"]) for each in starts]
    assert (texts[0] < texts[1]) == (starts[0].start < starts[1].start)


def test_the_six_attributes() -> None:
    assert attributes(one(document(stop="9:20:0"))) == {
        "experiment": "ToM_Loc",
        "file name": KEY,
        "start time": "2003-01-03 09:05:03.000042",
        "stop time": "2003-01-03 09:20:00",
        "subject": "2003",
        "day": 3,
    }


def test_old_records_are_read_and_their_faults_named() -> None:
    truth = one(document())
    item: dict[str, Any] = attributes(truth)
    old = item | {"start time": "2003-01-03 09:05:03.420000", "stop time": "2003-01-03 09:20:00.700000"}
    assert faults_of(old, truth=truth) == ["microseconds read as a fraction"]
    spelled = {name.replace(" ", "_"): value for name, value in old.items()}
    assert from_attributes(spelled).start == datetime(2003, 1, 3, 9, 5, 3, 420_000)
    assert "old spelling 'start_time'" in faults_of(spelled, truth=truth)
    assert faults_of(item | {"start time": "2003-01-01 09:05:03.420000"}, truth=truth) == ["other times"]
    assert faults_of(item | {"start time": "soon"}, truth=truth) == ["unreadable"]
    assert faults_of(item | {"day": 4, "extra": 1}, truth=truth) == ["other day"]
    assert faults_of(item | {"extra": 1}, truth=truth) == ["other form"]


@pytest.mark.parametrize(("us", "read"), [(42, 420_000), (7, 700_000), (420_000, 420_000), (0, 0), (1_234, 123_400)])
def test_what_the_old_scripts_made_of_microseconds(us: int, read: int) -> None:
    assert as_old_scripts_read(us) == read


def test_corrections_are_applied_to_their_own_document() -> None:
    change = Change(at="", by="", session=2, changes={}, reason="")
    notes = Notes().having(2, SessionNotes(corrections={"experiment": "faces_task", "day": 6}), change=change)
    found = records_of(content(document(), document(day=5)), key=KEY, notes=notes)
    assert [(each.experiment, each.day) for each in found] == [("ToM_Loc", 3), ("faces_task", 6)]


def test_penalty_shot_files_are_read_directly() -> None:
    lines = [
        {"SubjName": "2003", "overallStartTime": "23:58:1:5", "day": 2, "ScreenRect": [800, 600]},
        {"trial": 1, "outcome": "win"},
        {"end_time": "0:10:0:9"},
    ]
    whole = "\n".join(map(json.dumps, lines)).encode()
    (found,) = records_of(whole, key="penaltyshot_2003.json")
    assert (found.experiment, found.subject, found.day) == ("penaltyshot", "2003", 2)
    assert (found.start, found.stop) == (
        at("2003", day=2, hour=23, minute=58, second=1, us=5),
        at("2003", day=3, minute=10, us=9),
    )


def test_what_a_penalty_shot_file_does_not_say_comes_from_its_notes() -> None:
    whole = b'{"start_time": "9:0:0:1"}\n{"end_time": "9:30:0:1"}\n'
    with pytest.raises(BadSession, match="subject, day"):
        records_of(whole, key=KEY)
    notes = Notes(sessions={1: SessionNotes(corrections={"subject": "2003", "day": 4})})
    (found,) = records_of(whole, key=KEY, notes=notes)
    assert (found.experiment, found.subject, found.day) == ("penaltyshot", "2003", 4)


RAW = b'{"wall_time": "9:5:3:42", "trial": 0}\n{"trial_num": 1}\n{"wall_time": "9:20:0:7", "trial": 9}\n'


@pytest.mark.parametrize(
    ("whole", "looks_like"),
    [
        (b"", "an empty file"),
        (b" \n\0\0", "a file with nothing in it"),
        (b"<!DOCTYPE html><html><body>502</body></html>", "a web page"),
        (b'<?xml version="1.0"?><a/>', "an XML file"),
        (b"trial,rt\n1,0.5\n2,0.7\n", "a table with commas (CSV), 3 lines"),
        (b"trial\trt\n1\t0.5\n", "a table with tabs"),
        (b"PK\x03\x04aa", "a zip archive or an Excel workbook"),
        (b"0       X X X X", "an EDF recording"),
        (b"abc\0\1\2def", "a binary file"),
        (b"Dear colleagues", "a text that is no JSON"),
        (RAW, "a task's raw output (JSON Lines, 3 lines)"),
        (b"[1, 2, 3]", "a JSON list"),
        (b'{"a": 1}', "a JSON object without a session's meta"),
        (b"3", "a JSON value"),
        (content(document())[:-9], "JSON that breaks off or is damaged"),
        (content(document()) + b"{}", "sessions with something else among them"),
        (b"[" * 100_000, "JSON that"),
    ],
)
def test_what_is_no_session_is_told_what_it_looks_like_and_the_way_out(whole: bytes, looks_like: str) -> None:
    with pytest.raises(NotASession, match=f"looks like {re.escape(looks_like)}.*manage.py add_session --task"):
        records_of(whole, key=KEY)


def test_raw_output_tells_its_times_for_the_way_out() -> None:
    with pytest.raises(NotASession) as refused:
        records_of(RAW, key=KEY)
    assert (refused.value.start, refused.value.stop) == ("9:5:3:42", "9:20:0:7")
    assert "start 9:5:3:42, stop 9:20:0:7" in str(refused.value)
    assert "--start 9:5:3:42 --stop 9:20:0:7" in str(refused.value)


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reader(whole: bytes) -> None:
    with pytest.raises((NotASession, BadSession)):
        records_of(whole, key=KEY)


def test_subjects_follow_the_rule_of_patient_ids() -> None:
    assert PATIENT_ID.pattern == patients._PATIENT_ID.pattern


def test_a_record_of_the_helper_is_as_read() -> None:
    assert record(minute=545).start == at("2003", day=3, hour=9, minute=5)
