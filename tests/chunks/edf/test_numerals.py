from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chunks.edf.errors import NotWritable
from chunks.edf.numerals import (
    format_number,
    half_up_us,
    is_plain,
    listed,
    parse_decimal,
    parse_integer,
    shown,
    signals_listed,
)


@pytest.mark.parametrize(
    ("text", "value"), [("256", 256), ("-1", -1), ("+7", 7), ("256.0", 256), ("8.", 8), ("3,0", 3)]
)
def test_whole_numbers_are_read(text: str, value: int) -> None:
    assert parse_integer(text) == value


@pytest.mark.parametrize("text", ["", "٣", "1_000", "1e3", "0x10", "2.5", " 1", "1 2", "nan", "--1"])
def test_what_python_takes_and_edf_does_not_is_no_whole_number(text: str) -> None:
    assert parse_integer(text) is None


@pytest.mark.parametrize(
    ("text", "value"),
    [("0.1", "0.1"), ("1.000000", "1"), ("-.5", "-0.5"), ("32,5", "32.5"), ("1E-3", "0.001"), ("5.", "5")],
)
def test_decimals_are_read_exactly(text: str, value: str) -> None:
    assert parse_decimal(text) == Decimal(value)


@pytest.mark.parametrize(
    "text", ["", "nan", "inf", "1e999", "١", "1,000.5", "1.000,5", "1.2.3", "1e", "1_0", "Infinity"]
)
def test_what_python_takes_and_edf_does_not_is_no_decimal(text: str) -> None:
    assert parse_decimal(text) is None


@pytest.mark.parametrize(
    ("text", "plain"), [("1.5", True), ("-1", True), ("1,5", False), ("1E3", False), (".5", False)]
)
def test_plain_numbers_are_told_from_odd_ones(text: str, plain: bool) -> None:
    assert is_plain(text) is plain


@given(st.decimals(min_value=-9999, max_value=99999, places=2))
def test_numbers_come_back_as_they_were_written(value: Decimal) -> None:
    assert parse_decimal(format_number(value)) == value
    assert len(format_number(value)) <= 8


def test_a_leading_zero_goes_before_a_digit_does() -> None:
    assert format_number(Decimal("0.1234567")) == ".1234567"
    assert format_number(Decimal("-0.123456")) == "-.123456"


@pytest.mark.parametrize("value", [Decimal("3276.70001"), 123456789, Decimal("nan"), Decimal("Infinity")])
def test_a_number_that_does_not_fit_is_refused_and_not_cut(value: Decimal | int) -> None:
    with pytest.raises(NotWritable):
        format_number(value)


@pytest.mark.parametrize(
    ("seconds", "microseconds"),
    [("0.3945312", 394531), ("0.0000005", 1), ("-0.0000005", 0), ("-0.0000006", -1), ("2.9999995", 3_000_000)],
)
def test_halves_of_a_microsecond_are_rounded_up(seconds: str, microseconds: int) -> None:
    assert half_up_us(Fraction(seconds)) == microseconds


@pytest.mark.parametrize("text", ["John Doe", "Doe", "12.03.17", "1-2-1980", "03-JAN-2002", "1٢"])
def test_a_field_that_may_be_a_name_or_a_date_is_not_quoted(text: str) -> None:
    assert text not in shown(text)


def test_a_field_that_can_be_only_a_number_is_quoted() -> None:
    assert shown("-1.5e9") == "'-1.5e9'"
    assert shown("") == "nothing"


def test_long_lists_are_cut() -> None:
    assert listed(range(12)) == "0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 2 more"
    assert signals_listed([4]) == "signal 4"
    assert signals_listed([4, 6]) == "signals 4, 6"
