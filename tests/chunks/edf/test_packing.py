"""Where events go among the records that are being written."""

from decimal import Decimal

import pytest

from chunks.edf.errors import NotWritable
from chunks.edf.packing import AnnotationSpec, Packer, width_needed

MARK = len(b"+0\x14\x14\0")
EVENT = len(b"+0\x14aaaa\x14\0")


def events(*onsets: int) -> list[AnnotationSpec]:
    return [AnnotationSpec(Decimal(onset), "abcd"[place % 4] * 4) for place, onset in enumerate(onsets)]


def test_events_that_find_no_room_go_into_the_next_record() -> None:
    packer = Packer(events(0, 0, 0), width_bytes=MARK + 2 * EVENT)
    first = packer.pack(Decimal(0), end=Decimal(1))
    assert first == b"+0\x14\x14\0+0\x14aaaa\x14\0+0\x14bbbb\x14\0"
    second = packer.pack(Decimal(1), end=None)
    assert second == b"+1\x14\x14\0+0\x14cccc\x14\0".ljust(MARK + 2 * EVENT, b"\0")


def test_events_wait_for_their_record() -> None:
    packer = Packer(events(5), width_bytes=50)
    assert packer.pack(Decimal(0), end=Decimal(5)).strip(b"\0") == b"+0\x14\x14"
    assert b"aaaa" in packer.pack(Decimal(5), end=Decimal(6))


def test_an_event_is_never_cut() -> None:
    with pytest.raises(NotWritable, match="1 annotations do not fit"):
        Packer(events(0), width_bytes=MARK + EVENT - 1).pack(Decimal(0), end=None)


def test_a_mark_that_does_not_fit_is_refused() -> None:
    with pytest.raises(NotWritable):
        Packer([], width_bytes=MARK).pack(Decimal("0.5"), end=Decimal(1))


@pytest.mark.parametrize("onsets", [(), (Decimal(0), Decimal(1), Decimal(10))])
def test_the_width_is_that_of_the_fullest_record(onsets: tuple[Decimal, ...]) -> None:
    one = width_needed(events(0, 1), onsets=onsets, record_duration=Decimal(1))
    assert width_needed(events(0, 1, 1), onsets=onsets, record_duration=Decimal(1)) == one + EVENT
    assert width_needed([], onsets=onsets, record_duration=Decimal(1)) == one - EVENT
