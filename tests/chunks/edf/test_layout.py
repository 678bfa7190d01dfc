"""How many data records there are and where they begin, whatever the header says."""

import datetime as dt
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from chunks.edf.errors import EdfDamaged, EdfError, EdfTruncated, NoData, SpecDeviation
from chunks.edf.reader import Edf, open_edf
from tests.chunks.edf.handmade import by_hand, good, saved, signal_count, with_field, with_lists


def codes(edf: Edf) -> set[str]:
    return {finding.code for finding in edf.findings}


def header_only(recording: bytes) -> bytes:
    return recording[: 256 * (signal_count(recording) + 1)]


@pytest.mark.parametrize("text", ["-1", "0", "abc", "", "-7"])
def test_a_record_count_of_no_use_is_counted_from_the_size(tmp_path: Path, text: str) -> None:
    with open_edf(saved(tmp_path, with_field(good(), "records", text))) as edf:
        assert edf.records == 5
        assert "records-counted" in codes(edf)
        assert not edf.truncated


def test_both_numbers_of_records_are_kept(tmp_path: Path) -> None:
    with open_edf(saved(tmp_path, with_field(good(), "records", "-1"))) as edf:
        assert (edf.records, edf.records_expected) == (5, -1)


def test_a_record_never_finished_is_left_out_and_told(tmp_path: Path) -> None:
    with open_edf(saved(tmp_path, with_field(good(), "records", "-1")[:-7])) as edf:
        assert edf.records == 4
        assert "partial-last-record" in codes(edf)


@pytest.mark.parametrize("cut", [1, 50, 200])
def test_a_shorter_file_is_refused_unless_accepted(tmp_path: Path, cut: int) -> None:
    recording = good()
    record_bytes = (len(recording) - 1024) // 5
    path = saved(tmp_path, recording[:-cut])
    whole = (len(recording) - cut - 1024) // record_bytes
    with pytest.raises(EdfTruncated, match=f"{whole} whole data records of the 5"):
        open_edf(path)
    with open_edf(path, accept_truncated=True) as edf:
        assert (edf.records, edf.records_expected, edf.truncated) == (whole, 5, True)
        assert "truncated" in codes(edf)


def test_strict_reading_refuses_a_shorter_file_even_if_accepted(tmp_path: Path) -> None:
    with pytest.raises(EdfTruncated):
        open_edf(saved(tmp_path, good()[:-1]), accept_truncated=True, strict=True)


def test_a_file_cut_in_its_first_record_has_no_data(tmp_path: Path) -> None:
    path = saved(tmp_path, header_only(good()) + b"\x01\x02\x03")
    with pytest.raises(EdfTruncated):
        open_edf(path)
    with pytest.raises(NoData):
        open_edf(path, accept_truncated=True)


@pytest.mark.parametrize("text", ["0", "-1", "5"])
def test_a_header_without_data_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(NoData, match="without data"):
        open_edf(saved(tmp_path, with_field(header_only(good()), "records", text)))


@pytest.mark.parametrize("more", [2, 7, 500])
def test_a_longer_file_is_read_by_its_headers_count(tmp_path: Path, more: int) -> None:
    with open_edf(saved(tmp_path, good() + b"\x01" * more)) as edf:
        assert edf.records == 5
        assert [f"{more} bytes longer" in finding.message for finding in edf.findings] == [True]


def test_signals_without_any_samples_are_no_data(tmp_path: Path) -> None:
    recording = good("EDF")
    for signal in (1, 2):
        recording = with_field(recording, "samples_per_record", "0", signal=signal)
    with pytest.raises(NoData):
        open_edf(saved(tmp_path, recording))


@pytest.mark.parametrize("text", ["512", "0", "abc", "", "99999999"])
def test_a_wrong_header_size_is_told_and_the_number_of_signals_trusted(tmp_path: Path, text: str) -> None:
    with open_edf(saved(tmp_path, with_field(good(), "header_bytes", text))) as edf:
        assert edf.data_offset_bytes == 1024
        assert "header-size" in codes(edf)
        assert edf.records == 5


@pytest.mark.parametrize("kind", ["EDF", "EDF+C"])
def test_a_header_that_is_padded_is_found(tmp_path: Path, kind: str) -> None:
    recording = good(kind)
    end = len(header_only(recording))
    padded = with_field(recording[:end] + b" " * 256 + recording[end:], "header_bytes", str(end + 256))
    with open_edf(saved(tmp_path, recording)) as edf:
        samples = edf.samples(edf.signals[0])
    with open_edf(saved(tmp_path, padded)) as edf:
        assert edf.data_offset_bytes == end + 256
        assert np.array_equal(edf.samples(edf.signals[0]), samples)


def test_marks_decide_where_the_size_cannot(tmp_path: Path) -> None:
    recording = with_field(with_field(good(), "header_bytes", "1026"), "records", "-1")
    with open_edf(saved(tmp_path, recording + b"\0")) as edf:
        assert edf.data_offset_bytes == 1024


def test_marks_count_for_more_than_the_size(tmp_path: Path) -> None:
    with open_edf(saved(tmp_path, with_field(good(), "header_bytes", "1026") + b"\1\2")) as edf:
        assert edf.data_offset_bytes == 1024


def test_a_mark_in_one_record_is_no_sign_of_where_data_begin(tmp_path: Path) -> None:
    recording = with_lists([b"+0\x14\x14\0+0\x14\x14", b"+1\x14\x14"], header_bytes="773")
    with open_edf(saved(tmp_path, with_field(recording, "records", "-1") + b"\0")) as edf:
        assert edf.data_offset_bytes == 768


def test_two_places_for_the_data_that_are_equally_likely_are_refused(tmp_path: Path) -> None:
    recording = with_field(with_field(good("EDF"), "header_bytes", "770"), "records", "-1")
    with pytest.raises(EdfDamaged, match="which of the two"):
        open_edf(saved(tmp_path, recording + b"\0"))


def test_large_records_are_noted_and_read(tmp_path: Path) -> None:
    data = [[np.zeros(40_000, "<i2").tobytes()]]
    with open_edf(saved(tmp_path, by_hand(data, labels=["LTG1"], reserved="")), strict=True) as edf:
        assert codes(edf) == {"large-records"}


@pytest.mark.parametrize(
    ("field", "text", "signal"),
    [
        ("signals", "9999", None),
        ("samples_per_record", "99999999", 1),
        ("samples_per_record", "-1", 1),
        ("records", "99999999", None),
        ("record_duration", "1e999", None),
        ("record_duration", "99999999", None),
        ("header_bytes", "-99", None),
    ],
)
def test_hostile_numbers_end_in_an_error_or_a_small_reading(
    tmp_path: Path, field: str, text: str, signal: int | None
) -> None:
    records = 0
    with (
        suppress(EdfError),
        open_edf(saved(tmp_path, with_field(good(), field, text, signal=signal)), accept_truncated=True) as edf,
    ):
        records = edf.records
    assert records <= 5


def test_a_recording_that_no_calendar_holds_is_refused(tmp_path: Path) -> None:
    recording = by_hand([[b"\1\2"]] * 5000, labels=["LTG1"], reserved="", record_duration="99999999")
    with pytest.raises(EdfDamaged, match="calendar"):
        open_edf(saved(tmp_path, recording))


@pytest.mark.parametrize(
    ("field", "text", "code"),
    [
        ("records", "-1", "records-counted"),
        ("start_time", "14:05:07", "start-form"),
        ("reserved", "EDF", "reserved-field"),
        ("record_duration", "1,0", "comma-decimal"),
        ("header_bytes", "0", "header-size"),
        ("patient", "somebody", "patient-field"),
    ],
)
def test_strict_reading_refuses_every_deviation(tmp_path: Path, field: str, text: str, code: str) -> None:
    path = saved(tmp_path, with_field(good(), field, text))
    open_edf(path).close()
    with pytest.raises(SpecDeviation, match=code):
        open_edf(path, strict=True)


@pytest.mark.parametrize("kind", ["EDF", "EDF+C", "BDF", "BDF+C"])
def test_strict_reading_takes_what_our_writer_writes(tmp_path: Path, kind: str) -> None:
    with open_edf(saved(tmp_path, good(kind)), strict=True) as edf:
        assert edf.findings == ()
        assert edf.start == dt.datetime(2002, 1, 3, 14, 5, 7)
