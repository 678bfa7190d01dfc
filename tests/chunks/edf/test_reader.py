"""What an open recording gives: samples, instants, stretches, fingerprints."""

import datetime as dt
import hashlib
import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from chunks.edf.errors import EdfError, EdfTruncated, StartUnknown
from chunks.edf.reader import Edf, open_edf
from tests.chunks.edf.handmade import START, by_hand, good, noise, saved, spec, with_field, with_lists


def messages(edf: Edf) -> dict[str, str]:
    return {finding.code: finding.message for finding in edf.findings}


@pytest.fixture(params=["EDF", "EDF+C", "BDF", "BDF+C"])
def recording(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Edf, list[list[np.ndarray]]]]:
    """An open recording of three signals (20, 7 and 1 samples a record), 11 records, and its samples."""
    bits = 24 if request.param.startswith("BDF") else 16
    data = noise([20, 7, 1], records=11, bits=bits)
    content = good(request.param, signals=[spec(samples=20), spec("B", 7), spec("C", 1)], data=data)
    with open_edf(saved(tmp_path, content)) as edf:
        yield edf, data


def test_samples_are_bit_for_bit_those_written(recording: tuple[Edf, list[list[np.ndarray]]]) -> None:
    edf, data = recording
    for place, signal in enumerate(edf.signals):
        samples = edf.samples(signal)
        assert samples.dtype == np.dtype("<i4" if edf.header.sample_bytes == 3 else "<i2")
        assert np.array_equal(samples, np.concatenate([record[place] for record in data]))
        part = edf.samples(signal, first_record=3, records=2)
        assert np.array_equal(part, np.concatenate([record[place] for record in data[3:5]]))


@pytest.mark.parametrize(
    ("first", "count", "offset", "width"), [(0, 11, 0, None), (4, 3, 0, 40), (10, 1, 5, 1), (0, 11, 41, 9)]
)
def test_any_bytes_of_records_are_read(
    recording: tuple[Edf, list[list[np.ndarray]]],
    first: int,
    count: int,
    offset: int,
    width: int | None,
    tmp_path: Path,
) -> None:
    edf, _ = recording
    raw = np.frombuffer((tmp_path / "recording.edf").read_bytes()[edf.data_offset_bytes :], np.uint8)
    expected = raw.reshape(edf.records, edf.record_bytes)[first : first + count]
    out = np.full((count, width or edf.record_bytes), 0xAA, np.uint8)
    edf.read_into(out, first_record=first, offset_bytes=offset)
    assert np.array_equal(out, expected[:, offset : offset + out.shape[1]])


def test_rows_of_a_wider_array_are_filled_and_nothing_else(recording: tuple[Edf, list[list[np.ndarray]]]) -> None:
    edf, _ = recording
    wide = np.full((edf.records, edf.record_bytes + 10), 0xAA, np.uint8)
    edf.read_into(wide[:, 5:-5], first_record=0, offset_bytes=0)
    whole = np.empty((edf.records, edf.record_bytes), np.uint8)
    edf.read_into(whole, first_record=0, offset_bytes=0)
    assert np.array_equal(wide[:, 5:-5], whole)
    assert (wide[:, :5] == 0xAA).all()
    assert (wide[:, -5:] == 0xAA).all()


@pytest.mark.parametrize(
    ("shape", "first", "offset"),
    [((1, 1), -1, 0), ((1, 1), 11, 0), ((12, 1), 0, 0), ((1, 1), 0, -1), ((1, 9999), 0, 0)],
)
def test_bytes_outside_the_records_are_refused(
    recording: tuple[Edf, list[list[np.ndarray]]], shape: tuple[int, int], first: int, offset: int
) -> None:
    with pytest.raises(ValueError, match="outside"):
        recording[0].read_into(np.empty(shape, np.uint8), first_record=first, offset_bytes=offset)


@pytest.mark.parametrize("out", [np.empty((2, 2), np.int16), np.empty(4, np.uint8), np.empty((4, 4), np.uint8).T])
def test_an_array_of_another_kind_is_refused(recording: tuple[Edf, list[list[np.ndarray]]], out: np.ndarray) -> None:
    with pytest.raises(ValueError, match="read_into"):
        recording[0].read_into(out, first_record=0, offset_bytes=0)


def test_a_file_that_shrinks_while_it_is_read_is_an_error(tmp_path: Path) -> None:
    path = saved(tmp_path, good())
    with open_edf(path) as edf:
        path.write_bytes(path.read_bytes()[:-1])
        out = np.empty((edf.records, edf.record_bytes), np.uint8)
        with pytest.raises(EdfTruncated, match="longer when opened"):
            edf.read_into(out, first_record=0, offset_bytes=0)
        with pytest.raises(EdfError):
            edf.fingerprint()


def test_a_closed_recording_gives_nothing(tmp_path: Path) -> None:
    edf = open_edf(saved(tmp_path, good()))
    edf.close()
    edf.close()
    with pytest.raises(ValueError, match="closed"):
        edf.fingerprint()


def test_the_start_has_the_first_records_fraction(tmp_path: Path) -> None:
    with open_edf(saved(tmp_path, with_lists([b"+0.3945312\x14\x14", b"+1.3945312\x14\x14"]))) as edf:
        assert edf.start == dt.datetime(2002, 1, 3, 14, 5, 7, 394531)
        assert edf.header_start == START
        assert edf.stretches[0].offset_us == 0


def test_a_first_onset_of_minutes_counts_too(tmp_path: Path) -> None:
    with open_edf(saved(tmp_path, with_lists([b"+90.5\x14\x14", b"+91.5\x14\x14"]))) as edf:
        assert edf.start == dt.datetime(2002, 1, 3, 14, 6, 37, 500000)


def test_a_given_start_replaces_the_headers(tmp_path: Path) -> None:
    path = saved(tmp_path, with_lists([b"+0.5\x14\x14"]))
    with open_edf(path, start=dt.datetime(2010, 5, 6, 7, 8, 9, 250000)) as edf:
        assert edf.start == dt.datetime(2010, 5, 6, 7, 8, 9, 750000)
        assert edf.start_source == "given"
        assert "start-given" in messages(edf)


@pytest.mark.parametrize(("field", "text"), [("start_date", "00.00.00"), ("start_time", "14.05.60")])
def test_an_unknown_start_has_to_be_given(tmp_path: Path, field: str, text: str) -> None:
    path = saved(tmp_path, with_field(good("EDF", recording="X"), field, text))
    with pytest.raises(StartUnknown, match="--start 'YYYY-MM-DD HH:MM:SS'"):
        open_edf(path)
    with open_edf(path, start=START) as edf:
        assert edf.start == START
        assert "start-unknown" in messages(edf)


def test_a_given_start_has_no_time_zone(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="time zone"):
        open_edf(saved(tmp_path, good()), start=dt.datetime(2010, 5, 6, tzinfo=dt.UTC))


def test_records_inside_a_stretch_begin_where_arithmetic_says(tmp_path: Path) -> None:
    """Onsets in whole milliseconds only begin a stretch; record k is at k * 0.23814 s, rounded once."""
    duration = Decimal("0.23814")
    onsets = [round(record * duration + Decimal("0.0005"), 3) for record in range(500)]
    content = good("EDF+D", signals=[spec(samples=238)], records=500, record_duration=duration, onsets=onsets)
    with open_edf(saved(tmp_path, content)) as edf:
        (stretch,) = edf.stretches
        for record in (0, 1, 17, 499, 500):
            assert edf.record_us(stretch, record=record) == record * 238140
        assert edf.duration_us(stretch) == 500 * 238140
        assert edf.signals[0].sfreq == Fraction(238_00000, 23814)


def test_an_instant_is_rounded_once(tmp_path: Path) -> None:
    lists = [f"+{record * Decimal('0.0000003'):f}\x14\x14".encode() for record in range(8)]
    content = with_lists(lists, record_duration=".0000003")
    with open_edf(saved(tmp_path, content)) as edf:
        (stretch,) = edf.stretches
        assert [edf.record_us(stretch, record=record) for record in range(9)] == [0, 0, 1, 1, 1, 2, 2, 2, 2]


def test_onset_and_duration_are_not_rounded_apart(tmp_path: Path) -> None:
    content = with_lists([b"+0.0000004\x14\x14", b"+0.0000007\x14\x14"], record_duration=".0000003")
    with open_edf(saved(tmp_path, content)) as edf:
        assert edf.record_us(edf.stretches[0], record=1) == 1


@pytest.mark.parametrize("kind", ["EDF+C", "EDF+D"])
def test_gaps_cut_a_recording_whatever_its_reserved_field_says(tmp_path: Path, kind: str) -> None:
    onsets = [Decimal(text) for text in ("0.25", "1.25", "3.5", "4.5", "5.5", "60")]
    content = with_field(good("EDF+D", records=6, onsets=onsets), "reserved", kind)
    with open_edf(saved(tmp_path, content)) as edf:
        assert [(each.first_record, each.records, each.offset_us, each.backwards) for each in edf.stretches] == [
            (0, 2, 0, False),
            (2, 3, 3_250_000, False),
            (5, 1, 59_750_000, False),
        ]
        assert edf.start == START + dt.timedelta(seconds=0.25)
        assert edf.end_us == 60_750_000
        assert ("gaps-in-continuous-file" in messages(edf)) is (kind == "EDF+C")


def test_a_step_backwards_is_flagged_with_its_record(tmp_path: Path) -> None:
    onsets = [Decimal(second) for second in (100, 101, 40, 41)]
    with open_edf(saved(tmp_path, good("EDF+D", records=4, onsets=onsets))) as edf:
        assert [(each.offset_us, each.backwards) for each in edf.stretches] == [(0, False), (-60_000_000, True)]
        assert "data records 2 " in messages(edf)["steps-backwards"]
        assert edf.end_us == 2_000_000


def test_drift_is_summed_and_told_over_a_second(tmp_path: Path) -> None:
    signals = [spec(samples=100)]
    for step, told in (("1.005", True), ("1.004", False)):
        onsets = [record * Decimal(step) for record in range(250)]
        with open_edf(saved(tmp_path, good("EDF+D", signals=signals, records=250, onsets=onsets))) as edf:
            assert len(edf.stretches) == 1
            assert edf.drift_us == round(249 * (Decimal(step) - 1) * 1_000_000)
            assert ("drift" in messages(edf)) is told


def test_discontinuous_in_words_only_is_one_stretch(tmp_path: Path) -> None:
    with open_edf(saved(tmp_path, with_field(good(), "reserved", "EDF+D"))) as edf:
        assert len(edf.stretches) == 1
        assert "no-gaps-in-discontinuous-file" in messages(edf)


def test_marks_too_coarse_for_their_records_are_told(tmp_path: Path) -> None:
    lists = [f"+{record // 8}\x14\x14".encode() for record in range(100)]
    with open_edf(saved(tmp_path, with_lists(lists, record_duration="0.125"))) as edf:
        assert len(edf.stretches) == 100
        assert "marks-coarse" in messages(edf)


def test_a_recording_without_marks_is_one_stretch(tmp_path: Path) -> None:
    with open_edf(saved(tmp_path, good("EDF", record_duration=Decimal("0.5")))) as edf:
        (stretch,) = edf.stretches
        assert (stretch.first_record, stretch.records, stretch.offset_us) == (0, 5, 0)
        assert edf.duration_us(stretch) == edf.end_us == 2_500_000


@pytest.mark.parametrize("place", [0, 1, 2])
def test_the_annotation_signal_keeps_time_in_any_place(tmp_path: Path, place: int) -> None:
    labels, records = ["A", "B"], []
    labels.insert(place, "EDF Annotations")
    for second in (0, 1, 7):
        parts = [np.arange(10, dtype="<i2").tobytes(), np.arange(4, dtype="<i2").tobytes()]
        parts.insert(place, f"+{second}\x14\x14".encode().ljust(20, b"\0"))
        records.append(parts)
    with open_edf(saved(tmp_path, by_hand(records, labels=labels))) as edf:
        assert [stretch.offset_us for stretch in edf.stretches] == [0, 7_000_000]
        assert [signal.label for signal in edf.signals] == ["A", "B"]
        assert edf.samples(edf.signals[1]).tolist() == [0, 1, 2, 3] * 3


def test_the_first_of_several_annotation_signals_keeps_time(tmp_path: Path) -> None:
    records = [
        [
            f"+{second}\x14\x14".encode().ljust(12, b"\0"),
            b"\1\0" * 5,
            f"+{second + 50}\x14x\x14".encode().ljust(12, b"\0"),
        ]
        for second in (0, 1)
    ]
    content = by_hand(records, labels=["EDF Annotations", "A", "EDF Annotations"])
    with open_edf(saved(tmp_path, content)) as edf:
        assert edf.start == START
        assert [(event.onset_us, event.text) for event in edf.annotations()] == [(50_000_000, "x"), (51_000_000, "x")]


def test_without_a_record_duration_signals_have_no_time_and_events_are_read(tmp_path: Path) -> None:
    content = with_lists([b"+0\x14\x14\0+5\x1510\x14Apnea\x14", b"+0\x14\x14"], record_duration="0")
    with open_edf(saved(tmp_path, content)) as edf:
        assert edf.timed_signals == ()
        assert [signal.label for signal in edf.signals] == ["LTG1"]
        assert "signal 1" in messages(edf)["untimed-signals"]
        assert len(edf.stretches) == 1
        assert edf.end_us == 0
        assert [event.text for event in edf.annotations()] == ["Apnea"]


def test_signals_without_samples_have_no_time(tmp_path: Path) -> None:
    records = [[b"\1\0" * 5, b""]] * 2
    with open_edf(saved(tmp_path, by_hand(records, labels=["A", "B"], reserved=""))) as edf:
        assert [signal.label for signal in edf.timed_signals] == ["A"]
        assert edf.samples(edf.signals[1]).size == 0


def test_the_fingerprint_is_of_size_and_three_records(tmp_path: Path) -> None:
    content = good(records=5)
    path = saved(tmp_path, content)
    with open_edf(path) as edf:
        size = edf.record_bytes
        records = [content[1024 + record * size : 1024 + (record + 1) * size] for record in (0, 2, 4)]
        expected = hashlib.sha256(len(content).to_bytes(8, "little") + b"".join(records)).hexdigest()
        assert edf.fingerprint() == expected
    with open_edf(saved(tmp_path, with_field(content, "patient", "Y F X X"))) as edf:
        assert edf.fingerprint() == expected
    changed = bytearray(content)
    changed[1024 + 2 * size] ^= 1
    with open_edf(saved(tmp_path, bytes(changed))) as edf:
        assert edf.fingerprint() != expected


def test_a_recording_of_one_record_has_a_fingerprint(tmp_path: Path) -> None:
    with open_edf(saved(tmp_path, good("EDF", records=1))) as edf:
        assert len(edf.fingerprint()) == 64


def test_the_real_date_does_not_show(tmp_path: Path) -> None:
    with open_edf(saved(tmp_path, good())) as edf:
        assert "2002" not in repr(edf) + repr(edf.header) + repr(edf.__dict__)


def test_large_records_are_read_in_blocks(tmp_path: Path) -> None:
    """More than one block of `samples`, and marks of records too large to be read whole."""
    data = noise([700_000], records=7)
    with open_edf(saved(tmp_path, good(signals=[spec(samples=700_000)], data=data))) as edf:
        assert np.array_equal(edf.samples(edf.signals[0]), np.concatenate([record[0] for record in data]))
        assert len(edf.stretches) == 1


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.parametrize("swapped", ["pipe", "socket", "device", "folder"])
def test_what_is_no_file_any_more_when_it_is_opened_holds_nobody_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, swapped: str
) -> None:
    path = saved(tmp_path, good("EDF"))
    regular = path.stat()
    path.unlink()
    with ExitStack() as stack:
        if swapped == "pipe":
            os.mkfifo(path)
        elif swapped == "socket":
            stack.enter_context(closing(socket.socket(socket.AF_UNIX))).bind(str(path))
        elif swapped == "device":
            path.symlink_to("/dev/zero")
        else:
            path.mkdir()
        monkeypatch.setattr("chunks.edf.source.os.stat", lambda _: regular)  # as it was a moment ago
        before = open_files()
        with pytest.raises(EdfError):
            open_edf(path)
        assert open_files() == before
