import pytest
from hypothesis import given
from hypothesis import strategies as st

from chunks.edf.errors import NotWritable
from chunks.edf.fields import (
    FILE_FIELDS,
    SIGNAL_FIELDS,
    Field,
    decode,
    encode,
    file_field_offset,
    join_file_fields,
    join_signal_fields,
    split_file_fields,
    split_signal_fields,
)


def test_both_tables_make_256_bytes() -> None:
    assert sum(field.width for field in FILE_FIELDS) == 256
    assert sum(field.width for field in SIGNAL_FIELDS) == 256


@pytest.mark.parametrize(
    ("name", "offset"), [("start_date", 168), ("header_bytes", 184), ("records", 236), ("signals", 252)]
)
def test_fields_stand_where_the_specification_has_them(name: str, offset: int) -> None:
    assert file_field_offset(name) == offset


@given(st.binary(min_size=256, max_size=256))
def test_a_file_header_comes_back(raw: bytes) -> None:
    assert join_file_fields(split_file_fields(raw)) == raw


@given(st.integers(1, 4).flatmap(lambda count: st.binary(min_size=256 * count, max_size=256 * count)))
def test_signal_headers_come_back(raw: bytes) -> None:
    assert join_signal_fields(split_signal_fields(raw, signals=len(raw) // 256)) == raw


def test_labels_of_all_signals_come_first() -> None:
    raw = b"first".ljust(16) + b"second".ljust(16) + b" " * 480
    assert [row["label"].strip() for row in split_signal_fields(raw, signals=2)] == [b"first", b"second"]


@pytest.mark.parametrize(
    ("raw", "text", "encoding"),
    [
        (b" LTG1\0\0 ", "LTG1", "ascii"),
        ("µV".encode(), "µV", "utf-8"),
        ("µV".encode("latin-1"), "µV", "latin-1"),
        (b"\0\0", "", "ascii"),
    ],
)
def test_texts_are_ascii_then_utf8_then_latin1(raw: bytes, text: str, encoding: str) -> None:
    assert decode(raw) == (text, encoding)


@pytest.mark.parametrize("text", ["µV", "tab\t", "nine char"])
def test_what_a_field_cannot_hold_is_refused(text: str) -> None:
    with pytest.raises(NotWritable, match="unit"):
        encode(text, field=Field("unit", 8))
