"""A form and its address: equal questions have one, and what is wrong stands beside its field."""

from urllib.parse import urlencode

import pytest

from selections.form import BOTH, NO_PATIENT, read_asked, same_address, understood
from selections.words import parse


def typed(**fields: str) -> str:
    """What a browser sends for the form: every field, the empty ones too."""
    empty = dict.fromkeys(("patient", "channel", "day", "start", "stop", "hours", "when"), "")
    return urlencode(empty | fields)


def faults(query: str) -> dict[str, list[str]]:
    asked = read_asked(query)
    assert asked.selection is None
    found: dict[str, list[str]] = {}
    for problem in asked.problems:
        found.setdefault(problem.field, []).append(problem.message)
    return found


@pytest.mark.parametrize(
    "fields",
    [
        {"patient": "2003, 2002", "day": "3", "channel": "LTG1..LTG8"},
        {"patient": "2002,2003", "start": "day 3", "stop": "day 3 24:00", "channel": "ltg8..1"},
        {
            "patient": "2002 , 2003,2002",
            "when": "day 3 00:00..day 3 12:00\r\nday 3 12:00..day 4 00:00",
            "channel": "LTG1..8",
        },
    ],
)
def test_equal_questions_have_equal_addresses(fields):
    assert read_asked(typed(**fields)).query == (
        "channel=ltg1..ltg8&patient=2002&patient=2003&when=day+3+00:00..day+4+00:00"
    )


@pytest.mark.parametrize(
    "fields",
    [
        {"patient": "2002"},
        {"everyone": "yes"},
        {"everyone": "yes", "channel": '"EMG, L", 5'},
        {"patient": "2002", "day": "-2..-1, 4"},
        {"patient": "2002", "start": "day 3 14:05:00.5"},
        {"patient": "2002", "stop": "day 3 14:05"},
        {"patient": "20*", "when": "day 3 14:05..day 3 15:00\nday 6 00:00..", "hours": "22:00-06:00, 12:00-13:00"},
    ],
)
def test_the_form_of_an_answer_asks_the_same_question_again(fields):
    first = read_asked(typed(**fields))
    assert first.selection is not None
    again = read_asked(typed(**first.values, **({"everyone": "yes"} if first.everyone else {})))
    assert again.selection == first.selection
    assert read_asked(first.query) == again
    assert same_address(first.query, again.query)


def test_every_patient_is_asked_for_on_purpose():
    assert faults(typed(channel="LTG1")) == {"patient": [NO_PATIENT]}
    assert read_asked(typed(channel="LTG1", everyone="yes")).query == "patient=*&channel=LTG1"
    assert read_asked("channel=LTG1").query == "patient=*&channel=LTG1"  # as a Selection writes it
    assert read_asked(typed(everyone="yes")).query == "patient=*"
    assert faults(typed(patient="2002", everyone="yes")) == {"patient": [BOTH]}


def test_an_empty_form_asks_nothing():
    for query in ("", typed(), typed(patient="  ")):
        asked = read_asked(query)
        assert (asked.selection, asked.problems, asked.query) == (None, (), "")


def test_every_fault_stands_beside_its_field_and_what_was_typed_is_kept():
    query = typed(patient="20 02", day="x", stop="day 3", hours="9", channel='"open', when="later")
    assert set(faults(query)) == {"patient", "day", "stop", "hours", "channel", "when"}
    fields = {field.name: field for field in [*read_asked(query).fields, *read_asked(query).more]}
    assert fields["patient"].value == "20 02"
    assert fields["when"].value == "later"
    assert "20 02" in fields["patient"].faults[0]
    assert fields["start"].faults == ()


def test_what_is_no_field_is_a_fault_of_the_whole():
    assert read_asked("patient=2002&chanel=LTG1").other_faults == [
        "'chanel' is none of its fields: patient, task, pad, triggers, day, start, stop, when, hours, channel."
    ]


@pytest.mark.parametrize(
    "query",
    [
        "patient=%FF",
        "patient=\xff",
        "patient=2002&channel=" + "A" * 200_000,
        "patient=2002&channel=%00",
        "patient=2002&channel=%ED%B3%BF",
        "patient=2002&day=%D9%A3",  # a digit, but no ASCII digit
        "patient=2002&channel=a" * 5_000,
        "&".join(["patient=2002"] * 8_000),
        "patient=%0A",
    ],
    ids=range(9),
)
def test_hostile_words_are_faults_and_can_be_shown(query):
    asked = read_asked(query)
    assert asked.selection is None
    for field in [*asked.fields, *asked.more]:
        "".join([field.value, *field.faults, *asked.other_faults]).encode()
        assert "\x00" not in field.value


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ({"patient": "2002", "day": "3"}, "Patient 2002 · day 3 · every channel"),
        (
            {"patient": "2002,2003", "day": "-1..3", "channel": "LTG1"},
            "Patients 2002, 2003 · days -1..3 · channel LTG1",
        ),
        (
            {"start": "day 3 14:05", "hours": "22:00-06:00", "channel": "5,LTG*"},
            "Every patient you may see · from day 3 14:05 · 22:00-06:00 each day · channels 5, ltg*",
        ),
        ({"patient": "2*", "when": "day 3 14:05..day 3 15:00"}, "Patient 2* · day 3 14:05 to 15:00 · every channel"),
        (
            {"patient": "2002", "channel": ",".join(f"A{number}" for number in range(1, 31))},
            "Patient 2002 · all time · channels A1, A10, A11, A12, A13, A14, A15, A16 and 22 more",
        ),
        ({"patient": "2*", "when": "..day -1 15:00"}, "Patient 2* · up to day -1 15:00 · every channel"),
    ],
)
def test_a_question_is_told_in_a_line(words, told):
    assert understood(parse({field: [text] for field, text in words.items()})) == told
