"""The algebra of intervals, held against sets of microseconds."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selections.intervals import DAY_US, Interval, daily, intersection, measure_us, overlaps, union


@st.composite
def intervals(draw):
    start = draw(st.integers(0, 40))
    return Interval(start_us=start, stop_us=start + draw(st.integers(1, 10)))


def points(some) -> set[int]:
    return {us for each in some for us in range(each.start_us, each.stop_us)}


def is_canonical(some) -> bool:
    return all(one.stop_us < two.start_us for one, two in itertools.pairwise(some))


@pytest.mark.parametrize(("start", "stop"), [(3, 3), (3, 2)])
def test_an_interval_is_never_empty(start, stop):
    with pytest.raises(ValueError, match="stops after it starts"):
        Interval(start_us=start, stop_us=stop)


@given(st.lists(intervals()))
def test_the_union_covers_what_any_covers_and_is_canonical(some):
    joined = union(some)
    assert points(joined) == points(some)
    assert is_canonical(joined)
    assert measure_us(joined) == len(points(some))


@given(st.lists(intervals()), st.lists(intervals()))
def test_the_intersection_covers_what_both_cover(left, right):
    common = intersection(union(left), union(right))
    assert points(common) == points(left) & points(right)
    assert is_canonical(common)


@given(st.lists(intervals()), intervals())
def test_overlap_is_a_common_instant(some, stretch):
    assert overlaps(union(some), stretch) == bool(points(some) & points([stretch]))


def test_daily_windows_repeat_and_join_over_midnight():
    hour = DAY_US // 24
    night = union([Interval(start_us=0, stop_us=6 * hour), Interval(start_us=22 * hour, stop_us=24 * hour)])
    stay = Interval(start_us=-DAY_US - hour, stop_us=2 * DAY_US + 3 * hour)
    assert [(each.start_us / hour, each.stop_us / hour) for each in daily(night, within=stay)] == [
        (-25, -18),
        (-2, 6),
        (22, 30),
        (46, 51),
    ]


def test_daily_windows_end_with_the_stay_to_the_microsecond():
    window = (Interval(start_us=10, stop_us=20),)
    assert daily(window, within=Interval(start_us=19, stop_us=DAY_US + 11)) == (
        Interval(start_us=19, stop_us=20),
        Interval(start_us=DAY_US + 10, stop_us=DAY_US + 11),
    )
    assert daily(window, within=Interval(start_us=20, stop_us=DAY_US + 10)) == ()
