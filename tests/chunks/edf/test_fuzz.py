"""Broken bytes end in an error of ours or in a recording that can be read, quickly and in little memory."""

import tracemalloc
from contextlib import suppress
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chunks.edf.errors import EdfError
from chunks.edf.packing import AnnotationSpec
from chunks.edf.reader import open_edf
from tests.chunks.edf.handmade import START, good, saved

EVENTS = [AnnotationSpec(Decimal(0), "a"), AnnotationSpec(Decimal(2), "b")]
RECORDINGS = {
    kind: good(kind, **({"annotations": EVENTS} if "+" in kind else {})) for kind in ("EDF", "EDF+C", "BDF+D")
}
FLIPS = st.lists(st.tuples(st.integers(0, 1199), st.integers(0, 255)), min_size=1, max_size=12)
NUMBERS = st.sampled_from(
    [b"9999", b"-1", b"0", b"99999999", b"1e99", b"nan", b"\xd9\xa1", b"1,5", b"        ", b"-99999"]
)


def read_everything(path: Path, *, strict: bool = False) -> None:
    """Open and read all there is; memory stays within a few times the file's few kilobytes."""
    with suppress(EdfError), open_edf(path, strict=strict, start=START, accept_truncated=True) as edf:
        assert 0 < edf.records * edf.record_bytes <= edf.size_bytes
        assert sum(stretch.records for stretch in edf.stretches) == edf.records
        for signal in edf.header.signals:
            assert edf.samples(signal).size == edf.records * signal.samples_per_record
        out = np.empty((edf.records, edf.record_bytes), np.uint8)
        edf.read_into(out, first_record=0, offset_bytes=0)
        assert all(event.text or event.signal for event in edf.annotations())
        assert len(edf.fingerprint()) == 64
        assert edf.start is not None
        assert edf.end_us >= 0
        assert all(finding.message and finding.severity for finding in edf.findings)
        repr(edf.header)


@settings(deadline=2000, max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(sorted(RECORDINGS)), FLIPS, st.booleans())
def test_flipped_bytes(tmp_path: Path, kind: str, flips: list[tuple[int, int]], strict: bool) -> None:
    recording = bytearray(RECORDINGS[kind])
    for place, byte in flips:
        recording[place % len(recording)] = byte
    read_everything(saved(tmp_path, bytes(recording)), strict=strict)


@settings(deadline=2000, max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(sorted(RECORDINGS)), st.lists(st.tuples(st.integers(0, 127), NUMBERS), min_size=1, max_size=4))
def test_hostile_numbers_in_any_field(tmp_path: Path, kind: str, numbers: list[tuple[int, bytes]]) -> None:
    recording = bytearray(RECORDINGS[kind])
    for place, number in numbers:
        recording[place * 8 : place * 8 + 8] = number.ljust(8)
    read_everything(saved(tmp_path, bytes(recording)))


@settings(deadline=2000, max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(sorted(RECORDINGS)), st.integers(0, 2000), st.binary(max_size=40), st.integers(0, 2000))
def test_bytes_taken_out_and_put_in(tmp_path: Path, kind: str, place: int, junk: bytes, cut: int) -> None:
    recording = RECORDINGS[kind]
    read_everything(saved(tmp_path, recording[:place] + junk + recording[place + len(junk) // 2 :][:cut]))


@settings(deadline=2000, max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=1500))
def test_random_bytes_after_a_version(tmp_path: Path, junk: bytes) -> None:
    read_everything(saved(tmp_path, b"0       " + junk))
    read_everything(saved(tmp_path, junk))


@pytest.mark.parametrize("size", range(0, 1400, 13))
def test_every_length(tmp_path: Path, size: int) -> None:
    read_everything(saved(tmp_path, RECORDINGS["EDF+C"][:size]))


def test_a_hostile_header_takes_no_memory(tmp_path: Path) -> None:
    recording = bytearray(RECORDINGS["EDF"])
    samples = 256 + 2 * (16 + 80 + 8 * 5 + 80)
    recording[samples : samples + 16] = b"9999999999999999"
    path = saved(tmp_path, bytes(recording))
    tracemalloc.start()
    with pytest.raises(EdfError):
        open_edf(path, accept_truncated=True)
    assert tracemalloc.get_traced_memory()[1] < 10_000_000
    tracemalloc.stop()
