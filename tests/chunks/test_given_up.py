"""A file that is given up half way leaves nothing behind that the right files of the patient are held against."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from chunks.batch import Batch, Result, Wish
from chunks.interrupted import forget_where_nothing_is_held
from chunks.take_back import take_back
from jobs.lease import TIMING
from people.models import Patient, PatientIdentity
from people.patients import add_patient
from people.scope import server_scope
from storage.objects import Objects
from tests.chunks.conftest import BUCKET
from tests.chunks.made import SURGERY, write_recording
from tests.chunks.test_wrong_subject import JANE, JOHN, with_another_header
from tests.jobs.makers import running_command

pytestmark = pytest.mark.database(transaction=True)
WRONG_DAY = SURGERY - timedelta(days=1)


def take(path: Path, objects: Objects, *, patient: str = "2002", surgery: date = SURGERY, **wish: object) -> Result:
    batch = Batch(
        patient=patient,
        surgery=surgery,
        surgery_source="date given",
        wish=Wish(**wish),
        objects=objects,
        scope=server_scope(means="test"),
    )
    return batch.ingest(path, place=1, progress=lambda _bytes: None)


def stop(*_words: object, **_options: object) -> None:
    raise KeyboardInterrupt


@pytest.fixture
def johns(tmp_path: Path) -> Path:
    write_recording(tmp_path / "john.edf", patient=JOHN, seed=7)
    return tmp_path / "john.edf"


@pytest.fixture
def janes(tmp_path: Path) -> Path:
    write_recording(tmp_path / "jane.edf", patient=JANE)
    return tmp_path / "jane.edf"


@pytest.fixture
def begun(johns: Path, patient: str, objects: Objects) -> str:
    """John's file was begun for Jane's number with a wrong date, and stopped."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("chunks.ingest.put_annotations", stop)
        with pytest.raises(KeyboardInterrupt):
            take(johns, objects, surgery=WRONG_DAY)
    return "day4_140500"


def test_once_it_is_removed_neither_date_nor_name_is_remembered(
    begun: str, janes: Path, johns: Path, objects: Objects
) -> None:
    take_back(objects, patient="2002", bucket=BUCKET, recording=begun)
    forget_where_nothing_is_held(objects, patient="2002", bucket=BUCKET)
    assert take(janes, objects).outcome == "ingested"
    add_patient("2003")
    assert take(johns, objects, patient="2003").outcome == "ingested"


def test_a_file_stopped_before_its_end_says_nothing_of_whose_the_others_are(
    johns: Path, janes: Path, patient: str, objects: Objects
) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("chunks.ingest._put_chunks", stop)
        with pytest.raises(KeyboardInterrupt):
            take(johns, objects)
    assert not PatientIdentity.objects.exists()
    assert take(janes, objects).outcome == "ingested"


def test_what_is_held_keeps_date_and_name(begun: str, johns: Path, objects: Objects) -> None:
    forget_where_nothing_is_held(objects, patient="2002", bucket=BUCKET)
    assert Patient.objects.get(pk="2002").surgery_date_hash
    assert PatientIdentity.objects.count() == 1


def test_another_job_of_the_patient_keeps_them(begun: str, objects: Objects) -> None:
    take_back(objects, patient="2002", bucket=BUCKET, recording=begun)
    running_command(kind="ingest", question="patient=2002", lease_until=TIMING.end_of_lease())
    forget_where_nothing_is_held(objects, patient="2002", bucket=BUCKET)
    assert PatientIdentity.objects.count() == 1


def test_a_first_file_that_is_refused_by_its_data_leaves_the_date_open(
    janes: Path, johns: Path, patient: str, objects: Objects
) -> None:
    add_patient("2003")
    take(janes, objects)
    refused = take(with_another_header(janes), objects, patient="2003", surgery=WRONG_DAY, identity_checked=True)
    assert refused.refusal == "HeldElsewhere"
    assert take(johns, objects, patient="2003").outcome == "ingested"


def test_who_is_found_to_be_somebody_else_at_the_end_is_taken_back(
    janes: Path, johns: Path, patient: str, objects: Objects, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where another worker remembered the patient's first file meanwhile."""
    take(janes, objects)
    monkeypatch.setattr("chunks.batch.check_identity", lambda *_words, **_options: None)
    refused = take(johns, objects)
    assert refused.refusal == "OtherIdentity"
    assert list(objects.folders(BUCKET)) == ["day3_140500"]
    assert PatientIdentity.objects.count() == 1
