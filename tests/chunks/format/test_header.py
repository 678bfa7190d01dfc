"""Line 1 of a chunk: written, read, and read by readers of version 1."""

import io
import json
import zlib
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chunks.format.crc import combine_crc32, hex8
from chunks.format.header import Header, LineTooShort, NotAChunk, SignalTexts, decode, encode, file_crc32
from tests.chunks.format.made import SIGNAL, header


def keys_of(made: Header) -> dict[str, Any]:
    keys: dict[str, Any] = json.loads(encode(made))
    return keys


def test_every_key_of_the_format_is_there_and_no_other() -> None:
    v1 = "filename start_date start_time sigLabel sampsPerRecord recDur numRecs recsPerChunk maxChunkTime chunk"
    v1 += " chunkDuration recsRemaining phyDimension phyMinimum phyMaximum digMinimum digMaximum read_instruct"
    v2 = "version patient channel start stop samples sfreq dtype crc32"
    assert " ".join(keys_of(header())) == f"{v1} {v2}"


def test_a_reader_of_version_1_reads_16_bit_samples() -> None:
    samples = np.arange(200, dtype="<i2") - 100
    file = io.BytesIO(encode(header()) + samples.tobytes())
    first = json.loads(file.readline())
    assert np.array_equal(np.frombuffer(file.read(), "<i2"), samples)
    assert (first["sigLabel"], first["start_date"], first["start_time"]) == ("LTG1", [2002, 1, 3], [14, 5, 0])


def test_the_hour_passes_23_when_a_recording_runs_over_midnight() -> None:
    start = datetime(2002, 1, 4, 0, 40, 39)
    keys = keys_of(header(start=start, stop=start + timedelta(seconds=1)))
    assert keys["start_date"] == [2002, 1, 3]
    assert keys["start_time"] == [24, 40, 39]
    assert keys["start"] == "2002-01-04T00:40:39.000000"


def test_a_second_has_a_fraction_only_where_it_needs_one() -> None:
    start = datetime(2002, 1, 3, 4, 5, 56, 394531)
    keys = keys_of(header(start=start, stop=start + timedelta(seconds=1)))
    assert keys["start_time"] == [4, 5, 56.394531]
    assert isinstance(keys_of(header())["start_time"][2], int)


def test_the_day_of_surgery_is_day_0() -> None:
    start = datetime(2001, 12, 31, 8)
    keys = keys_of(header(start=start, stop=start + timedelta(seconds=1), start_day=0))
    assert keys["start_date"] == [2002, 1, 0]
    assert keys["start_time"] == [8, 0, 0]


def test_odd_rates_and_durations_are_told_as_they_are() -> None:
    keys = keys_of(header(record_duration=Decimal("0.23814"), samples_per_record=238, samples=238 * 15117))
    assert keys["recDur"] == 0.23814
    assert keys["sfreq"] == pytest.approx(999.412, abs=1e-3)
    assert keys["chunkDuration"] == pytest.approx(3599.96238)


def test_a_record_of_6084_seconds_makes_a_chunk_of_101_minutes() -> None:
    keys = keys_of(header(record_duration=Decimal(6084), samples_per_record=6084, records_per_chunk=1, samples=6084))
    assert keys["maxChunkTime"] == 101.4
    assert keys["chunkDuration"] == 6084


def test_32_bit_chunks_say_so_to_readers_of_version_1() -> None:
    assert "'<i4'" in keys_of(header(dtype="<i4"))["read_instruct"]


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=16)


@given(
    label=texts,
    unit=texts,
    duration=st.decimals(Decimal("0.00001"), Decimal(99999999), places=5),
    chunk=st.integers(0, 10**6),
    microsecond=st.integers(0, 999999),
)
def test_what_is_written_is_read(label: str, unit: str, duration: Decimal, chunk: int, microsecond: int) -> None:
    signal = SignalTexts(
        label=label, unit=unit, physical_minimum="", physical_maximum="x", digital_minimum="-1", digital_maximum="1"
    )
    start = datetime(2002, 1, 3, 14, 5, 0, microsecond)
    made = header(
        signal=signal, record_duration=duration, chunk=chunk, start=start, stop=start + timedelta(microseconds=1)
    )
    line = encode(made)
    assert decode(line + b"\n\x00samples") == (made, len(line))


def test_the_length_of_line_1_does_not_depend_on_the_crc() -> None:
    assert len(encode(header(crc32="00000000"))) == len(encode(header(crc32="ffffffff")))


def test_a_beginning_without_newline_asks_for_more() -> None:
    with pytest.raises(LineTooShort):
        decode(encode(header())[:100])


@pytest.mark.parametrize(
    ("beginning", "said"),
    [
        (b"x" * 65_536, "no newline"),
        (b"\n", "not JSON"),
        (b"\xff\xfe\n", "not JSON"),
        (b"[1]\n", "not a JSON object"),
        (b'{"version": 3}\n', "version is 3"),
        (b'{"sigLabel": "old"}\n', "version is 1"),
        (b'{"version": 2}\n', "'patient' is missing"),
        (b"[" * 60_000 + b"\n", "not JSON|nested"),
    ],
)
def test_what_is_no_chunk_is_refused_with_what_is_wrong(beginning: bytes, said: str) -> None:
    with pytest.raises(NotAChunk, match=said):
        decode(beginning)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("dtype", "<f8"),
        ("crc32", "XYZ"),
        ("samples", 0),
        ("samples", "200"),
        ("samples", True),
        ("samples", 2**70),
        ("start", "yesterday"),
        ("start", "2002-01-03T14:05:00+01:00"),
        ("stop", "2002-01-03T14:05:00"),
        ("recDur", 0),
        ("recDur", "1"),
        ("recDur", float("nan")),
        ("recDur", float("inf")),
        ("start_date", [2002]),
        ("start_date", 3),
        ("sigLabel", None),
        ("channel", 1.5),
    ],
)
def test_a_hostile_value_is_refused(key: str, value: object) -> None:
    with pytest.raises(NotAChunk):
        decode(json.dumps(keys_of(header()) | {key: value}).encode() + b"\n")


def test_the_crc_of_the_file_is_known_without_its_samples() -> None:
    samples = np.arange(200, dtype="<i2").tobytes()
    made = header(crc32=hex8(zlib.crc32(samples)))
    line = encode(made)
    assert file_crc32(line, made) == hex8(zlib.crc32(line + samples))


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_crcs_combine(first: bytes, second: bytes) -> None:
    combined = combine_crc32(zlib.crc32(first), zlib.crc32(second), second_bytes=len(second))
    assert combined == zlib.crc32(first + second)


def test_signal_texts_stay_as_written() -> None:
    keys = keys_of(header(signal=SIGNAL))
    assert (keys["phyMinimum"], keys["phyMaximum"], keys["phyDimension"]) == ("-3276.8", "3276.7", "uV")
