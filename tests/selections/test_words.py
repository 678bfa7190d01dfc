"""Reading a question: how its fields combine, and that every fault is named at once."""

import pytest

from selections.errors import SelectionError
from selections.intervals import DAY_US, Interval
from selections.selection import Selection
from selections.words import WORDS_MAX, parse, parse_url

HOUR = DAY_US // 24


def hours_of(selection: Selection) -> list[tuple[float, float]]:
    return [(each.start_us / HOUR, each.stop_us / HOUR) for each in selection.when]


def refused(**words: list[str]) -> SelectionError:
    with pytest.raises(SelectionError) as caught:
        parse(words)
    return caught.value


def test_nothing_asked_is_everything():
    assert parse({}) == Selection()
    assert parse({"patient": [""], "day": ["  "], "channel": []}) == Selection()


def test_several_values_of_a_field_add_up():
    asked = parse({"patient": ["2002,2003", "20*", "AB-1"], "day": ["4", "6,7"], "channel": ["LTG1,LTG2", "5"]})
    assert asked.patients == ("20*", "2002", "2003", "ab-1")
    assert hours_of(asked) == [(96, 120), (144, 192)]
    assert asked.channels == ("5", "LTG1", "LTG2")


def test_days_and_ends_hold_together():
    assert hours_of(parse({"day": ["4"], "start": ["day 4 12:00"]})) == [(108, 120)]
    assert hours_of(parse({"day": ["4,6"], "start": ["day 4 12:00"], "stop": ["day 6 01:00"]})) == [
        (108, 120),
        (144, 145),
    ]
    assert hours_of(parse({"when": ["day 4 12:00..day 7 00:00"], "day": ["4,6"]})) == [(108, 120), (144, 168)]


def test_one_end_alone_leaves_the_other_open():
    late = parse({"start": ["day 4 12:00"]})
    assert late.intervals_for(0, 200 * HOUR) == (Interval(start_us=108 * HOUR, stop_us=200 * HOUR),)
    early = parse({"stop": ["day 4 12:00"]})
    assert early.intervals_for(0, 200 * HOUR) == (Interval(start_us=0, stop_us=108 * HOUR),)


def test_a_year_is_read_for_one_patient_named_by_id():
    assert parse({"patient": ["2002"], "start": ["2002-01-03 14:05"]}) == parse(
        {"patient": ["2002"], "start": ["day 3 14:05"]}
    )
    for patients in ([], ["2002", "2003"], ["200*"], ["*"]):
        assert "one patient" in str(refused(patient=patients, start=["2002-01-03 14:05"]))


def test_the_star_is_every_patient():
    assert parse({"patient": ["2002", "*"]}).patients == ()


def test_a_stop_that_is_not_after_its_start_is_refused():
    for stop in ("day 3 14:05", "day 3 14:04"):
        error = refused(start=["day 3 14:05"], stop=[stop])
        assert [problem.field for problem in error.problems] == ["stop"]


@pytest.mark.parametrize(
    "words",
    [
        {"day": ["4"], "start": ["day 5 00:00"]},
        {"day": ["4"], "stop": ["day 4 00:00"]},
        {"day": ["4"], "when": ["day 5 00:00..day 6 00:00"]},
    ],
)
def test_times_that_only_touch_have_no_instant_in_common(words):
    assert "no instant in common" in str(refused(**words))


def test_all_faults_are_named_at_once_each_with_its_value():
    error = refused(
        patient=["20_02"],
        day=["four"],
        start=["noon"],
        stop=["day 3"],
        hours=["22-6"],
        channel=["LTG1..LPT8"],
        when=["day 3"],
        patients=["2002"],
    )
    assert [problem.field for problem in error.problems] == [
        "question",
        "patient",
        "day",
        "when",
        "start",
        "stop",
        "hours",
        "channel",
    ]
    for value in ("patients", "20_02", "four", "noon", "day 3", "22-6", "LTG1..LPT8"):
        assert value in str(error)


def test_an_end_given_twice_is_refused():
    assert "more than once" in str(refused(start=["day 3", "day 4"]))


@pytest.mark.parametrize("hostile", ["a\0b", "a\x1b[31mb", "\udc80", "LTG1\nLTG2"])
@pytest.mark.parametrize("field", ["patient", "day", "start", "hours", "channel", "when"])
def test_control_characters_and_broken_text_are_refused_and_shown_escaped(field, hostile):
    message = str(refused(**{field: [hostile]}))
    assert message.replace("\n", "").isprintable()


@pytest.mark.parametrize(
    "words",
    [
        {"channel": [",".join(f"LTG{number}" for number in range(10_000))]},
        {"channel": [f"LTG{number}" for number in range(10_000)]},
        {"patient": [str(number) for number in range(10_000)]},
        {"day": [",".join(["4"] * 10_000)]},
        {"channel": ["x" * 1_000_000]},
        {"hours": ["22:00-06:00," * 10_000]},
    ],
)
def test_ten_thousand_words_are_refused_in_one_sentence(words):
    error = refused(**words)
    assert len(error.problems) == 1
    assert len(str(error)) < 300
    assert "write a range or a pattern" in str(error)


def test_a_thousand_words_are_not_too_many():
    assert len(parse({"channel": [f"X{number}" for number in range(WORDS_MAX)]}).channels) == WORDS_MAX


@pytest.mark.parametrize(
    "query",
    [
        "patient=2002&after=xyz",
        "when=%ff%fe",
        "channel=%00",
        "&".join(["day=1"] * 8_000),
        "patient=../../etc/passwd",
        "start=9" * 100,
    ],
)
def test_a_url_that_is_no_question_is_refused(query):
    with pytest.raises(SelectionError):
        parse_url(query)


@pytest.mark.parametrize("query", ["", "&&", "patient=", "when=..", "hours=00:00-24:00", "channel=*", "patient=*"])
def test_a_url_that_asks_for_nothing_is_everything(query):
    assert parse_url(query) == Selection()


@pytest.mark.parametrize(
    ("words", "field", "says"),
    [
        ({"pad": ["5"]}, "pad", "belongs to a task"),
        ({"triggers": ["no"]}, "triggers", "belongs to a task"),
        ({"task": ["tom"], "pad": ["five"]}, "pad", "write minutes"),
        ({"task": ["tom"], "pad": ["-5"]}, "pad", "write minutes"),
        ({"task": ["tom"], "pad": ["1,2,3"]}, "pad", "write minutes"),
        ({"task": ["tom"], "pad": ["20000"]}, "pad", "a week"),
        ({"task": ["tom"], "pad": ["5", "6"]}, "pad", "more than once"),
        ({"task": ["tom"], "triggers": ["maybe"]}, "triggers", "neither yes nor no"),
        ({"task": ["="]}, "task", "no name"),
        ({"task": ["x" * 201]}, "task", "no name"),
    ],
)
def test_words_of_tasks_that_cannot_be_read_say_how_to_write_them(words, field, says):
    (problem,) = refused(**words).problems
    assert (problem.field, says in problem.message) == (field, True)


def test_a_padding_is_both_sides_or_each():
    assert parse({"task": ["tom"], "pad": ["5"]}).pad == parse({"task": ["tom"], "pad": ["5 5"]}).pad
    assert str(parse({"task": ["tom"], "pad": ["2.50, 0"]}).pad) == "2.5,0"
