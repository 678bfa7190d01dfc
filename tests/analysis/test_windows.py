"""Windows are slices of the whole stretch, wherever it was cut into chunks and tasks, whichever chunks are bad."""

import json
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.reading import Piece
from analysis.runs import Run
from analysis.windows import Part, filled, parts, start_us, window_length

CASES = st.fixed_dictionaries(
    {
        "records": st.integers(1, 40),
        "records_per_chunk": st.integers(1, 9),
        "samples_per_record": st.integers(1, 7),
        "length": st.integers(1, 60),
        "chunks_at_once": st.integers(1, 6),
        "bad": st.frozensets(st.integers(0, 12), max_size=4),
        "within": st.none()
        | st.lists(st.tuples(st.integers(0, 40_000_000), st.integers(1, 9_000_000)), min_size=1, max_size=5),
    }
)


def run_of(*, records: int, records_per_chunk: int, samples_per_record: int, first_chunk: int = 5) -> Run:
    return Run(
        patient="2002",
        bucket="b",
        recording="r",
        channel=1,
        label="LTG1",
        key_part="LTG1",
        unit="uV",
        gain=1.0,
        offset=0.0,
        dtype="<i2",
        samples_per_record=samples_per_record,
        record_duration="1",
        stretch=0,
        stretch_start="2002-01-03T14:05:00.000000",
        stretch_chunk=first_chunk,
        stretch_records=records,
        records_per_chunk=records_per_chunk,
        first=first_chunk,
        last=first_chunk - (-records // records_per_chunk),
    )


def disjoint(times: list[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for begin, length in sorted(times):
        if joined and begin <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], begin + length))
        else:
            joined.append((begin, begin + length))
    return joined


def given_by(run: Run, part: Part, trace: np.ndarray, *, bad: set[int]) -> tuple[dict[int, np.ndarray], set[int]]:
    """What one task gives: windows by number, and the bad chunks it tells of."""
    windows, told = {}, set()
    for span in part.spans:
        first, last = span.samples
        pieces = []
        for chunk in range(run.chunk_at(first), run.chunk_at(last - 1) + 1):
            begin, end = run.span(chunk)
            part_of = max(begin, first), min(end, last)
            samples = None if chunk in bad else trace[slice(*part_of)]
            whole = (begin, end) if samples is None else part_of
            pieces.append(Piece(chunk=chunk, first=whole[0], last=whole[1], samples=samples, fault="bad"))
        for found in filled(span, pieces):
            if isinstance(found, Piece):
                told |= {found.chunk} if part.tells_of(found.first) else set()
            else:
                number, rows = found
                for place, row in enumerate(rows, number):
                    assert place not in windows, "given twice"
                    windows[place] = row
    return windows, told


def expected(run: Run, trace: np.ndarray, *, length: int, bad: set[int]) -> tuple[dict[int, np.ndarray], set[int]]:
    """By brute force, in exact numbers."""
    windows, told = {}, set()
    begin, end = run.span(run.first)[0], run.span(run.last - 1)[1]
    for number in range(len(trace) // length):
        first, last = number * length, (number + 1) * length
        if first < begin or last > end:
            continue
        touched = run.within_us is None or any(
            Fraction(start * run.sfreq, 1_000_000) < last and first < Fraction(stop * run.sfreq, 1_000_000)
            for start, stop in run.within_us
        )
        chunks = {
            chunk for chunk in range(run.first, run.last) if run.span(chunk)[0] < last and first < run.span(chunk)[1]
        }
        if touched:
            told |= chunks & bad
            if not chunks & bad:
                windows[number] = trace[first:last]
    return windows, told


@settings(deadline=None)
@given(CASES)
def test_windows_are_slices_of_the_stretch(case: dict) -> None:
    run = run_of(**{name: case[name] for name in ("records", "records_per_chunk", "samples_per_record")})
    trace = np.random.default_rng(1).integers(-99, 99, run.stretch_records * run.samples_per_record)
    bad = {run.first + chunk for chunk in case["bad"]}
    runs = [run] if case["within"] is None else list(run.asked(disjoint(case["within"])))
    for one in runs:
        windows, told = {}, []
        for part in parts(one, length=case["length"], chunks_at_once=case["chunks_at_once"]):
            more, bads = given_by(one, part, trace, bad=bad)
            assert not windows.keys() & more.keys(), "two tasks gave one window"
            windows |= more
            told += bads
        wanted, faults = expected(one, trace, length=case["length"], bad=bad)
        assert windows.keys() == wanted.keys()
        assert all(np.array_equal(windows[number], wanted[number]) for number in wanted)
        assert sorted(told) == sorted(faults), "each bad chunk once"


@settings(deadline=None)
@given(CASES)
def test_the_time_asked_for_is_in_the_chunks_that_hold_it(case: dict) -> None:
    run = run_of(**{name: case[name] for name in ("records", "records_per_chunk", "samples_per_record")})
    times = disjoint(case["within"] or [(0, 50_000_000)])
    held = [chunk for one in run.asked(times) for chunk in range(one.first, one.last)]
    touched = [
        chunk
        for chunk in range(run.first, run.last)
        if any(
            Fraction(begin * run.sfreq, 1_000_000) < run.span(chunk)[1]
            and run.span(chunk)[0] < Fraction(end * run.sfreq, 1_000_000)
            for begin, end in times
        )
    ]
    assert held == touched


@pytest.mark.parametrize(
    ("rate", "seconds", "length"), [("500", "1", 500), ("2048/3", "1", 683), ("1/10", "1", 1), ("3", "1.5", 4)]
)
def test_a_window_is_the_nearest_whole_number_of_samples(rate: str, seconds: str, length: int) -> None:
    assert window_length(Fraction(rate), seconds=Fraction(seconds)) == length


def test_times_of_samples_are_rounded_once_half_up() -> None:
    assert [start_us(Fraction(3), sample=each) for each in (1, 2, 3)] == [333_333, 666_667, 1_000_000]
    assert start_us(Fraction(2_000_000), sample=1) == 1
    assert start_us(Fraction(238_000, 119), sample=60_504 * 238) == 7_199_976_000


def test_a_narrowed_run_keeps_what_its_chunks_are_asked_for() -> None:
    run = replace(
        run_of(records=12, records_per_chunk=2, samples_per_record=5), within_us=((0, 500_000), (9_000_000, 10_000_000))
    )
    narrow = run.narrowed(first=9, last=10)
    assert narrow.within_us == ((9_000_000, 10_000_000),)
    assert (run.share(5), run.share(9), narrow.share(9)) == (Fraction(1, 4), Fraction(1, 2), Fraction(1, 2))
    assert json.dumps(narrow.within_us)
