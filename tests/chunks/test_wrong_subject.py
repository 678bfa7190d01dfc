"""A file that is taken in for the wrong patient is refused, and nothing of it is left."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from pytest_django import Settings

from chunks import batch as batch_module
from chunks import ingest as ingesting
from chunks.batch import Batch, Result, Wish
from chunks.headers_db.place import State
from chunks.headers_db.state import read_state, set_state
from chunks.models import ChunkHeader, Recording
from chunks.sources import look_of
from people.models import PatientIdentity
from people.patients import add_patient
from people.scope import Scope, scope_for, server_scope
from storage.objects import Objects
from tests.chunks.made import START, SURGERY, whole_tree, write_recording
from tests.people.makers import grant, make_user

pytestmark = pytest.mark.database(transaction=True)
JANE, JOHN = "MCH-0234567 F 02-MAY-1951 Jane_Doe", "MCH-0777777 M 03-JAN-1960 John_Smith"


def take(path: Path, objects: Objects, *, patient: str = "2002", scope: Scope | None = None, **wish: object) -> Result:
    batch = Batch(
        patient=patient,
        surgery=SURGERY,
        surgery_source="date given",
        wish=Wish(**wish),
        objects=objects,
        scope=scope or server_scope(means="test"),
    )
    return batch.ingest(path, place=1, progress=lambda _bytes: None)


@pytest.fixture
def two(patient: str, objects: Objects) -> tuple[str, str]:
    add_patient("2003")
    return patient, "2003"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    write_recording(tmp_path / "a.edf", patient=JANE)
    return tmp_path / "a.edf"


def with_another_header(file: Path) -> Path:
    """The same data records in a file of another size."""
    other = file.with_name("other.edf")
    content = file.read_bytes()
    other.write_bytes(content + b"\0" * 7)  # bytes after the last record are left out of the data
    return other


def test_a_file_held_for_another_patient_is_refused_before_anything_is_written(
    two: tuple[str, str], file: Path, objects: Objects, store_folder: Path
) -> None:
    assert take(file, objects).outcome == "ingested"
    before = whole_tree(store_folder)
    refused = take(file, objects, patient="2003", identity_checked=True)
    assert (refused.outcome, refused.refusal) == ("refused", "HeldElsewhere")
    assert "patient 2002 (day3_140500)" in refused.reason
    assert whole_tree(store_folder) == before
    assert not PatientIdentity.objects.filter(patient_id="2003").exists()


def test_the_same_data_under_another_header_are_taken_back(
    two: tuple[str, str], file: Path, objects: Objects, store_folder: Path
) -> None:
    assert take(file, objects).outcome == "ingested"
    before = whole_tree(store_folder)
    refused = take(with_another_header(file), objects, patient="2003", identity_checked=True)
    assert refused.refusal == "HeldElsewhere"
    assert whole_tree(store_folder) == before
    assert not Recording.objects.filter(patient="2003").exists()
    assert not ChunkHeader.objects.filter(patient="2003").exists()
    assert not PatientIdentity.objects.filter(patient_id="2003").exists()


def test_who_may_not_see_the_other_patient_is_not_told_who_it_is(
    two: tuple[str, str], file: Path, objects: Objects
) -> None:
    take(file, objects)
    nurse = make_user("nurse")
    grant(nurse, patient="2003")
    for path in (file, with_another_header(file)):
        refused = take(path, objects, patient="2003", scope=scope_for(nurse, means="page"), identity_checked=True)
        assert refused.refusal == "HeldElsewhere"
        assert "another patient already" in refused.reason
        assert "2002" not in refused.reason


@pytest.mark.parametrize("rewritten", [lambda file: file, with_another_header])
def test_it_is_found_while_the_headers_database_sleeps(
    two: tuple[str, str], file: Path, objects: Objects, store_folder: Path, rewritten: Callable[[Path], Path]
) -> None:
    take(file, objects)
    before = whole_tree(store_folder)
    set_state(read_state(), state=State.ASLEEP, by="ann")
    refused = take(rewritten(file), objects, patient="2003", identity_checked=True)
    assert "patient 2002 (day3_140500)" in refused.reason
    assert whole_tree(store_folder) == before


def test_of_two_who_begin_at_once_for_two_patients_not_both_end(
    two: tuple[str, str], file: Path, objects: Objects, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither was there when the other looked first."""
    real, others = ingesting.put_annotations, []
    monkeypatch.setattr("chunks.elsewhere.Elsewhere.check_fingerprint", lambda _self, _edf: None)

    def meanwhile(*words: object, **options: object) -> None:
        monkeypatch.setattr(ingesting, "put_annotations", real)
        others.append(take(file, objects, patient="2003", identity_checked=True))
        real(*words, **options)

    monkeypatch.setattr(ingesting, "put_annotations", meanwhile)
    assert take(file, objects).outcome == "ingested"
    assert [each.refusal for each in others] == ["HeldElsewhere"]
    assert set(Recording.objects.values_list("patient", "state")) == {("2002", "ok")}


def test_a_long_batch_looks_again_for_what_others_took_in_meanwhile(
    two: tuple[str, str], file: Path, objects: Objects, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.INDEX = "events"
    first = file.with_name("first.edf")
    write_recording(first, seed=5)
    batch = Batch(
        patient="2003",
        surgery=SURGERY,
        surgery_source="date given",
        wish=Wish(),
        objects=objects,
        scope=server_scope(means="test"),
    )
    assert batch.ingest(first, place=1, progress=lambda _bytes: None).outcome == "ingested"
    take(file, objects)
    monkeypatch.setattr("chunks.elsewhere.FRESH_S", -1)  # minutes later
    assert batch.ingest(file, place=2, progress=lambda _bytes: None).refusal == "HeldElsewhere"


def test_it_is_found_before_the_lambda_has_written_a_row(
    two: tuple[str, str], file: Path, objects: Objects, settings: Settings
) -> None:
    settings.INDEX = "events"
    take(file, objects)
    assert not Recording.objects.exists()
    refused = take(file, objects, patient="2003", identity_checked=True)
    assert "patient 2002 (day3_140500)" in refused.reason


def test_what_came_while_it_slept_is_found_before_a_repair_has_written_its_row(
    two: tuple[str, str], file: Path, objects: Objects
) -> None:
    set_state(read_state(), state=State.ASLEEP, by="test")
    take(file, objects)
    set_state(read_state(), state=State.AWAKE, by="test")
    assert not Recording.objects.exists()
    assert take(file, objects, patient="2003", identity_checked=True).refusal == "HeldElsewhere"


def test_files_without_signals_may_be_equal(two: tuple[str, str], tmp_path: Path, objects: Objects) -> None:
    write_recording(tmp_path / "a.edf", channels=())
    assert take(tmp_path / "a.edf", objects).outcome == "ingested"
    assert take(tmp_path / "a.edf", objects, patient="2003").outcome == "ingested"


def test_a_header_of_somebody_else_needs_a_check(two: tuple[str, str], file: Path, objects: Objects) -> None:
    take(file, objects)
    other = file.with_name("b.edf")
    write_recording(other, patient=JOHN, seed=2, start=START.replace(hour=20))
    refused = take(other, objects)
    assert refused.refusal == "OtherIdentity"
    assert not any(each in refused.reason for each in ("John", "Smith", "1960", "0777777", "Jane"))
    assert Recording.objects.count() == 1
    assert take(other, objects, identity_checked=True).outcome == "ingested"
    assert take(other, objects).outcome == "already there"
    assert PatientIdentity.objects.filter(patient_id="2002").count() == 2


def test_a_header_of_another_patient_needs_a_check(two: tuple[str, str], file: Path, objects: Objects) -> None:
    take(file, objects)
    other = file.with_name("b.edf")
    write_recording(other, patient=JANE, seed=2)
    refused = take(other, objects, patient="2003")
    assert (refused.refusal, "patient 2002, not 2003" in refused.reason) == ("OtherIdentity", True)


def test_a_header_that_names_nobody_is_taken_and_said(two: tuple[str, str], file: Path, objects: Objects) -> None:
    take(file, objects)
    other = file.with_name("b.edf")
    write_recording(other, patient="X X X No_Name", seed=2, start=START.replace(hour=20))
    taken = take(other, objects)
    assert (taken.outcome, taken.names_nobody) == ("ingested", True)
    assert take(file, objects).names_nobody is False


def test_a_file_that_grows_while_it_is_read_is_not_kept(
    patient: str, file: Path, objects: Objects, store_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = whole_tree(store_folder)
    real = batch_module.ingest

    def meanwhile(*words: object, **options: object) -> object:
        with file.open("ab") as growing:
            growing.write(b"more")
        return real(*words, **options)

    monkeypatch.setattr(batch_module, "ingest", meanwhile)
    refused = take(file, objects)
    assert refused.refusal == "FileChanged"
    assert {key: value for key, value in whole_tree(store_folder).items() if "withheld" not in key} == before
    assert not Recording.objects.exists()
    os.truncate(file, file.stat().st_size - 4)
    monkeypatch.undo()
    assert take(file, objects).outcome == "ingested"


def test_what_is_opened_is_what_was_chosen_whatever_lies_at_its_path(
    patient: str, file: Path, objects: Objects, store_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another file lies there for the moment in which it is opened."""
    chosen, before = look_of(file.stat()), whole_tree(store_folder)
    other = file.with_name("other.edf")
    write_recording(other, patient=JANE, seed=2)
    real = Wish.open
    monkeypatch.setattr(Wish, "open", lambda wish, _path: real(wish, other))
    batch = Batch(
        patient=patient,
        surgery=SURGERY,
        surgery_source="date given",
        wish=Wish(),
        objects=objects,
        scope=server_scope(means="test"),
    )
    refused = batch.ingest(file, place=1, progress=lambda _bytes: None, look=chosen)
    assert refused.refusal == "FileChanged"
    assert whole_tree(store_folder) == before
