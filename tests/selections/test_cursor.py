"""A page's position: read as it was written, refused when it was not."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selections.cursor import Cursor, parse_cursor
from selections.errors import CursorRefused
from selections.intervals import EARLIEST_US, LATEST_US

PLACE = Cursor(patient="2002", start_us=1, stop_us=3_600_000_001, row=42)


def forged(plain: str) -> str:
    return base64.urlsafe_b64encode(plain.encode()).decode()


@given(
    st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9-]{0,38}[A-Za-z0-9])?", fullmatch=True),
    st.integers(EARLIEST_US, LATEST_US - 1),
    st.integers(1, 86_400_000_000),
    st.integers(1, 10**18 - 1),
)
def test_a_position_survives_its_text(patient, start_us, length_us, row):
    cursor = Cursor(patient=patient, start_us=start_us, stop_us=start_us + length_us, row=row)
    assert parse_cursor(str(cursor)) == cursor
    assert set(str(cursor)) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "….",
        "a" * 10_000,
        str(PLACE)[:-3] + "!!",
        forged("2002 1 2"),
        forged("2002 1 2 3 4"),
        forged("2002 2 1 3"),
        forged("2002 1 1 3"),
        forged("2002 1 2 -3"),
        forged("2002 1 999999999999999999 3"),
        forged("2002 999999999999999998 999999999999999999 3"),
        forged("20/02 1 2 3"),
        forged("2002 1 2 ٣"),
        forged("2002 1 2 3\n"),
    ],
)
def test_a_position_that_nobody_gave_out_is_refused(text):
    with pytest.raises(CursorRefused, match="begin again"):
        parse_cursor(text)
