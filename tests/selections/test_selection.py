"""The Selection as a value: canonical, equal when it asks the same, and the same through its URL."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chunks.format.clock import DAY_US
from selections.errors import WordRefused
from selections.intervals import EARLIEST_US, LATEST_US, Interval, intersection
from selections.padding import Padding
from selections.selection import Selection
from selections.words import parse, parse_url

HOUR = DAY_US // 24


@st.composite
def stretches(draw, *, first: int, last: int):
    start, stop = sorted(draw(st.sets(st.integers(first, last), min_size=2, max_size=2)))
    return Interval(start_us=start, stop_us=stop)


labels = st.text(st.characters(blacklist_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=16).filter(
    str.strip
)
channel_words = st.one_of(
    st.sampled_from(["LTG1", "LTG1..LTG8", "ltg8..1", "LTG*", "?1", "5", "16..1", "C3..", "T8-P8"]),
    labels.map(lambda label: '"' + label.replace('"', '""') + '"'),
)
minutes = st.integers(0, 10_080_000) | st.just(0)
selections = st.builds(
    Selection,
    patients=st.lists(st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9-]{0,8}[A-Za-z0-9])?|20\*", fullmatch=True)).map(tuple),
    when=st.lists(stretches(first=EARLIEST_US, last=LATEST_US)).map(tuple),
    hours=st.lists(stretches(first=0, last=DAY_US)).map(tuple),
    channels=st.lists(channel_words).map(tuple),
    tasks=st.lists(st.from_regex(r"=?[A-Za-z0-9_ é*?-]{0,9}[A-Za-z0-9*]", fullmatch=True)).map(tuple),
    pad=st.builds(lambda *us: Padding(before_us=us[0] * 60_000, after_us=us[1] * 60_000), minutes, minutes),
    triggers=st.booleans(),
)


@given(selections)
def test_a_question_survives_its_url(selection):
    assert parse_url(selection.url()) == selection
    assert parse_url(selection.url()).url() == selection.url()


@given(selections, st.randoms())
def test_order_and_repetition_of_its_parts_do_not_matter(selection, chance):
    def shuffled(parts: tuple) -> tuple:
        return tuple(chance.sample(parts * 2, len(parts) * 2))

    again = Selection(
        patients=shuffled(selection.patients),
        when=shuffled(selection.when),
        hours=shuffled(selection.hours),
        channels=shuffled(selection.channels),
        tasks=shuffled(selection.tasks),
        pad=selection.pad,
        triggers=selection.triggers,
    )
    assert again == selection
    assert hash(again) == hash(selection)
    assert again.url() == selection.url()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"day": ["4"]}, {"when": ["day 4 00:00..day 5 00:00"]}),
        ({"day": ["4"]}, {"start": ["day 4 00:00"], "stop": ["day 4 24:00"]}),
        ({"day": ["4..6"]}, {"day": ["6", "5,4"]}),
        ({"day": ["4"], "patient": ["2002"]}, {"day": ["2002-01-04"], "patient": ["2002"]}),
        ({"hours": ["22:00-06:00"]}, {"hours": ["22:00-24:00", "00:00-06:00"]}),
        ({"hours": ["00:00-24:00"]}, {}),
        ({"patient": ["AB-1"]}, {"patient": ["ab-1"]}),
        ({"task": ["ToM_Loc, faces"]}, {"task": ["FACES", "tom loc"]}),
        ({"task": ["=ToM_Loc"], "pad": ["5"]}, {"task": ["=tom-loc"], "pad": ["5.0, 5"]}),
        ({"task": ["*"], "triggers": ["yes"], "pad": ["0"]}, {"task": ["**", "faces"]}),
        ({"channel": ["LTG01..LTG8"]}, {"channel": ["ltg8..ltg1"]}),
    ],
)
def test_equal_questions_are_equal_strings(one, other):
    assert parse(one).url() == parse(other).url()


def test_the_url_is_short_and_can_be_read():
    selection = parse({"patient": ["2002"], "day": ["4"], "hours": ["22:00-06:00"], "channel": ["LTG1..LTG8"]})
    assert selection.url() == "channel=ltg1..ltg8&hours=22:00-06:00&patient=2002&when=day+4+00:00..day+5+00:00"
    assert str(selection) == "patient 2002; day 4 00:00..day 5 00:00; daily 22:00-06:00; channels ltg1..ltg8"


def test_tasks_and_padding_can_be_read():
    selection = parse({"task": ["ToM_Loc"], "pad": ["5,10.5"], "triggers": ["no"], "channel": ["LTG1"]})
    assert selection.url() == "channel=LTG1&pad=5%2C10.5&task=tomloc&triggers=no"
    assert str(selection) == (
        "every patient; all time; task tomloc with 5 min before and 10.5 after; channels LTG1; without trigger channels"
    )


def test_padding_and_triggers_without_a_task_are_not_asked_for():
    assert Selection(pad=Padding(before_us=1), triggers=False) == Selection()


def test_what_is_not_asked_for_is_not_in_the_url():
    assert Selection().url() == ""
    assert str(Selection()) == "every patient; all time; every channel"


def test_a_channel_that_is_no_word_is_refused():
    for text in ("", "LTG1,LTG2", "LTG1..LPT8"):
        with pytest.raises(WordRefused):
            Selection(channels=(text,))


def test_patterns_and_case_decide_whom_it_asks_for():
    asked = Selection(patients=("20*2", "AB-1"))
    assert [patient for patient in ("2002", "20-2", "2003", "ab-1", "Ab-1", "ab-10") if asked.asks_for(patient)] == [
        "2002",
        "20-2",
        "ab-1",
        "Ab-1",
    ]
    assert Selection().asks_for("2002")


def test_a_stay_bounds_what_is_asked_for():
    night = Interval(start_us=0, stop_us=6 * HOUR)
    selection = Selection(hours=(night,))
    assert selection.intervals_for(5 * HOUR, 26 * HOUR) == (
        Interval(start_us=5 * HOUR, stop_us=6 * HOUR),
        Interval(start_us=24 * HOUR, stop_us=26 * HOUR),
    )
    assert Selection().intervals_for(5, 6) == (Interval(start_us=5, stop_us=6),)
    assert Selection().intervals_for(5, 5) == ()


@given(selections, st.integers(-DAY_US, DAY_US), st.integers(1, 3 * DAY_US))
def test_intervals_of_a_stay_are_canonical_and_within_it(selection, first, length):
    found = selection.intervals_for(first, first + length)
    assert found == intersection(found, (Interval(start_us=first, stop_us=first + length),))
    assert all(one.stop_us < two.start_us for one, two in itertools.pairwise(found))
