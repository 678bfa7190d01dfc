"""Words for channels: what each means among the labels of a recording, and their one spelling."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selections import channels
from selections.channels import Label, LabelRange, Numbers, Pattern, chosen, word, words
from selections.errors import WordRefused

LABELS = [
    "LTG1",
    "ltg1",
    "LTG02",
    "POL LTG3",
    "EEG LTG10-Ref",
    "T8-P8",
    "L'1",
    "C3..",
    "EMG, left",
    "Event?",
    "5",
    "DC 01",
    "T8-P8",
    "",
]
CHANNELS = list(enumerate(LABELS, 1))


def means(text: str, among=CHANNELS) -> list[int]:
    """The channel numbers that one word means."""
    known = {label for _, label in among}
    return [number for number, _ in chosen(word(text), among, known=known)]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("LTG1", [1]),
        ("ltg1", [2]),
        ("Ltg1", [1, 2]),
        ("LTG2", [3]),
        ("ltg 02", [3]),
        ("EEG LTG3", [4]),
        ("ltg10", [5]),
        ("LTG10-REF", [5]),
        ("T8-P8", [6, 13]),
        ("t8 - p8", [6, 13]),
        ("L'1", [7]),
        ("C3..", [8]),
        ("DC1", [12]),
        ("LTG", []),
        ("T8", []),
    ],
)
def test_a_label_is_found_as_people_write_it_and_the_exact_one_wins(text, numbers):
    assert means(text) == numbers


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("LTG1..LTG3", [1, 2, 3, 4]),
        ("LTG3..LTG1", [1, 2, 3, 4]),
        ("ltg01..3", [1, 2, 3, 4]),
        ("LTG2..LTG99", [3, 4, 5]),
        ("EEG LTG4..EEG LTG12-Ref", [5]),
        ("L'1..L'8", [7]),
    ],
)
def test_a_range_has_one_stem(text, numbers):
    assert means(text) == numbers


@pytest.mark.parametrize("text", ["LTG1..LPT8", "LTG..LTG8", "a..b", "1..LTG8", "0..5", "LTG1..LTG8..LTG9"])
def test_what_is_no_range_is_refused_with_the_way_to_write_a_label(text):
    with pytest.raises(WordRefused, match=r'LTG1..LTG8.*"quotes"'):
        words(text)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("LTG*", [1, 2, 3, 4, 5]),
        ("ltg?", [1, 2, 3, 4]),
        ("*-ref", [5]),
        ("pol*", [4]),
        ("*p8", [6, 13]),
        ("e*t?", [10]),
        ("[LT]*", []),
        ("*", list(range(1, 15))),
    ],
)
def test_a_pattern_is_held_against_the_label_with_and_without_its_trimmings(text, numbers):
    assert means(text) == numbers


def test_a_number_is_a_place_unless_it_is_a_label_of_the_patient():
    assert means("4") == [4]
    assert means("5") == [11]
    assert means("3..6") == [3, 4, 5, 6]
    assert means("1..20", among=[(1, "20"), (2, "1"), (3, "LTG1"), (4, "7")]) == [1, 2, 4]


def test_a_number_that_nobody_knows_matches_no_place():
    assert means("1..9", among=[(None, "LTG1"), (3, "LTG3")]) == [3]


@pytest.mark.parametrize(("text", "numbers"), [('"5"', [11]), ('"Event?"', [10]), ('"4"', []), ('"EMG, left"', [9])])
def test_quotes_make_a_label_of_anything(text, numbers):
    assert means(text) == numbers


def test_commas_separate_words_but_not_inside_quotes():
    assert words('LTG1, "EMG, left" ,,5,LTG1..LTG8,LTG*') == [
        Label(text="LTG1"),
        Label(text="EMG, left"),
        Numbers(first=5, last=5),
        LabelRange(stem="ltg", first=1, last=8),
        Pattern(text="ltg*"),
    ]


@pytest.mark.parametrize("text", ['"LTG1', '"a" b', '""', '"  "', "x" * 141, '"' + "x" * 141 + '"'])
def test_broken_quotes_and_endless_labels_are_refused(text):
    with pytest.raises(WordRefused):
        words(text)


def test_a_pattern_of_many_stars_takes_no_time():
    assert chosen(word("*a" * 60 + "b"), [(1, "a" * 64)], known=()) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("16..1", "1..16"),
        ("5..5", "5"),
        ("LTG8..LTG1", "ltg01..8"),
        ("LTG**", " l T g *"),
        ('"LTG1"', "LTG1"),
        ("LTG1,LTG2,LTG1", "LTG2, LTG1"),
        ("*,LTG1", ""),
    ],
)
def test_equal_questions_have_one_form(one, other):
    assert channels.canonical(words(one)) == channels.canonical(words(other))


texts = st.text(st.characters(blacklist_categories=("Cc", "Cs")), max_size=12)
pieces = st.text("LTGltg0159.,*?\" -'", max_size=12)


@given(st.one_of(texts, pieces))
def test_every_word_that_is_read_is_read_again_from_its_form(text):
    try:
        found = words(text)
    except WordRefused:
        return
    form = channels.canonical(found)
    assert channels.canonical(each for spelled in form for each in words(spelled)) == form


@given(st.one_of(texts, pieces).filter(str.strip))
def test_any_label_can_be_asked_for_in_quotes(label):
    label = label.strip()
    asked = Label(text=label)
    assert word(str(asked)) == asked
    assert chosen(asked, [(1, label), (2, "other")], known=()) == [(1, label)]
