"""Samples come out of data records bit for bit, whatever the records look like and however little memory there is."""

import itertools
import zlib
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from chunks.edf.reader import open_edf
from chunks.format.crc import hex8
from chunks.format.header import decode
from chunks.plan import Plan, make_plan
from chunks.split import split
from storage.objects import Objects
from tests.chunks.conftest import BUCKET
from tests.chunks.made import EEG, SURGERY, Channel, joined, read_chunks, write_recording

WIDE = (Channel("A", 40_000), Channel("B", 40_000), Channel("C", 7))


def cut(path: Path, objects: Objects, *, chunk_seconds: int = 3600, budget_bytes: int = 1 << 20) -> Plan:
    objects.make_bucket(BUCKET)
    with open_edf(path) as edf:
        plan = make_plan(edf, patient="2002", bucket=BUCKET, surgery=SURGERY, chunk_seconds=chunk_seconds)
        groups = split(edf, plan, objects=objects, wanted=lambda _signal, _piece: True, budget_bytes=budget_bytes)
        written = [chunk for group in groups for chunk in group]
    assert len(written) == plan.chunks
    assert sum(chunk.info.size_bytes for chunk in written) == plan.size_bytes
    return plan


@pytest.mark.parametrize("kind", ["EDF", "EDF+C", "BDF", "BDF+C"])
@pytest.mark.parametrize("channels", [EEG, WIDE], ids=["narrow", "wide"])
# 1 byte: every chunk alone is over the budget; 300,000: some are; 1 MB: groups; 100 MB: all at once.
@pytest.mark.parametrize("budget_bytes", [1, 300_000, 1 << 20, 100 << 20])
def test_every_sample_is_there(
    kind: str, channels: tuple[Channel, ...], budget_bytes: int, tmp_path: Path, objects: Objects
) -> None:
    path = tmp_path / "a.edf"
    samples = write_recording(path, kind=kind, channels=channels, seconds=9)
    plan = cut(path, objects, chunk_seconds=4, budget_bytes=budget_bytes)
    chunks = read_chunks(objects, BUCKET, plan.recording)
    assert [header.chunk for header, _ in chunks] == [0, 1, 2] * len(channels)
    for number, trace in joined(chunks).items():
        assert np.array_equal(trace, samples[number])


def test_the_crc_is_that_of_the_samples(tmp_path: Path, objects: Objects) -> None:
    path = tmp_path / "a.edf"
    write_recording(path)
    plan = cut(path, objects)
    for info in objects.list(BUCKET, prefix=plan.recording):
        content = objects.get(BUCKET, info.key)
        header, length = decode(content)
        assert header.crc32 == hex8(zlib.crc32(content[length:]))
        assert header.samples_bytes == len(content) - length


def test_a_chunk_never_spans_a_gap_and_numbers_go_on(tmp_path: Path, objects: Objects) -> None:
    path = tmp_path / "a.edf"
    onsets = [Decimal(second) for second in (*range(5), *range(20, 24), *range(60, 62))]
    samples = write_recording(path, kind="EDF+D", onsets=onsets)
    plan = cut(path, objects, chunk_seconds=4)
    chunks = [chunk for chunk in read_chunks(objects, BUCKET, plan.recording) if chunk[0].channel == 1]
    starts = [(header.start - plan.start).total_seconds() for header, _ in chunks]
    stops = [(header.stop - plan.start).total_seconds() for header, _ in chunks]
    assert starts == [0, 4, 20, 60]
    assert stops == [4, 5, 24, 62]
    assert [header.chunk for header, _ in chunks] == [0, 1, 2, 3]
    assert [header.records_remaining for header, _ in chunks] == [11, 7, 6, 2]
    assert np.array_equal(joined(chunks)[1], samples[1])


def test_a_record_longer_than_a_chunk_is_a_chunk(tmp_path: Path, objects: Objects) -> None:
    path = tmp_path / "a.edf"
    write_recording(path, record_s="6084", seconds=6084 * 2, channels=(Channel("A", 100),))
    plan = cut(path, objects)
    chunks = read_chunks(objects, BUCKET, plan.recording)
    assert [(header.stop - header.start).total_seconds() for header, _ in chunks] == [6084, 6084]


def test_one_chunk_stops_where_the_next_starts_at_odd_durations(tmp_path: Path, objects: Objects) -> None:
    path = tmp_path / "a.edf"
    write_recording(path, record_s="0.23814", seconds=100, channels=(Channel("A", 238),))
    plan = cut(path, objects, chunk_seconds=7)
    chunks = [header for header, _ in read_chunks(objects, BUCKET, plan.recording)]
    assert len(chunks) == 15
    for before, after in itertools.pairwise(chunks):
        assert before.stop == after.start
    assert all(header.records_per_chunk == 29 for header in chunks)


def test_labels_that_would_share_a_key_do_not(tmp_path: Path, objects: Objects) -> None:
    path = tmp_path / "a.edf"
    labels = ("../../x", "a/b", "a:b", "A/B", "", "con", "x\\y")
    samples = write_recording(path, kind="EDF", channels=[Channel(label, 10) for label in labels])
    plan = cut(path, objects)
    assert len(list(objects.list(BUCKET, prefix=f"{plan.recording}/"))) == len(labels)
    for number, trace in joined(read_chunks(objects, BUCKET, plan.recording)).items():
        assert np.array_equal(trace, samples[number])


def test_an_unwanted_chunk_is_not_written(tmp_path: Path, objects: Objects) -> None:
    path = tmp_path / "a.edf"
    write_recording(path)
    objects.make_bucket(BUCKET)
    with open_edf(path) as edf:
        plan = make_plan(edf, patient="2002", bucket=BUCKET, surgery=SURGERY, chunk_seconds=3600)
        list(split(edf, plan, objects=objects, wanted=lambda signal, _piece: signal.label != "EKG"))
    keys = [info.key for info in objects.list(BUCKET)]
    assert len(keys) == 3
    assert not [key for key in keys if "EKG" in key]
