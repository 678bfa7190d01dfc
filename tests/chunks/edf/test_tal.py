import re
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chunks.edf.errors import NotWritable
from chunks.edf.numerals import half_up_us
from chunks.edf.tal import MARK, ODD_MARK, TalEvent, format_tal, parse_tal

ONSET_LIKE = re.compile(r"[+-][0-9]{1,10}(\.[0-9]{1,20})?")


def bars(text: str) -> bytes:
    """Give a list written with | for byte 20 and _ for byte 21."""
    return text.encode().replace(b"|", b"\x14").replace(b"_", b"\x15")


def events(text: str) -> list[tuple[int, int | None, bytes]]:
    tal = parse_tal(bars(text))
    assert tal is not None
    return [(event.onset_us, event.duration_us, event.text) for event in tal.events]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("+180|Lights off|Close door|", [(180_000_000, None, b"Lights off"), (180_000_000, None, b"Close door")]),
        ("+1800.2_25.5|Apnea|", [(1_800_200_000, 25_500_000, b"Apnea")]),
        ("-0.065|Pre-stimulus|", [(-65_000, None, b"Pre-stimulus")]),
        ("+0||Recording starts|", [(0, None, b"Recording starts")]),
        ("+567||", []),
        ("+0.0000005|half|", [(1, None, b"half")]),
    ],
)
def test_lists_of_the_specification_are_read(text: str, expected: list[tuple[int, int | None, bytes]]) -> None:
    assert events(text) == expected


def test_a_text_that_is_an_onset_opens_a_new_list() -> None:
    tal = parse_tal(bars("+1.000000||+1.140000|A1+A2 OFF|"))
    assert tal is not None
    assert tal.events == (TalEvent(onset_us=1_140_000, duration_us=None, text=b"A1+A2 OFF"),)
    assert (tal.lists_run_together, tal.onset_texts_dropped) == (1, 0)


def test_several_lists_run_together_are_told_apart() -> None:
    assert events("+1||+1.5_2|one|two|+1.75|three|") == [
        (1_500_000, 2_000_000, b"one"),
        (1_500_000, 2_000_000, b"two"),
        (1_750_000, None, b"three"),
    ]


def test_an_onset_that_opens_a_list_without_texts_is_dropped_and_the_next_one_read() -> None:
    tal = parse_tal(bars("+1||+1.5|+1.75|three|"))
    assert tal is not None
    assert tal.events == (TalEvent(onset_us=1_750_000, duration_us=None, text=b"three"),)
    assert (tal.lists_run_together, tal.onset_texts_dropped) == (1, 1)


@pytest.mark.parametrize("text", ["+5 mV", "-3dB", "5", "+", "+5.", "+12345678901"])
def test_a_text_that_only_begins_like_an_onset_is_a_text(text: str) -> None:
    assert events(f"+1|{text}|") == [(1_000_000, None, text.encode())]


@pytest.mark.parametrize("text", ["+0|+0.000000|", "+2||+2.5|"])
def test_a_lone_onset_as_text_is_dropped_and_counted(text: str) -> None:
    tal = parse_tal(bars(text))
    assert tal is not None
    assert (tal.events, tal.onset_texts_dropped, tal.lists_run_together) == ((), 1, 0)


def test_an_unfinished_text_is_kept_and_flagged() -> None:
    tal = parse_tal(bars("+1|whole|cut o"))
    assert tal is not None
    assert [event.text for event in tal.events] == [b"whole", b"cut o"]
    assert not tal.is_whole


def test_a_duration_that_is_no_number_is_unknown_and_flagged() -> None:
    tal = parse_tal(bars("+1_abc|text|"))
    assert tal is not None
    assert tal.events[0].duration_us is None
    assert not tal.is_whole


@pytest.mark.parametrize("raw", [b"text\x14", b"\x14\x14", b"+", b"+1", b"+99999999999\x14text\x14", b"\xff\xff"])
def test_what_does_not_begin_with_an_onset_is_no_list(raw: bytes) -> None:
    assert parse_tal(raw) is None


TEXTS = st.text(st.characters(exclude_characters="\0\x14\x15", exclude_categories=["Cs"]), min_size=1, max_size=30)
NUMBERS = st.decimals(min_value=0, max_value=10**9, places=7)


@given(
    st.decimals(min_value=-(10**9), max_value=10**9, places=7),
    st.none() | NUMBERS,
    st.lists(TEXTS, min_size=1, max_size=4),
)
def test_lists_come_back(onset: Decimal, duration: Decimal | None, texts: list[str]) -> None:
    texts = [text for text in texts if not ONSET_LIKE.fullmatch(text)]
    raw = format_tal(onset, texts, duration=duration)
    assert raw.endswith(b"\x14\0")
    tal = parse_tal(raw[:-1])
    assert tal is not None
    assert tal.is_whole
    assert [event.text.decode() for event in tal.events] == texts
    for event in tal.events:
        assert event.onset_us == half_up_us(Fraction(onset))
        assert event.duration_us == (None if duration is None else half_up_us(Fraction(duration)))


@given(st.binary(max_size=60))
def test_any_bytes_are_read_without_an_error(raw: bytes) -> None:
    parse_tal(raw)


@pytest.mark.parametrize("text", ["a\0b", "a\x14b", "a\x15b"])
def test_bytes_that_the_format_uses_are_refused(text: str) -> None:
    with pytest.raises(NotWritable):
        format_tal(Decimal(1), [text])


@pytest.mark.parametrize(("onset", "duration"), [("nan", None), ("1", "-1"), ("1", "Infinity")])
def test_times_that_are_no_times_are_refused(onset: str, duration: str | None) -> None:
    with pytest.raises(NotWritable):
        format_tal(Decimal(onset), ["x"], duration=None if duration is None else Decimal(duration))


@pytest.mark.parametrize("raw", [b"+567\x14\x14\0", b"+0.3945312\x14\x14\0", b"-1\x14\x14"])
def test_marks_are_known(raw: bytes) -> None:
    assert MARK.match(raw)


@pytest.mark.parametrize("raw", [b"+1,5\x14\x14", b"+1\x14\0", b"+1\x150\x14\x14", b"+1.\x14\x14"])
def test_careless_marks_are_known_as_odd(raw: bytes) -> None:
    assert not MARK.match(raw)
    assert ODD_MARK.match(raw)


@pytest.mark.parametrize(
    "raw", [b"+0\x14REC START\x14\0", b"\0\0\0\0", b"abc", b"+1 \x14\x14", b"567\x14\x14", b"\0\0+1\x14\x14"]
)
def test_events_and_garbage_are_no_marks(raw: bytes) -> None:
    assert not MARK.match(raw)
    assert not ODD_MARK.match(raw)
