import pytest

from chunks.models import ChunkHeader, RecordingOverlap, RecordingState
from downloads.entries import entries
from downloads.errors import PathRefused
from downloads.manifest import Entry
from people.scope import server_scope
from selections.resolve import resolve
from selections.selection import Selection
from storage.errors import StoreUnreachable
from storage.folder import FolderObjects
from storage.objects import Objects
from tests.downloads.held import hold

pytestmark = pytest.mark.database


def found(store: Objects, **question: tuple[str, ...]) -> list[Entry]:
    return list(entries(resolve(Selection(**question), scope=server_scope(means="command")), store=store))


def test_a_recording_gives_its_chunks_and_annotations_in_path_order(store: Objects) -> None:
    hold(store, labels=["LTG1", "Zz", "aa"], hours=1)
    assert [each.path.removeprefix("s3_download/2002/day3_140500/") for each in found(store)] == [
        "LTG1_chunk-0.chn",
        "Zz_chunk-0.chn",
        "aa_chunk-0.chn",
        "annotations.json",
    ]


def test_each_entry_is_true_of_its_object(store: Objects) -> None:
    hold(store, labels=["LTG1"], hours=1, warnings=["a gap of 2 s"])
    chunk, annotations = found(store)
    row = ChunkHeader.objects.get()
    assert (chunk.etag, chunk.size_bytes) == (
        store.head(chunk.bucket, chunk.key).etag,
        len(store.get(chunk.bucket, chunk.key)),
    )
    assert (chunk.crc32_samples, chunk.crc32_file) == (row.crc32, row.file_crc32)
    assert (chunk.channel, chunk.label, chunk.start, chunk.stop) == (1, "LTG1", row.start, row.stop)
    info = store.head(annotations.bucket, annotations.key)
    assert (annotations.etag, annotations.size_bytes, annotations.crc32_file) == (info.etag, info.size_bytes, None)
    assert (annotations.channel, annotations.label) == (None, "")
    assert chunk.warnings == annotations.warnings == ("a gap of 2 s",)


def test_a_chunk_says_what_of_it_another_recording_holds(store: Objects) -> None:
    first = hold(store, labels=["LTG1", "LTG2"], hours=2)
    second = hold(store, recording="day3_140500_b", labels=["LTG1"], hours=1, seed=2)
    RecordingOverlap.objects.create(
        bucket=second.bucket,
        recording=second.name,
        place=0,
        patient="2002",
        earlier=first.name,
        start=second.start,
        stop=second.stop,
        channels='["ltg1"]',
        verdict="different",
        shift_us=0,
    )
    said = {each.path.removeprefix("s3_download/2002/"): each.warnings for each in found(store)}
    assert {path: warnings for path, warnings in said.items() if warnings} == {
        "day3_140500/LTG1_chunk-0.chn": ("day 3 14:05 to day 3 15:05 is held by day3_140500_b too",),
        "day3_140500_b/LTG1_chunk-0.chn": ("day 3 14:05 to day 3 15:05 is held by day3_140500 too",),
    }


def test_a_recording_of_which_nothing_is_found_gives_nothing(store: Objects) -> None:
    hold(store)
    hold(store, recording="day4_000000", labels=["EKG"])
    assert {each.recording for each in found(store, channels=("EKG",))} == {"day4_000000"}


def test_a_recording_that_is_not_ok_gives_nothing(store: Objects) -> None:
    held = hold(store)
    held.state = RecordingState.HIDDEN
    held.save()
    assert found(store) == []


def test_annotations_that_are_gone_are_listed_to_fail_by_name(store: Objects) -> None:
    hold(store, labels=["LTG1"], hours=1, annotations=False)
    *_, annotations = found(store)
    assert (annotations.path, annotations.size_bytes, annotations.etag) == (
        "s3_download/2002/day3_140500/annotations.json",
        0,
        "",
    )
    assert "There is no object" in annotations.warnings[0]


def test_a_store_that_is_away_is_no_missing_object(store: Objects, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_args: object) -> None:
        raise StoreUnreachable("edf-chunks-2002", detail="no route")

    hold(store)
    monkeypatch.setattr(FolderObjects, "head", away)
    with pytest.raises(StoreUnreachable):
        found(store)


def test_of_many_warnings_the_first_stand_in_each_row(store: Objects) -> None:
    hold(store, labels=["LTG1"], hours=1, warnings=[f"warning {n}" for n in range(40)])
    assert found(store)[0].warnings == ("warning 0", "warning 1", "warning 2", "warning 3", "warning 4", "and 35 more")


@pytest.mark.parametrize("key", ["day3_140500/../x.chn", "day3_140500//x.chn", "day3_140500/con.chn"])
def test_a_row_with_a_hostile_key_is_refused(store: Objects, key: str) -> None:
    hold(store, labels=["LTG1"], hours=1)
    ChunkHeader.objects.update(object_key=key)
    with pytest.raises(PathRefused):
        found(store)


def test_labels_of_any_kind_lead_to_names_inside_the_folder(store: Objects) -> None:
    hostile = ["../../etc/passwd", "C:\\x", "CON", "a/b", "LTG1", "ltg1", "", "é\u202e", "=1+1"]
    hold(store, labels=hostile, hours=1)
    paths = [each.path for each in found(store)]
    assert len({path.lower() for path in paths}) == len(hostile) + 1
    assert {path.rpartition("/")[0] for path in paths} == {"s3_download/2002/day3_140500"}


def test_two_patients_with_equal_names_are_apart(store: Objects) -> None:
    hold(store, "2002", labels=["LTG1"], hours=1)
    hold(store, "2003", labels=["LTG1"], hours=1)
    assert [each.path.split("/")[1] for each in found(store)] == ["2002", "2002", "2003", "2003"]
