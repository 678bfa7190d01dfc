"""From a photodiode's channel and a session's trials to times on the recorder's clock, and into the notes and back."""

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from behavior.alignment import METHODS, Alignment, align, by_clock, by_hand, from_json, to_json
from behavior.alignment_errors import AlignmentUnreadable
from behavior.matching import Expected
from behavior.notes import Change, Notes, SessionNotes, read_notes, write_notes
from behavior.trigger_table import read_triggers, triggers_of, write_triggers
from behavior.triggers import decode
from portal.demo_signals import LABELS, make_recording
from tests.behavior.photodiode import SERIAL, WRITTEN, Channel, Shown, as_recorded, cut, trials

SINCE = datetime(2002, 1, 3, 9, 5, 3, 42)
NOW = datetime(2026, 2, 1, 12, tzinfo=UTC)
MADE = {"since": SINCE, "channel": "DC01", "author": "dana", "at": NOW}


@pytest.mark.parametrize("seed", range(20))
def test_every_remaining_event_of_a_session_lies_within_a_sample_of_the_truth(seed: int) -> None:
    """Known offset, 30 ppm of drift, inverted polarity, 5 % lost and 5 % false codes."""
    rng = np.random.default_rng(seed)
    sfreq = [500, 999.4, 2000][seed % 3]
    made = trials(rng, count=20, first_s=rng.uniform(0, 2000))
    offset_s = 60 - made[0].time_s
    seen = as_recorded(made, rng, offset_s=offset_s, drift_ppm=30)
    channel = Channel(
        shown=seen,
        seconds=seen[-1].time_s + 60,
        sfreq=sfreq,
        inverted=True,
        layout=(SERIAL, WRITTEN)[seed % 2],
        noise=0.05,
        hum=0.05,
        wander=0.5,
        seed=seed,
    )
    decoded = decode(channel.pieces(samples_each=300_000), sfreq=sfreq, channel="DC01")
    expected = [Expected(time_s=each.time_s, code=each.code, trial=each.trial or 0) for each in made]
    alignment, matched = align(expected, decoded.codes, offsets_s=(offset_s - 120, offset_s + 120), **MADE)
    table = triggers_of(decoded.codes, since=SINCE, expected=expected, matched=matched)
    remaining = {(each.trial, each.code): each.time_s for each in seen if each.trial}
    rows = {(row.trial, row.code): row for row in table if row.trial}
    assert set(rows) <= set(remaining)
    assert len(rows) >= 0.97 * len(remaining)
    for key, row in rows.items():
        assert abs((row.time - SINCE).total_seconds() - remaining[key]) * sfreq <= 1
        assert abs(row.sample - remaining[key] * sfreq) < 2
    assert alignment.matched == len(rows)
    assert alignment.expected == len(made)
    assert not alignment.needs_yes
    assert alignment.drift_ppm == pytest.approx(30, abs=40)
    middle_s = made[len(made) // 2].time_s
    assert alignment.recorder_s(middle_s) == pytest.approx(offset_s + middle_s * (1 + 30e-6), abs=0.01)
    assert 0.003 < (alignment.residual_median_s or 0) < 0.012
    assert (alignment.residual_max_s or 0) < 0.06
    assert read_triggers(write_triggers(table)) == table


def test_the_demos_codes_are_aligned_without_a_doubt() -> None:
    made = make_recording(seconds=1800, seed=5)
    samples = made.samples[LABELS.index("DC01")]
    decoded = decode(cut(samples, sfreq=500, samples_each=50_000), sfreq=500, channel="DC01")
    expected = [
        Expected(time_s=onset_s - 712.25, code=(1, 4, 16)[place % 3], trial=place // 3 + 1)
        for place, onset_s in enumerate(made.code_onsets_s)
    ]
    found, _ = align(expected, decoded.codes, offsets_s=(300, 1300), **MADE)
    assert found.matched == found.expected == len(made.code_onsets_s)
    assert found.offset_s == pytest.approx(712.25, abs=1 / 500)
    assert found.drift_ppm == pytest.approx(0, abs=1)
    assert not found.needs_yes


def test_an_even_rhythm_is_a_doubt() -> None:
    even = [Shown(time_s=30.0 + 15 * place, code=(1, 4, 16)[place % 3], trial=place // 3 + 1) for place in range(116)]
    channel = Channel(sfreq=500.0, seconds=1800.0, shown=even)
    decoded = decode(channel.pieces(), sfreq=500, channel="DC01")
    expected = [Expected(time_s=each.time_s - 712.25, code=each.code, trial=each.trial or 0) for each in even]
    found, _ = align(expected, decoded.codes, offsets_s=(300, 1300), **MADE)
    # Every 15 s a code: a trial earlier or later fits nearly as well.
    assert found.rival == found.expected - 3
    assert found.needs_yes


def alignment(**changes: object) -> Alignment:
    made = {"method": "triggers", "offset_s": 1.5, "matched": 60, "expected": 60, **MADE} | changes
    return Alignment(**made)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "doubt"),
    [
        ({"matched": 53}, "Only 53 of 60 codes were found, under 90%."),
        ({"matched": 4, "expected": 4}, "4 codes are so few that chance can match them."),
        ({"rival": 58}, "Another place matches 58 codes, nearly as many as this one (60)."),
    ],
)
def test_what_is_doubtful_needs_a_yes(changes: dict[str, int], doubt: str) -> None:
    doubtful = alignment(**changes)
    assert doubtful.needs_yes
    assert list(doubtful.doubts) == [doubt]


def test_what_stands_by_itself_needs_none() -> None:
    assert not alignment(matched=54).needs_yes
    assert not by_hand(3, since=SINCE, author="dana", at=NOW).needs_yes
    assert not by_clock(0, since=SINCE, author="dana", at=NOW).needs_yes


NUMBERS = st.floats(-1e6, 1e6)
COUNTS = st.integers(0, 2000)
ALIGNMENTS = st.builds(
    Alignment,
    method=st.sampled_from(METHODS),
    since=st.datetimes(),
    offset_s=NUMBERS,
    drift_ppm=st.floats(-150, 150),
    matched=COUNTS,
    expected=COUNTS,
    rival=COUNTS,
    residual_median_s=st.none() | st.floats(0, 1),
    residual_max_s=st.none() | st.floats(0, 1),
    channel=st.text(max_size=16),
    author=st.text(max_size=20),
    at=st.datetimes(timezones=st.just(UTC)),
)


@given(ALIGNMENTS)
def test_the_notes_give_back_what_was_kept(kept: Alignment) -> None:
    change = Change(at=NOW.isoformat(), by="dana", session=2, changes={"alignment": to_json(kept)}, reason="")
    notes = Notes().having(2, SessionNotes(alignment=to_json(kept)), change=change)
    back = read_notes(write_notes(notes)).of(2).alignment
    assert back is not None
    assert from_json(back) == kept
    assert json.loads(json.dumps(to_json(kept), allow_nan=False)) == to_json(kept)


def test_parts_of_later_versions_are_passed_over() -> None:
    assert from_json(to_json(alignment()) | {"photodiode": "left"}) == alignment()


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("method", "guess"),
        ("method", None),
        ("offset_s", "1.5"),
        ("offset_s", float("nan")),
        ("drift_ppm", True),
        ("matched", -1),
        ("matched", 1.5),
        ("residual_max_s", "small"),
        ("channel", 1),
        ("since", "2002-01-03T09:05:03+00:00"),
        ("since", "yesterday"),
        ("at", "2026-02-01T12:00:00"),
        ("at", None),
    ],
)
def test_kept_alignments_that_cannot_be_are_refused_by_name(part: str, value: object) -> None:
    with pytest.raises(AlignmentUnreadable, match=f"{part} cannot be"):
        from_json(to_json(alignment()) | {part: value})


@given(laptop_s=st.floats(-1e5, 1e5), offset_s=st.floats(-1e5, 1e5), drift_ppm=st.floats(-150, 150))
def test_laptop_and_recorder_time_are_each_others_way_back(laptop_s: float, offset_s: float, drift_ppm: float) -> None:
    made = alignment(offset_s=offset_s, drift_ppm=drift_ppm)
    assert made.laptop_s(made.recorder_time(laptop_s)) == pytest.approx(laptop_s, abs=2e-6)


def test_the_offset_counts_from_since() -> None:
    made = by_hand(-2216.5, since=SINCE, author="dana", at=NOW)
    assert made.recorder_time(2236.5) == SINCE + timedelta(seconds=20)


def test_a_table_has_the_promised_columns_and_keeps_false_codes() -> None:
    rng = np.random.default_rng(1)
    made = trials(rng, count=10)
    seen = as_recorded(made, rng, offset_s=0, drift_ppm=0, false=0.2, lost=0.1)
    channel = Channel(shown=seen, seconds=seen[-1].time_s + 5)
    decoded = decode(channel.pieces(), sfreq=2000, channel="DC01")
    expected = [Expected(time_s=each.time_s, code=each.code, trial=each.trial or 0) for each in made]
    _, matched = align(expected, decoded.codes, offsets_s=(-60, 60), **MADE)
    content = write_triggers(triggers_of(decoded.codes, since=SINCE, expected=expected, matched=matched))
    header, first, *rows = content.decode().splitlines()
    assert header == "time,sample,code,trial"
    assert first.startswith("2002-01-03T09:05:")
    assert any(row.endswith(",") for row in rows)


@pytest.mark.parametrize("content", [b"", b"time,sample\n1,2\n", b"time,sample,code,trial\nnow,1,2,3\n", b"\xff\xfe"])
def test_a_damaged_table_is_refused(content: bytes) -> None:
    with pytest.raises(AlignmentUnreadable, match=r"damaged"):
        read_triggers(content)
