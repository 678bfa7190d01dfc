"""A recording is taken in once, whole, under one name, however often and however badly it was begun."""

import json
import os
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from chunks.batch import Batch, Result, Wish
from chunks.edf.packing import AnnotationSpec
from chunks.format.keys import withheld_bucket
from chunks.models import ChunkHeader, Recording
from people.models import Patient
from people.scope import server_scope
from storage.errors import StoreFull
from storage.objects import Objects
from tests.chunks.conftest import BUCKET
from tests.chunks.made import EEG, START, SURGERY, Channel, joined, read_chunks, whole_tree, write_recording

pytestmark = pytest.mark.database
NAME = "day3_140500"


def take(path: Path, objects: Objects, *, surgery: object = SURGERY, **wish: object) -> Result:
    batch = Batch(
        patient="2002",
        surgery=surgery,
        surgery_source="date given",
        wish=Wish(**wish),
        objects=objects,
        scope=server_scope(means="test"),
    )
    return batch.ingest(path, place=1, progress=lambda _bytes: None)


def rows() -> list[dict[str, object]]:
    """Every header row but what differs from run to run."""
    fields = [field.name for field in ChunkHeader._meta.fields if field.name not in {"id", "etag", "indexed_at"}]
    return list(ChunkHeader.objects.order_by("bucket", "object_key").values(*fields))


def without_etag(recording: Recording) -> dict[str, object]:
    fields = [field.name for field in Recording._meta.fields if field.name not in {"id", "etag", "indexed_at"}]
    return {name: getattr(recording, name) for name in fields}


def test_a_recording_becomes_chunks_and_rows(tmp_path: Path, patient: str, objects: Objects) -> None:
    samples = write_recording(tmp_path / "a.edf")
    result = take(tmp_path / "a.edf", objects)
    assert (result.outcome, result.recording, result.chunks) == ("ingested", NAME, 4)
    for number, trace in joined(read_chunks(objects, BUCKET, NAME)).items():
        assert np.array_equal(trace, samples[number])
    recording = Recording.objects.get()
    assert (recording.state, recording.patient, recording.chunks_expected) == ("ok", "2002", 4)
    assert recording.labels == [(number, each.label) for number, each in enumerate(EEG, 1)]
    assert recording.stop - recording.start == timedelta(seconds=10)
    row = ChunkHeader.objects.get(label="EKG")
    assert (row.object_key, row.channel, row.samples) == (f"{NAME}/EKG_chunk-0.chn", 3, 500)
    assert row.start.isoformat() == "2002-01-03T14:05:00"


def test_the_row_says_what_the_object_is(tmp_path: Path, patient: str, objects: Objects) -> None:
    write_recording(tmp_path / "a.edf")
    take(tmp_path / "a.edf", objects)
    import zlib

    for row in ChunkHeader.objects.all():
        content = objects.get(row.bucket, row.object_key)
        info = objects.head(row.bucket, row.object_key)
        assert (len(content), f"{zlib.crc32(content):08x}", info.etag) == (row.size_bytes, row.file_crc32, row.etag)


def test_the_same_file_again_changes_nothing_and_says_so(tmp_path: Path, patient: str, objects: Objects) -> None:
    write_recording(tmp_path / "a.edf")
    take(tmp_path / "a.edf", objects)
    before = whole_tree(tmp_path / "objects")
    again = take(tmp_path / "a.edf", objects, chunk_seconds=5, name="other")
    assert (again.outcome, again.recording) == ("already there", NAME)
    assert whole_tree(tmp_path / "objects") == before
    assert Recording.objects.count() == 1


def test_rows_that_a_kill_left_out_are_written_by_the_next_run(tmp_path: Path, patient: str, objects: Objects) -> None:
    write_recording(tmp_path / "a.edf")
    take(tmp_path / "a.edf", objects)
    expected = rows(), without_etag(Recording.objects.get())
    ChunkHeader.objects.filter(label="LTG1").delete()
    Recording.objects.all().delete()
    assert take(tmp_path / "a.edf", objects).rows_repaired == 1
    assert (rows(), without_etag(Recording.objects.get())) == expected


def test_chunks_that_were_lost_are_put_again_and_nothing_else_is_touched(
    tmp_path: Path, patient: str, objects: Objects
) -> None:
    write_recording(tmp_path / "a.edf")
    take(tmp_path / "a.edf", objects, chunk_seconds=5)
    before, moments = whole_tree(tmp_path / "objects"), touched(tmp_path / "objects")
    expected = rows()
    lost = list(ChunkHeader.objects.values_list("object_key", flat=True)[::2])
    for key in lost:
        objects.delete(BUCKET, key)
    again = take(tmp_path / "a.edf", objects, chunk_seconds=5)
    assert (again.outcome, again.recording, again.rows_repaired) == ("completed", NAME, 0)
    assert whole_tree(tmp_path / "objects") == before
    now = touched(tmp_path / "objects")
    assert {key for key in now if now[key] != moments[key]} == set(lost)
    assert rows() == expected
    assert take(tmp_path / "a.edf", objects, chunk_seconds=5).outcome == "already there"


def test_chunks_that_were_lost_come_of_the_same_data_cut_alike(tmp_path: Path, patient: str, objects: Objects) -> None:
    file = tmp_path / "a.edf"
    write_recording(file)
    take(file, objects)
    objects.delete(BUCKET, str(ChunkHeader.objects.values_list("object_key", flat=True)[0]))
    before = whole_tree(tmp_path / "objects")
    otherwise = take(file, objects, chunk_seconds=1)
    assert "with --chunk-seconds 3600" in otherwise.reason
    with file.open("r+b") as damaged:  # neither in the first, nor the middle, nor the last data record
        header_bytes = int(file.read_bytes()[184:192])
        damaged.seek(header_bytes + (file.stat().st_size - header_bytes) // 4)
        damaged.write(b"\x01\x02\x03")
    other = take(file, objects)
    assert "holds other data" in other.reason
    assert whole_tree(tmp_path / "objects") == before


def touched(store: Path) -> dict[str, int]:
    """When each chunk was written."""
    bucket = store / BUCKET
    return {str(each.relative_to(bucket)): each.stat().st_mtime_ns for each in bucket.rglob("*.chn")}


def test_another_recording_of_the_same_second_takes_the_next_letter(
    tmp_path: Path, patient: str, objects: Objects
) -> None:
    samples = [write_recording(tmp_path / f"{seed}.edf", seed=seed) for seed in range(3)]
    results = [take(tmp_path / f"{seed}.edf", objects) for seed in range(3)]
    assert [result.recording for result in results] == [NAME, f"{NAME}_b", f"{NAME}_c"]
    for made, result in zip(samples, results, strict=True):
        for number, trace in joined(read_chunks(objects, BUCKET, result.recording)).items():
            assert np.array_equal(trace, made[number])


def test_flat_recordings_of_two_days_share_a_fingerprint_and_are_two(
    tmp_path: Path, patient: str, objects: Objects
) -> None:
    flat = (Channel("LTG1", 0x10),)
    for day in range(2):
        path = tmp_path / f"{day}.edf"
        write_recording(path, kind="EDF", channels=flat, start=START + timedelta(days=day), seconds=3)
        content = bytearray(path.read_bytes())
        content[512:] = bytes(len(content) - 512)
        path.write_bytes(content)
    first, second = (take(tmp_path / f"{day}.edf", objects) for day in range(2))
    assert (first.outcome, second.outcome) == ("ingested", "ingested")
    assert {first.recording, second.recording} == {NAME, "day4_140500"}


def test_an_interrupted_recording_is_completed_under_its_claim(
    tmp_path: Path, patient: str, objects: Objects, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_recording(tmp_path / "a.edf", seconds=60)
    undisturbed = tmp_path / "undisturbed"
    put, count = type(objects).put, 0

    def failing(self: Objects, bucket: str, key: str, *args: object, **options: object) -> object:
        nonlocal count
        count += 1
        if count == 30:
            raise StoreFull(bucket, key=key)
        return put(self, bucket, key, *args, **options)

    take(tmp_path / "a.edf", objects, chunk_seconds=7)
    expected = whole_tree(tmp_path / "objects"), rows()
    (tmp_path / "objects").rename(undisturbed)
    ChunkHeader.objects.all().delete()
    Recording.objects.all().delete()
    monkeypatch.setattr(type(objects), "put", failing)
    broken = take(tmp_path / "a.edf", objects, chunk_seconds=5)
    assert broken.outcome == "refused"
    assert Recording.objects.get().state == "ingesting"
    completed = take(tmp_path / "a.edf", objects, chunk_seconds=7)
    assert (completed.outcome, completed.recording) == ("completed", NAME)
    assert (whole_tree(tmp_path / "objects"), rows()) == expected


def test_a_damaged_chunk_of_an_earlier_run_is_written_again(
    tmp_path: Path, patient: str, objects: Objects, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_recording(tmp_path / "a.edf")
    monkeypatch.setattr("chunks.ingest.put_annotations", lambda *_args, **_options: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        take(tmp_path / "a.edf", objects)
    monkeypatch.undo()
    damaged = objects.get(BUCKET, f"{NAME}/EKG_chunk-0.chn")[:-1]
    objects.put(BUCKET, f"{NAME}/EKG_chunk-0.chn", damaged)
    assert take(tmp_path / "a.edf", objects).outcome == "completed"
    assert len(objects.get(BUCKET, f"{NAME}/EKG_chunk-0.chn")) == len(damaged) + 1


def test_another_date_of_surgery_is_refused_and_neither_is_told(tmp_path: Path, patient: str, objects: Objects) -> None:
    write_recording(tmp_path / "a.edf")
    take(tmp_path / "a.edf", objects)
    refused = take(tmp_path / "a.edf", objects, surgery=SURGERY + timedelta(days=1))
    assert refused.outcome == "refused"
    assert "2017" not in refused.reason
    assert SURGERY.isoformat() not in Patient.objects.get().surgery_date_hash


def test_a_withdrawn_letter_is_not_a_way_out_of_the_folder(tmp_path: Path, patient: str, objects: Objects) -> None:
    write_recording(tmp_path / "a.edf")
    for name in ("../up", "a/b", "con", "", "..", "a\0b", "/etc/passwd", "a\\b"):
        if name:
            assert take(tmp_path / "a.edf", objects, name=name).outcome == "refused"
    assert not list(objects.list(BUCKET))


def test_texts_are_withheld_until_released(tmp_path: Path, patient: str, objects: Objects) -> None:
    notes = [AnnotationSpec(Decimal("2.5"), "Mary Smith called", duration=Decimal(3))]
    write_recording(tmp_path / "a.edf", notes=notes)
    take(tmp_path / "a.edf", objects)
    key = f"{NAME}/annotations.json"
    public = objects.get(BUCKET, key)
    assert b"Mary" not in public
    (told,) = json.loads(public)["annotations"]
    assert told == {"onset_us": 2_500_000, "duration_us": 3_000_000, "channel": None, "text": "event"}
    held = objects.get(withheld_bucket(prefix="edf-chunks-"), f"2002/{key}")
    assert json.loads(held)["annotations"][0]["text"] == "Mary Smith called"
    released = take(tmp_path / "a.edf", objects, release_annotations=True)
    assert released.outcome == "already there"
    assert json.loads(objects.get(BUCKET, key))["annotations"][0]["text"] == "Mary Smith called"


def test_a_file_of_annotations_alone_has_no_chunk(tmp_path: Path, patient: str, objects: Objects) -> None:
    notes = [AnnotationSpec(Decimal(5), "Sleep stage W")]
    write_recording(tmp_path / "a.edf", channels=(), notes=notes, record_s="0", onsets=[Decimal(0)], kind="EDF+D")
    result = take(tmp_path / "a.edf", objects, release_annotations=True)
    assert (result.outcome, result.chunks) == ("ingested", 0)
    assert Recording.objects.get().state == "ok"
    assert json.loads(objects.get(BUCKET, f"{NAME}/annotations.json"))["annotations"][0]["onset_us"] == 5_000_000


def test_a_truncated_file_that_still_grows_says_so(tmp_path: Path, patient: str, objects: Objects) -> None:
    path = tmp_path / "a.edf"
    write_recording(path)
    path.write_bytes(path.read_bytes()[:-300])
    assert "ten minutes" in take(path, objects).reason
    os.utime(path, (0, 0))
    refused = take(path, objects)
    assert refused.outcome == "refused"
    assert "ten minutes" not in refused.reason
    assert take(path, objects, accept_truncated=True).outcome == "ingested"


def test_a_withdrawn_name_in_a_header_reaches_nothing(tmp_path: Path, patient: str, objects: Objects) -> None:
    who = "MCH-0234567 F 02-MAY-1951 Haagse_Harry"
    path = tmp_path / "Haagse_Harry_2017.edf"
    write_recording(path, patient=who, notes=[AnnotationSpec(Decimal(1), "Harry is awake")])
    result = take(path, objects)
    assert result.outcome == "ingested"
    seen = "".join(f"{name}{content!r}" for name, content in whole_tree(tmp_path / "objects" / BUCKET).items())
    seen += repr(result) + repr(rows()) + repr(without_etag(Recording.objects.get()))
    for secret in ("Harry", "0234567", "1951", "2017-03", "14-MAR", "14.03"):
        assert secret not in seen
