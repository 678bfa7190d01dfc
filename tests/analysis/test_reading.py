"""Windows hold the recording's own numbers, whatever its form; a bad chunk costs its own and is told of once."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from analysis.origins import Narrowing
from analysis.runs import Run
from chunks.edf.writer import Kind
from chunks.format.header import decode, encode
from storage.objects import Objects
from tests.analysis.made import BUCKET, GAPPED, NAME, PLAIN, Made, take, write
from tests.analysis.tables import faults, options, rows, traces

pytestmark = pytest.mark.database
LTG1 = f"{NAME}/LTG1_chunk-1.chn"
WIDE = Made(label="W", rate=7, limits=(-8_388_608, 8_388_607, -400_000, 400_000))


@pytest.mark.parametrize(
    ("kind", "signals", "record_s"),
    [
        ("EDF", PLAIN, "1"),
        ("EDF+C", (Made(label="inverted", rate=30, limits=(-2048, 2047, 500, -500), unit="mV"),), "1"),
        ("BDF", (WIDE,), "1"),
        ("EDF+C", (Made(label="fractional", rate=238),), "0.119"),
        ("EDF+C", (Made(label="slow", rate=1),), "3"),
    ],
)
def test_every_sample_is_the_recordings(
    kind: Kind, signals: tuple[Made, ...], record_s: str, tmp_path: Path, objects: Objects, objects_url: str
) -> None:
    samples = write(tmp_path / "a.edf", kind=kind, signals=signals, record_s=record_s, records=11)
    take(tmp_path / "a.edf", objects)
    physical = traces(rows(objects_url, window=str(Decimal(record_s) / 2), chunks_a_task="2"))
    digital = traces(rows(objects_url, window=str(Decimal(record_s) / 2), values="digital"))
    for each in signals:
        held = len(physical[each.label, 0])
        assert len(samples[each.label]) - held < max(1, each.rate)
        assert np.array_equal(physical[each.label, 0], each.physical(samples[each.label][:held]))
        assert np.array_equal(digital[each.label, 0], samples[each.label][:held])


def test_a_gap_ends_a_stretch_and_begins_a_grid(tmp_path: Path, objects: Objects, objects_url: str) -> None:
    samples = write(tmp_path / "a.edf", kind="EDF+D", onsets=GAPPED)["LTG2"]
    take(tmp_path / "a.edf", objects)
    table = [row for row in rows(objects_url, window="2") if row["label"] == "LTG2"]
    found = traces(table)
    assert np.array_equal(found["LTG2", 0], PLAIN[1].physical(samples[:300])), "the seventh second is in no window"
    assert np.array_equal(found["LTG2", 1], PLAIN[1].physical(samples[350:850]))
    starts = [row["start"] for row in table if row["stretch"] == 1]
    assert starts[:2] == [datetime(2002, 1, 3, 14, 5, 20), datetime(2002, 1, 3, 14, 5, 22)]
    assert [row["chunk"] for row in table if row["stretch"] == 1][:2] == [3, 3]


def test_windows_longer_than_chunks_run_over_them(tmp_path: Path, objects: Objects, objects_url: str) -> None:
    samples = write(tmp_path / "a.edf", records=22)["LTG1"]
    take(tmp_path / "a.edf", objects, chunk_seconds=2)
    found = traces(rows(objects_url, window="7", chunks_a_task="1"))["LTG1", 0]
    assert np.array_equal(found, PLAIN[0].physical(samples[: 21 * 200]))


def other_size(content: bytes) -> bytes:
    return content[:-2]


def other_samples(content: bytes) -> bytes:
    return content[:-1] + bytes([content[-1] ^ 1])


def other_place(content: bytes) -> bytes:
    header, length = decode(content)
    return encode(replace(header, channel=2)) + content[length:]


def other_beginning(content: bytes) -> bytes:
    return b"<html>" + content


def empty(_content: bytes) -> bytes:
    return b""


@pytest.mark.parametrize("damage", [other_size, other_samples, other_place, other_beginning, empty, None])
@pytest.mark.parametrize("chunks_a_task", ["1", "16"])
def test_a_bad_chunk_is_one_row_and_costs_the_windows_that_touch_it(
    damage: object, chunks_a_task: str, tmp_path: Path, objects: Objects, objects_url: str
) -> None:
    samples = write(tmp_path / "a.edf", records=12)["LTG1"]
    take(tmp_path / "a.edf", objects)
    if callable(damage):
        objects.put(BUCKET, LTG1, damage(objects.get(BUCKET, LTG1)))
    else:
        objects.delete(BUCKET, LTG1)
    table = rows(objects_url, window="2", chunks_a_task=chunks_a_task)
    told = faults(table)
    assert list(told) == [("LTG1", 1)]
    assert told["LTG1", 1]
    good = [row for row in table if row["label"] == "LTG1" and row["fault"] is None]
    # Chunk 1 is seconds 3 to 6: of the windows of two seconds, numbers 1 and 2 touch it.
    assert [row["window"] for row in good] == [0, 3, 4, 5]
    assert np.array_equal(good[1]["samples"], PLAIN[0].physical(samples[1200:1600]))
    assert len([row for row in table if row["label"] == "LTG2"]) == 6
    told_row = next(row for row in table if row["fault"])
    assert (told_row["first_sample"], told_row["start"]) == (600, datetime(2002, 1, 3, 14, 5, 3))


def runs_of_ltg1(url: str) -> list[Run]:
    from storage.urls import open_objects

    found = options(url).origin.runs(open_objects(url), narrowing=Narrowing().also("label", frozenset({"LTG1"})))
    return list(found)


def test_another_version_of_a_chunk_than_was_asked_for_is_told(
    tmp_path: Path, objects: Objects, objects_url: str
) -> None:
    write(tmp_path / "a.edf", records=6)
    take(tmp_path / "a.edf", objects)
    (run,) = runs_of_ltg1(objects_url)
    told = faults(rows(objects_url, [replace(run, etags=("", "another"))]))
    assert list(told) == [("LTG1", 1)]
    assert "replaced" in told["LTG1", 1]
    assert faults(rows(objects_url, [replace(run, etags=("", objects.head(BUCKET, LTG1).etag))])) == {}


@pytest.mark.parametrize("damage", [other_size, other_place, other_beginning, empty, None])
def test_a_chunk_of_which_little_is_asked_for_is_read_in_part_and_checked_too(
    damage: object, tmp_path: Path, objects: Objects, objects_url: str
) -> None:
    samples = write(tmp_path / "a.edf", records=60)["LTG1"]
    take(tmp_path / "a.edf", objects, chunk_seconds=30)
    (run,) = runs_of_ltg1(objects_url)
    asked = list(run.asked([(2_100_000, 3_000_000), (28_000_000, 31_500_000), (50_000_000, 51_000_000)]))
    table = rows(objects_url, asked, chunks_a_task="1")
    assert [row["window"] for row in table] == [2, 28, 29, 30, 31, 50]
    for row in table:
        first = row["first_sample"]
        assert np.array_equal(row["samples"], PLAIN[0].physical(samples[first : first + 200]))
    if callable(damage):
        objects.put(BUCKET, LTG1, damage(objects.get(BUCKET, LTG1)))
    else:
        objects.delete(BUCKET, LTG1)
    table = rows(objects_url, asked, chunks_a_task="1")
    assert [row["window"] for row in table if row["fault"] is None] == [2, 28, 29]
    assert list(faults(table)) == [("LTG1", 1)]


def test_a_part_is_read_by_range(tmp_path: Path, objects: Objects, objects_url: str) -> None:
    """Damage in samples nobody asks for is not seen, which is how it is known that they are not read."""
    write(tmp_path / "a.edf", records=60)
    take(tmp_path / "a.edf", objects, chunk_seconds=30)
    objects.put(BUCKET, LTG1, other_samples(objects.get(BUCKET, LTG1)))
    (run,) = runs_of_ltg1(objects_url)
    assert faults(rows(objects_url, run.asked([(31_000_000, 32_000_000)]))) == {}
    assert list(faults(rows(objects_url, run.asked([(31_000_000, 45_000_000)])))) == [("LTG1", 1)]


def test_a_channel_without_a_scale_is_told_once_a_chunk_and_read_digitally(
    tmp_path: Path, objects: Objects, objects_url: str
) -> None:
    samples = write(tmp_path / "a.edf", records=6)["LTG1"]
    take(tmp_path / "a.edf", objects)
    (run,) = runs_of_ltg1(objects_url)
    flat = replace(run, gain=None, offset=None)
    assert list(faults(rows(objects_url, [flat], chunks_a_task="1", window="2"))) == [("LTG1", 0), ("LTG1", 1)]
    assert np.array_equal(traces(rows(objects_url, [flat], values="digital"))["LTG1", 0], samples)


def test_a_batch_is_of_bounded_size(
    tmp_path: Path, objects: Objects, objects_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from analysis import table
    from analysis.portions import read, tasks_of

    monkeypatch.setattr(table, "BATCH_BYTES", 200 * 8 * 2)
    write(tmp_path / "a.edf", records=9)
    take(tmp_path / "a.edf", objects, chunk_seconds=9)
    wish = options(objects_url)
    (task,) = tasks_of(runs_of_ltg1(objects_url), options=wish)
    assert [batch.num_rows for batch in read(task, options=wish)] == [2, 2, 2, 2, 1]
