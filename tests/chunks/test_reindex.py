"""Buckets and rows are compared both ways; what is wrong is put right, and nothing is removed by mistake."""

import io
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import Settings

from chunks import comparison, index, nightly
from chunks.format.header import encode
from chunks.format.keys import recording_key
from chunks.headers_db.errors import HeadersAsleep
from chunks.headers_db.place import State
from chunks.headers_db.state import read_state, set_state, use_while_waking
from chunks.index import read_line
from chunks.models import ChunkHeader, IndexFault, Recording
from chunks.reindex import reindex
from chunks.reindex_report import OfPatient, Report
from chunks.tombstones import tombstone_key
from jobs.chores import chores
from jobs.models import Job, Runner
from jobs.models import State as JobState
from people.models import AuditEntry, Patient
from people.patients import add_patient
from storage.errors import AccessDenied, KeyUnusable, ObjectArchived, StorageError, StoreUnreachable
from storage.folder import FolderObjects
from storage.objects import ObjectInfo, Objects
from tests.chunks.conftest import BUCKET
from tests.chunks.made import Channel, write_recording

pytestmark = pytest.mark.database(transaction=True)
NAME = "day3_140500"
CHANNELS = [Channel(f"LTG{number}", 10) for number in range(1, 11)]
CHUNKS = 200
FIRST = f"{NAME}/LTG1_chunk-0.chn"


def ingest(path: Path, *more: str, patient: str = "2002") -> str:
    out = io.StringIO()
    words = [str(path), f"--subject={patient}", "--surgery-date=2017-03-11", "--chunk-seconds=1"]
    call_command("ingest_edf", *words, *more, stdout=out)
    return out.getvalue()


def rows(*, moments: bool = False, etags: bool = True) -> list[dict[str, Any]]:
    """Every row, but for its number and the moment of indexing."""
    left_out = {"id"} | (set() if moments else {"indexed_at"}) | (set() if etags else {"etag"})
    return [
        {name: value for name, value in row.items() if name not in left_out}
        for model, key in ((ChunkHeader, "object_key"), (Recording, "name"))
        for row in model.objects.order_by("bucket", key).values()
    ]


def run(*words: str) -> tuple[str, int]:
    """What the command says, and its exit status."""
    out, status = io.StringIO(), 0
    try:
        call_command("reindex", *words, stdout=out, stderr=io.StringIO())
    except CommandError as error:
        status = error.returncode
    return out.getvalue(), status


def of(report: Report) -> OfPatient:
    return report.patients[0]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    write_recording(tmp_path / "a.edf", channels=CHANNELS, seconds=20)
    return tmp_path / "a.edf"


@pytest.fixture
def held(source: Path, patient: str, objects: Objects) -> Iterator[list[dict[str, Any]]]:
    """A recording of 200 chunks, by its rows."""
    ingest(source)
    assert ChunkHeader.objects.count() == CHUNKS
    with patch.object(comparison, "ROWS_A_PAGE", 7):
        yield rows()


def test_rows_are_rebuilt_from_the_buckets_alone(held: list[dict[str, Any]], objects: Objects) -> None:
    ChunkHeader.objects.all().delete()
    Recording.objects.all().delete()
    report = reindex(objects)
    assert (report.objects, report.missing, report.written, report.removed) == (CHUNKS + 1, CHUNKS + 1, CHUNKS + 1, 0)
    assert rows() == held
    assert report.clean


def test_what_is_true_is_left_alone(held: list[dict[str, Any]], objects: Objects) -> None:
    before = rows(moments=True)
    report = reindex(objects, fix=True, many=lambda _: True)
    assert (report.objects, report.written, report.removed, of(report).rows) == (CHUNKS + 1, 0, 0, CHUNKS + 1)
    assert rows(moments=True) == before


def test_some_rows_are_missing_and_some_are_old(held: list[dict[str, Any]], objects: Objects) -> None:
    gone = list(ChunkHeader.objects.order_by("object_key").values_list("pk", flat=True)[::9])
    ChunkHeader.objects.filter(pk__in=gone).delete()
    ChunkHeader.objects.filter(object_key=ChunkHeader.objects.first().object_key).update(etag="old", samples=1)  # type: ignore[union-attr]
    Recording.objects.update(etag="old", state="hidden")
    report = reindex(objects)
    assert (report.missing, report.stale, report.written) == (len(gone), 2, len(gone) + 2)
    assert rows() == held


def test_a_check_writes_nothing(held: list[dict[str, Any]], objects: Objects) -> None:
    ChunkHeader.objects.filter(label="LTG3").delete()
    objects.delete(BUCKET, FIRST)
    objects.put(BUCKET, f"{NAME}/bad_chunk-0.chn", b"no")
    before = rows(moments=True)
    report = reindex(objects, check=True, fix=True, many=lambda _: True)
    assert (report.missing, report.written, report.orphaned, report.removed) == (20, 0, 1, 0)
    assert of(report).named == [(f"{NAME}/bad_chunk-0.chn", "It cannot be indexed: it ends before its line 1 does.")]
    assert rows(moments=True) == before
    assert not IndexFault.objects.exists()


def test_orphans_are_removed_only_where_asked_for(held: list[dict[str, Any]], objects: Objects) -> None:
    objects.delete(BUCKET, FIRST)
    report = reindex(objects)
    assert (report.orphaned, report.removed, of(report).orphans) == (1, 0, [FIRST])
    assert ChunkHeader.objects.count() == CHUNKS
    report = reindex(objects, fix=True)
    assert (report.orphaned, report.removed) == (1, 1)
    assert ChunkHeader.objects.count() == CHUNKS - 1
    assert of(report).incomplete == [(NAME, CHUNKS - 1, CHUNKS)]


def test_more_than_one_in_a_hundred_is_asked(held: list[dict[str, Any]], objects: Objects) -> None:
    for number in range(3):
        objects.delete(BUCKET, f"{NAME}/LTG1_chunk-{number}.chn")
    report = reindex(objects, fix=True)
    assert (report.orphaned, report.removed, of(report).kept_because_many) == (3, 0, True)
    assert ChunkHeader.objects.count() == CHUNKS
    asked: list[str] = []
    report = reindex(objects, fix=True, many=lambda each: not asked.append(each.patient))  # type: ignore[func-returns-value]
    assert (report.removed, asked) == (3, ["2002"])
    assert ChunkHeader.objects.count() == CHUNKS - 3


def test_a_recording_that_is_gone_leaves_no_row(held: list[dict[str, Any]], objects: Objects) -> None:
    for info in list(objects.list(BUCKET)):
        objects.delete(BUCKET, info.key)
    assert reindex(objects, fix=True, many=lambda _: True).removed == CHUNKS + 1
    assert not rows()


def test_a_recording_that_lost_its_document_alone_keeps_its_row_unless_asked(
    held: list[dict[str, Any]], objects: Objects
) -> None:
    objects.delete(BUCKET, recording_key(NAME))
    report = of(reindex(objects))
    assert (report.orphans, report.removed) == ([recording_key(NAME)], 0)
    assert rows() == held
    nightly.compare_chunks()
    assert rows() == held
    assert of(reindex(objects, fix=True, many=lambda _: True)).removed == 1
    assert not Recording.objects.exists()


@pytest.mark.parametrize("error", [AccessDenied(BUCKET), StoreUnreachable(BUCKET, detail="time-out")])
def test_a_listing_that_breaks_off_makes_no_orphan(
    error: Exception, held: list[dict[str, Any]], objects: Objects
) -> None:
    real = FolderObjects.list

    def broken(self: FolderObjects, bucket: str, *, prefix: str = "") -> Iterator[ObjectInfo]:
        for place, info in enumerate(real(self, bucket, prefix=prefix)):
            if place == 50:
                raise error
            yield info

    with patch.object(FolderObjects, "list", broken):
        report = reindex(objects, fix=True, many=lambda _: True)
    assert of(report).fault
    assert report.removed == 0
    assert rows() == held


def test_a_bucket_that_is_missing_is_one_line(held: list[dict[str, Any]], objects: Objects, store_folder: Path) -> None:
    (store_folder / BUCKET).rename(store_folder / "elsewhere")
    add_patient("2003")
    objects.make_bucket("edf-chunks-2003")
    told, status = run("--fix", "--yes")
    assert "patient 2002 could not be compared: There is no bucket" in told
    assert status == 3
    assert rows() == held


def test_a_row_written_meanwhile_is_no_orphan(held: list[dict[str, Any]], objects: Objects) -> None:
    """Its object is put after the listing has passed its place, its row before the rows are."""
    info = objects.head(BUCKET, FIRST)
    real = FolderObjects.list

    def without(self: FolderObjects, bucket: str, *, prefix: str = "") -> Iterator[ObjectInfo]:
        return (each for each in real(self, bucket, prefix=prefix) if each.key != FIRST)

    with patch.object(FolderObjects, "list", without):
        report = reindex(objects, fix=True, many=lambda _: True)
    assert (report.orphaned, report.removed) == (0, 0)
    assert ChunkHeader.objects.get(object_key=FIRST).etag == info.etag


def test_a_row_written_again_after_the_look_is_kept(held: list[dict[str, Any]], objects: Objects) -> None:
    content = objects.get(BUCKET, FIRST)
    objects.delete(BUCKET, FIRST)

    def put_again(_: OfPatient) -> bool:
        info = objects.put(BUCKET, FIRST, content)
        index.index_chunks([(*read_line(objects, bucket=BUCKET, key=FIRST), info)])
        return True

    for number in range(1, 5):
        objects.delete(BUCKET, f"{NAME}/LTG1_chunk-{number}.chn")
    report = reindex(objects, fix=True, many=put_again)
    assert report.removed == 4
    assert ChunkHeader.objects.filter(object_key=FIRST).exists()


def test_an_object_replaced_while_rows_are_written_ends_with_its_own_row(
    held: list[dict[str, Any]], objects: Objects
) -> None:
    ChunkHeader.objects.all().delete()
    content = objects.get(BUCKET, FIRST)
    real = index.index_chunks

    def late(entries: Any) -> None:
        entries = list(entries)
        if any(info.key == FIRST for _, _, info in entries) and len(entries) > 1:
            objects.put(BUCKET, FIRST, content)
        real(entries)

    with patch.object(index, "index_chunks", late):
        reindex(objects)
    assert ChunkHeader.objects.get(object_key=FIRST).etag == objects.head(BUCKET, FIRST).etag


def test_what_cannot_be_read_becomes_a_fault_and_stops_nothing(
    held: list[dict[str, Any]], objects: Objects, store_folder: Path
) -> None:
    ChunkHeader.objects.all().delete()
    header, _ = read_line(objects, bucket=BUCKET, key=FIRST)
    bad = {
        f"{NAME}/a_chunk-0.chn": b"<html>" + b"x" * 70_000,
        f"{NAME}/b_chunk-0.chn": b"",
        f"{NAME}/c_chunk-0.chn": encode(header).replace(b'"patient": "2002"', b'"patient": "2007"'),
        "other/recording.json": objects.get(BUCKET, recording_key(NAME)),
        "none/recording.json": b'{"fingerprint": "x", "recording": "none", "patient": "2002"}',
    }
    for key, content in bad.items():
        objects.put(BUCKET, key, content)
    odd = (store_folder / BUCKET / NAME).as_posix().encode() + b"/caf\xe9_chunk-0.chn"
    with open(odd, "wb") as file:  # noqa: PTH123 (a path that is no text)
        file.write(b"x")
    report = reindex(objects)
    assert report.written == CHUNKS
    assert {key for key, _ in of(report).named} == {*bad, f"{NAME}/caf\\xe9_chunk-0.chn"}
    assert set(IndexFault.objects.values_list("object_key", flat=True)) == {key for key, _ in of(report).named}
    assert IndexFault.objects.filter(object_key__endswith="c_chunk-0.chn", reason__contains="another patient").exists()
    assert not ChunkHeader.objects.exclude(patient="2002").exists()
    reindex(objects)
    assert set(IndexFault.objects.values_list("times", flat=True)) == {2}


@pytest.mark.parametrize("error", [ObjectArchived, AccessDenied, KeyUnusable])
def test_annotations_that_cannot_be_read_stop_nothing(
    held: list[dict[str, Any]], objects: Objects, error: type[StorageError]
) -> None:
    """Such as those that a rule of the bucket has moved into an archive."""
    ChunkHeader.objects.all().delete()
    objects.delete(BUCKET, FIRST)
    stream, get_range = FolderObjects.stream, FolderObjects.get_range

    def refused(read: Any) -> Any:
        def ask(self: FolderObjects, bucket: str, key: str, **more: Any) -> Any:
            if key.endswith("/annotations.json"):
                raise error(bucket, key=key)
            return read(self, bucket, key, **more)

        return ask

    with (
        patch.object(FolderObjects, "stream", refused(stream)),
        patch.object(FolderObjects, "get_range", refused(get_range)),
    ):
        report = reindex(objects)
    assert (of(report).fault, report.written, of(report).incomplete) == ("", CHUNKS - 1, [(NAME, CHUNKS - 1, CHUNKS)])


def test_what_comes_back_unreadable_while_orphans_are_removed_stops_nothing(
    held: list[dict[str, Any]], objects: Objects
) -> None:
    for info in list(objects.list(BUCKET)):
        objects.delete(BUCKET, info.key)

    def agreed(_each: OfPatient) -> bool:
        objects.put(BUCKET, recording_key(NAME), b"no recording")
        return True

    report = reindex(objects, fix=True, many=agreed)
    assert (of(report).fault, report.removed) == ("", CHUNKS)
    assert not ChunkHeader.objects.exists()


def test_a_fault_goes_when_its_object_can_be_read_or_is_gone(held: list[dict[str, Any]], objects: Objects) -> None:
    good = objects.get(BUCKET, FIRST)
    objects.put(BUCKET, FIRST, b"bad")
    objects.put(BUCKET, f"{NAME}/b_chunk-0.chn", b"bad")
    reindex(objects)
    assert IndexFault.objects.count() == 2
    objects.put(BUCKET, FIRST, good)
    objects.delete(BUCKET, f"{NAME}/b_chunk-0.chn")
    reindex(objects)
    assert not IndexFault.objects.exists()


def test_no_row_of_who_has_withdrawn_stays_or_comes(
    held: list[dict[str, Any]], objects: Objects, settings: Settings
) -> None:
    objects.make_bucket(settings.SESSIONS_BUCKET)
    objects.put(settings.SESSIONS_BUCKET, tombstone_key("2002"), b"{}")
    assert reindex(objects, check=True).orphaned == CHUNKS + 1
    assert rows() == held
    report = reindex(objects)
    assert (report.removed, of(report).withdrawn, report.clean) == (CHUNKS + 1, True, True)
    assert not rows()
    assert reindex(objects).removed == 0
    Patient.objects.update(withdrawn_at=timezone.now())
    assert "removed" not in run("--patient", "2002")[0].split("\n", maxsplit=1)[1]


def test_rows_of_a_withdrawn_patient_whom_the_portal_has_forgotten_go(
    held: list[dict[str, Any]], objects: Objects, settings: Settings
) -> None:
    Patient.objects.all().delete()
    report = reindex(objects)
    assert len(report.strangers) == 2  # her bucket, and the rows of it
    assert rows() == held
    objects.make_bucket(settings.SESSIONS_BUCKET)
    objects.put(settings.SESSIONS_BUCKET, tombstone_key("2002"), b"{}")
    assert reindex(objects).clean
    assert not rows()


def test_an_interrupted_ingest_is_told_unless_one_is_alive(held: list[dict[str, Any]], objects: Objects) -> None:
    document = json.loads(objects.get(BUCKET, recording_key(NAME))) | {"state": "ingesting"}
    objects.put(BUCKET, recording_key(NAME), json.dumps(document).encode())
    alive = Job.objects.create(
        kind="ingest",
        question="patient=2002",
        question_key="k",
        asker_name="server",
        runner=Runner.COMMAND,
        state=JobState.RUNNING,
        lease_until=timezone.now() + timedelta(seconds=30),
    )
    assert of(reindex(objects)).interrupted == []
    Job.objects.filter(pk=alive.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    assert of(reindex(objects)).interrupted == [NAME]
    assert "its ingest was interrupted" in run()[0]


def test_the_command_says_and_keeps_what_it_did(held: list[dict[str, Any]], objects: Objects) -> None:
    ChunkHeader.objects.filter(label="LTG2").delete()
    told, status = run("--patient", "2002", "--json")
    report = json.loads(told)
    assert (status, report["written"], report["patients"][0]["missing"]) == (0, 20, 20)
    assert AuditEntry.objects.filter(act="reindex", outcome="done").exists()
    objects.put(BUCKET, f"{NAME}/a\n_chunk-0.chn".replace("\n", "-"), b"bad")
    told, status = run()
    assert status == 3
    assert "unreadable" in told


def test_every_night_rows_are_added_and_none_is_removed(held: list[dict[str, Any]], objects: Objects) -> None:
    assert "chunks" in {chore.name for chore in chores()}
    ChunkHeader.objects.filter(label="LTG2").delete()
    objects.delete(BUCKET, FIRST)
    assert nightly.compare_chunks() == "20 rows written, 1 rows without an object, 1 recordings incomplete"
    assert ChunkHeader.objects.count() == CHUNKS


def test_while_the_headers_sleep_it_says_so(held: list[dict[str, Any]], objects: Objects) -> None:
    set_state(read_state(), state=State.ASLEEP, by="ann")
    with pytest.raises(CommandError, match="is asleep since"):
        call_command("reindex", stdout=io.StringIO())
    assert nightly.compare_chunks() == ""
    set_state(read_state(), state=State.WAKING, by="ann")
    with pytest.raises(HeadersAsleep):
        reindex(objects)
    with use_while_waking():
        assert reindex(objects).objects == CHUNKS + 1


@pytest.mark.parametrize("index_setting", ["direct", "events"])
def test_a_file_taken_in_while_the_headers_sleep_ends_like_any_other(
    index_setting: str, source: Path, patient: str, objects: Objects, settings: Settings, tmp_path: Path
) -> None:
    settings.INDEX = index_setting
    sleeps = index_setting == "direct"
    write_recording(tmp_path / "b.edf", channels=CHANNELS, seconds=5, seed=3)
    if sleeps:
        set_state(read_state(), state=State.ASLEEP, by="ann")
    told = ingest(source)
    assert f"ingested as {NAME}" in told
    assert "Header rows follow" in told
    assert f"ingested as {NAME}_b" in ingest(tmp_path / "b.edf")
    again = ingest(source)
    assert f"already there as {NAME}" in again
    assert "Header rows follow" in again
    out = io.StringIO()
    call_command("ingest_edf", str(tmp_path / "b.edf"), "--which", stdout=out)
    assert f"patient 2002, {NAME}_b (in conflict)" in out.getvalue()
    if sleeps:
        set_state(read_state(), state=State.AWAKE, by="ann")
    assert not rows()
    assert reindex(objects).written == CHUNKS + 50 + 2
    recovered = rows(etags=False)
    # The same, undisturbed.
    for info in list(objects.list(BUCKET)):
        objects.delete(BUCKET, info.key)
    assert reindex(objects, fix=True, many=lambda _: True).removed == len(recovered)
    settings.INDEX = "direct"
    for path in (source, tmp_path / "b.edf"):
        assert "Header rows follow" not in ingest(path)
    assert rows(etags=False) == recovered


def test_rows_left_out_half_way_are_there_at_the_end(source: Path, patient: str, objects: Objects) -> None:
    """The database sleeps while the first chunks are put, and wakes before the last."""
    real, calls = index.index_chunks, []

    def sleepy(entries: Any) -> None:
        calls.append(1)
        if len(calls) < 4:
            raise HeadersAsleep(read_state())
        real(entries)

    with patch.object(index, "index_chunks", sleepy):
        told = ingest(source)
    assert len(calls) > 4
    assert "Header rows follow" not in told
    assert ChunkHeader.objects.count() == CHUNKS
