"""What a request asks for of a file of 1,000 bytes."""

from datetime import UTC, datetime

import pytest

from downloads.bundles.ranges import RangeUnsatisfiable, asked_span

ETAG = '"abc"'
MODIFIED = datetime(2026, 11, 24, 12, 0, 0, 123456, tzinfo=UTC)
DATE = "Tue, 24 Nov 2026 12:00:00 GMT"


def span(range_header: str, if_range: str = "", *, size_bytes: int = 1000):
    found = asked_span(range_header, if_range, size_bytes=size_bytes, etag=ETAG, modified=MODIFIED)
    return (found.start, found.stop) if found.partial else None


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        ("bytes=0-0", (0, 1)),
        ("bytes=0-499", (0, 500)),
        ("bytes=500-", (500, 1000)),
        ("bytes=999-", (999, 1000)),
        ("bytes=-1", (999, 1000)),
        ("bytes=-5000", (0, 1000)),
        ("bytes=990-5000", (990, 1000)),
        ("BYTES=1-2", (1, 3)),
        (" bytes= 1-2 ", (1, 3)),
    ],
)
def test_one_range(header, wanted):
    assert span(header) == wanted


@pytest.mark.parametrize(
    "header",
    [
        "",
        "bytes=",
        "bytes=-",
        "bytes=a-b",
        "bytes=5-4",
        "bytes=0-1,5-6",
        "chunks=0-1",
        "bytes=1",
        "bytes=--5",
        "bytes=²-",
    ],
)
def test_what_is_no_single_range_of_bytes_gives_the_whole(header):
    assert span(header) is None


@pytest.mark.parametrize("header", ["bytes=1000-", "bytes=1001-", "bytes=5000-6000", "bytes=-0"])
def test_a_range_outside_is_refused(header):
    with pytest.raises(RangeUnsatisfiable):
        span(header)


def test_of_an_empty_file_no_range_can_be_had():
    with pytest.raises(RangeUnsatisfiable):
        span("bytes=0-", size_bytes=0)


@pytest.mark.parametrize("if_range", [ETAG, DATE])
def test_the_range_holds_while_the_file_is_the_same(if_range):
    assert span("bytes=5-", if_range) == (5, 1000)


@pytest.mark.parametrize("if_range", ['"other"', 'W/"abc"', "Tue, 24 Nov 2026 11:59:59 GMT", "nonsense"])
def test_of_another_file_the_whole_is_sent(if_range):
    assert span("bytes=5-", if_range) is None
