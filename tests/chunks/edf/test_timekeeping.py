"""The gap rule on marks as recorders write them; each series is of a kind that cuts or misses under simpler rules."""

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chunks.edf.timekeeping import GapRule, Marks, read_marks


def rule(duration: str, samples: int) -> GapRule:
    return GapRule(record_duration=Fraction(duration), sample_period=Fraction(duration) / samples)


def marked(onsets: Iterable[Decimal | str]) -> list[bytes]:
    return [f"{Decimal(onset):+f}".encode() + b"\x14\x14\0\0" for onset in onsets]


def rounded(duration: str, *, records: int, unit: str, drift_ppm: int = 0, strip: bool = False) -> list[Decimal]:
    """Give the onsets a recorder writes whose clock runs off by so many millionths."""
    step = Decimal(duration) * (1 + Decimal(drift_ppm) / 1_000_000)
    onsets = [(record * step).quantize(Decimal(unit), ROUND_HALF_UP) for record in range(records)]
    return [Decimal(f"{onset.normalize():f}") for onset in onsets] if strip else onsets


def firsts(marks: Marks) -> list[int]:
    return [run.first_record for run in marks.runs]


@pytest.mark.parametrize("strip", [False, True])
@pytest.mark.parametrize(
    ("duration", "samples", "unit", "drift_ppm"),
    [
        ("0.23814", 238, "0.001", 0),
        ("0.119", 238, "0.01", 0),
        ("0.119", 238, "0.001", 30),
        ("1", 2048, "0.001", 30),
        ("1", 2048, "0.001", 400),
        ("1", 2048, "0.001", -400),
        ("0.1", 3000, "0.0001", 100),
        ("1", 200, "0.000001", 5),
        ("60", 3781, "1", 0),
    ],
)
def test_rounded_and_drifting_onsets_make_no_gap(
    duration: str, samples: int, unit: str, drift_ppm: int, strip: bool
) -> None:
    onsets = rounded(duration, records=20_000, unit=unit, drift_ppm=drift_ppm, strip=strip)
    marks = read_marks(marked(onsets), rule=rule(duration, samples))
    assert firsts(marks) == [0]
    ideal_s = 19_999 * Decimal(duration) * drift_ppm / 1_000_000
    assert abs(marks.drift_s - Fraction(ideal_s)) <= Fraction(unit)


@pytest.mark.parametrize(
    ("duration", "samples", "unit", "gap"),
    [
        ("0.23814", 238, "0.001", "0.05"),
        ("0.119", 238, "0.01", "0.05"),
        ("1", 2048, "0.001", "0.05"),
        ("1", 2048, "0.001", "1"),
        ("1", 2048, "1", "1"),
        ("1", 200, "0.000001", "0.0051"),
    ],
)
def test_real_gaps_among_rounded_onsets_are_found(duration: str, samples: int, unit: str, gap: str) -> None:
    ideal = [record * Decimal(duration) + (Decimal(gap) if record >= 70 else 0) for record in range(100)]
    onsets = [onset.quantize(Decimal(unit), ROUND_HALF_UP) for onset in ideal]
    marks = read_marks(marked(onsets), rule=rule(duration, samples))
    assert firsts(marks) == [0, 70]
    assert not marks.runs[1].backwards
    assert marks.runs[1].onset_s == Fraction(onsets[70])


def test_a_step_is_allowed_one_sample_and_one_unit_and_no_more() -> None:
    at_100_hz = rule("1", 100)
    assert firsts(read_marks(marked(["0.000", "1.011"]), rule=at_100_hz)) == [0]
    assert firsts(read_marks(marked(["0.000", "1.012"]), rule=at_100_hz)) == [0, 1]
    assert firsts(read_marks(marked(["0.000", "0.989"]), rule=at_100_hz)) == [0]
    assert firsts(read_marks(marked(["0.000", "0.988"]), rule=at_100_hz)) == [0, 1]


def test_a_unit_over_a_tenth_of_the_record_does_not_count() -> None:
    assert firsts(read_marks(marked(["0.0", "0.5", "1.1"]), rule=rule("0.5", 100))) == [0, 2]
    assert firsts(read_marks(marked(["0.0", "1.0", "2.1"]), rule=rule("1", 100))) == [0]


def test_the_finer_of_two_onsets_decides() -> None:
    """Where trailing zeros are dropped, +2 stands for +2.000."""
    assert firsts(read_marks(marked(["2", "3.001"]), rule=rule("1", 2048))) == [0]
    assert firsts(read_marks(marked(["2.9", "3.95"]), rule=rule("1", 2048))) == [0, 1]


@pytest.mark.parametrize("back", ["-1", "-3600", "-0.5"])
def test_a_step_backwards_ends_a_run_and_is_flagged(back: str) -> None:
    onsets = [Decimal(record) + (Decimal(back) if record >= 5 else 0) + 4000 for record in range(9)]
    marks = read_marks(marked(onsets), rule=rule("1", 200))
    assert firsts(marks) == [0, 5]
    assert marks.runs[1].backwards


def test_drift_is_summed_over_runs() -> None:
    onsets = ["0", "1.004", "2.008", "50", "51.003", "52.006"]
    assert read_marks(marked(onsets), rule=rule("1", 200)).drift_s == Fraction("0.014")


def test_steps_of_the_shared_recording_with_gaps() -> None:
    marks = read_marks(marked(["0", "2", "4", "5", "6", "7", "8", "9", "10", "15", "19"]), rule=rule("1", 200))
    assert firsts(marks) == [0, 1, 2, 9, 10]


def test_records_without_a_mark_follow_on() -> None:
    heads = marked(["0", "1", "2", "3", "4", "9"])
    heads[1] = heads[2] = bytes(20)
    marks = read_marks(heads, rule=rule("1", 200))
    assert firsts(marks) == [0, 5]
    assert marks.missing == 2
    assert marks.unreadable_at_end == 0


def test_a_first_record_without_a_mark_is_placed_before_the_next() -> None:
    marks = read_marks([bytes(20), bytes(20), *marked(["2.5", "3.5"])], rule=rule("1", 200))
    assert firsts(marks) == [0]
    assert marks.runs[0].onset_s == Fraction(1, 2)


def test_an_event_in_place_of_a_mark_is_no_mark() -> None:
    marks = read_marks([b"+7\x14REC START\x14\0", *marked(["1", "2"])], rule=rule("1", 200))
    assert marks.runs[0].onset_s == 0
    assert marks.missing == 1


def test_no_marks_make_no_run() -> None:
    marks = read_marks([bytes(20)] * 3, rule=rule("1", 200))
    assert (marks.runs, marks.missing) == ((), 3)


def test_unreadable_records_at_the_end_are_counted() -> None:
    marks = read_marks([*marked(["0", "1"]), b"\x07\x07garbage", b"\x02\x02", b"1\x14\x14"], rule=rule("1", 200))
    assert marks.unreadable_at_end == 3
    marks = read_marks([*marked(["0", "1"]), b"\x07\x07garbage", *marked(["3"])], rule=rule("1", 200))
    assert marks.unreadable_at_end == 0
    marks = read_marks([*marked(["0", "1"]), bytes(20), bytes(20)], rule=rule("1", 200))
    assert marks.unreadable_at_end == 0


@given(st.lists(st.tuples(st.integers(1, 50), st.integers(1, 10**6)), min_size=1, max_size=8), st.integers(0, 10**6))
def test_runs_are_where_gaps_were_put(parts: list[tuple[int, int]], begin_us: int) -> None:
    """Runs of so many records, each so many milliseconds after the end of the one in front, by the microsecond."""
    onset, onsets, expected = Decimal(begin_us).scaleb(-6), [], []
    for records, gap_ms in parts:
        expected.append(len(onsets))
        onsets += [onset + record * Decimal("0.25") for record in range(records)]
        onset += records * Decimal("0.25") + Decimal(gap_ms + 10).scaleb(-3)
    marks = read_marks(marked(onsets), rule=rule("0.25", 125))
    assert firsts(marks) == expected
    assert [run.onset_s for run in marks.runs] == [Fraction(onsets[first]) for first in expected]
    assert marks.drift_s == 0
