"""`manage.py ingest_edf` and `add_patient` as a data manager types them."""

import io
import json
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from chunks.edf.packing import AnnotationSpec
from chunks.models import ChunkHeader, Recording
from chunks.report import decode, encode
from jobs.models import Job, State
from people.models import AuditEntry, Patient
from storage.objects import Objects
from tests.chunks.conftest import BUCKET
from tests.chunks.made import whole_tree, write_recording

pytestmark = pytest.mark.database(transaction=True)
DAY_ZERO = "--surgery-date=2017-03-11"


def ingest(*words: object) -> str:
    out = io.StringIO()
    call_command("ingest_edf", *map(str, words), stdout=out)
    return out.getvalue()


def partly(*words: object) -> str:
    """What is told by a run that ends with exit status 3."""
    out = io.StringIO()
    with pytest.raises(CommandError) as told:
        call_command("ingest_edf", *map(str, words), stdout=out)
    assert told.value.returncode == 3
    return out.getvalue()


def test_a_patient_is_made_once(db: None, objects: Objects) -> None:
    for word in ("is made", "exists already"):
        out = io.StringIO()
        call_command("add_patient", "AB-1", stdout=out)
        assert word in out.getvalue()
    assert objects.bucket_exists("edf-chunks-ab-1")
    assert [patient.pk for patient in Patient.objects.all()] == ["AB-1"]
    assert AuditEntry.objects.filter(act="add patient", outcome="done").count() == 2


@pytest.mark.parametrize("name", ["../up", "a b", "withheld", "-a", "é", "x" * 41])
def test_what_is_no_patient_id_is_a_sentence(name: str, db: None, objects: Objects) -> None:
    with pytest.raises(CommandError, match="patient ID"):
        call_command("add_patient", "--", name)
    assert not objects.buckets()


def test_an_unknown_subject_is_refused_with_the_nearest(tmp_path: Path, patient: str) -> None:
    write_recording(tmp_path / "a.edf")
    with pytest.raises(CommandError, match="2002"):
        ingest(tmp_path / "a.edf", "--subject=2022", DAY_ZERO)
    assert not Patient.objects.filter(pk="2022").exists()


def test_a_folder_is_taken_and_one_bad_file_does_not_stop_the_others(
    tmp_path: Path, patient: str, objects: Objects
) -> None:
    folder = tmp_path / "scans"
    (folder / "deep").mkdir(parents=True)
    write_recording(folder / "a.EDF", seed=1)
    (folder / "b.edf").write_bytes(b"<!DOCTYPE html><html>" + b" " * 1000)
    write_recording(folder / "deep" / "c.bdf", kind="BDF", seed=2)
    (folder / "notes.txt").write_text("not a recording")
    told = partly(folder, "--subject=2002", DAY_ZERO)
    assert "3 files: 2 ingested, 1 refused." in told
    assert Recording.objects.filter(state="ok").count() == 2
    again = partly(folder, "--subject=2002", DAY_ZERO)
    assert "2 already there, 1 refused." in again


def test_nothing_is_written_by_a_check(tmp_path: Path, patient: str, store_folder: Path) -> None:
    write_recording(tmp_path / "a.edf")
    before = whole_tree(store_folder)
    told = ingest(tmp_path / "a.edf", "--check", "--subject=2002", DAY_ZERO)
    assert "would be ingested as day3_140500: 4 channels, 4 chunks" in told
    assert "4 channels" in ingest(tmp_path / "a.edf", "--check")
    assert whole_tree(store_folder) == before
    assert not Recording.objects.exists()
    assert not Job.objects.exists()
    assert not Patient.objects.get().surgery_date_hash


def test_the_json_report_has_no_file_name(tmp_path: Path, patient: str) -> None:
    write_recording(tmp_path / "Mary_Smith.edf")
    told = ingest(tmp_path / "Mary_Smith.edf", "--subject=2002", DAY_ZERO, "--json")
    (file,) = json.loads(told)["files"]
    assert (file["place"], file["recording"], file["outcome"]) == (1, "day3_140500", "ingested")
    assert len(file["data_sha256"]) == 64
    assert "Smith" not in told


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_name_is_shown_on_a_terminal_only(tmp_path: Path, patient: str) -> None:
    write_recording(tmp_path / "Mary_Smith.edf")
    assert "Smith" not in ingest(tmp_path / "Mary_Smith.edf", "--check")
    terminal = Terminal()
    call_command("ingest_edf", str(tmp_path / "Mary_Smith.edf"), "--check", stdout=terminal)
    assert "Smith" in terminal.getvalue()


def test_which_tells_what_a_file_became_under_any_name(tmp_path: Path, patient: str) -> None:
    write_recording(tmp_path / "a.edf", seed=1)
    write_recording(tmp_path / "b.edf", seed=2)
    ingest(tmp_path / "a.edf", "--subject=2002", DAY_ZERO)
    (tmp_path / "a.edf").rename(tmp_path / "renamed.edf")
    told = ingest(tmp_path / "renamed.edf", tmp_path / "b.edf", "--which").splitlines()
    assert "patient 2002, day3_140500 (ok)" in told[0]
    assert "is not held" in told[1]


def test_the_day_of_the_month_says_which_date_it_took(
    tmp_path: Path, patient: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write_recording(tmp_path / "a.edf")
    assert "day3_140500" in ingest(tmp_path / "a.edf", "--subject=2002", "--day=11")
    assert "11 March 2017" in capsys.readouterr().err


def test_verify_compares_every_chunk_with_pyedflib(tmp_path: Path, patient: str, objects: Objects) -> None:
    write_recording(tmp_path / "a.edf")
    words = (tmp_path / "a.edf", "--subject=2002", DAY_ZERO, "--verify")
    assert "verified: 4 chunks" in ingest(*words)
    key = "day3_140500/EKG_chunk-0.chn"
    content = bytearray(objects.get(BUCKET, key))
    content[-1] ^= 1
    objects.put(BUCKET, key, bytes(content))
    assert f"NOT EQUAL to what pyedflib reads: {key}" in partly(*words)


def test_verify_says_where_pyedflib_does_not_open_the_file(tmp_path: Path, patient: str) -> None:
    onsets = [Decimal(second) for second in (0, 1, 5, 6)]
    write_recording(tmp_path / "a.edf", kind="EDF+D", onsets=onsets)
    told = ingest(tmp_path / "a.edf", "--subject=2002", DAY_ZERO, "--verify")
    assert "not verified: pyedflib refuses" in told


def test_a_job_and_an_audit_row_tell_of_an_ingest(tmp_path: Path, patient: str) -> None:
    write_recording(tmp_path / "a.edf", notes=[AnnotationSpec(Decimal(1), "note")])
    ingest(tmp_path / "a.edf", "--subject=2002", DAY_ZERO, "--release-annotations")
    job = Job.objects.get()
    assert (job.kind, job.state, job.bytes_done) == ("ingest", State.DONE, (tmp_path / "a.edf").stat().st_size)
    entry = AuditEntry.objects.get()
    assert (entry.act, entry.outcome) == ("ingest, all texts released", "done")
    assert [each.patient for each in entry.patients.all()] == ["2002"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--subject=2002"], "--surgery-date"),
        ([DAY_ZERO], "--subject"),
        (["--subject=2002", DAY_ZERO, "--chunk-seconds=0"], "--chunk-seconds"),
        (["--subject=2002", DAY_ZERO, "--start=2017-03-14 08:00:00+01:00"], "time zone"),
        (["--subject=2002", "--day=31"], "--surgery-date"),
        (["--subject=2002", "--surgery-date=1917-03-11", "--check"], None),
    ],
)
def test_a_wrong_word_is_a_sentence(words: list[str], said: str | None, tmp_path: Path, patient: str) -> None:
    write_recording(tmp_path / "a.edf")
    if said is None:
        assert "refused: Day 36" in partly(tmp_path / "a.edf", *words)
        return
    with pytest.raises(CommandError, match=said):
        ingest(tmp_path / "a.edf", *words)
    assert not ChunkHeader.objects.exists()


def test_a_path_with_nothing_is_a_sentence(tmp_path: Path, patient: str) -> None:
    with pytest.raises(CommandError, match="nothing at"):
        ingest(tmp_path / "no.edf", "--check")
    with pytest.raises(CommandError, match="holds no file"):
        ingest(tmp_path, "--check")


def test_a_withdrawn_patient_is_never_ingested_again(tmp_path: Path, patient: str, objects: Objects) -> None:
    write_recording(tmp_path / "a.edf")
    objects.make_bucket("behavioral-data-all")
    objects.put("behavioral-data-all", "withdrawn/2002.json", b"{}")
    with pytest.raises(CommandError, match="withdrawn"):
        ingest(tmp_path / "a.edf", "--subject=2002", DAY_ZERO)
    assert not Recording.objects.exists()


def test_the_report_is_kept_in_the_job_without_names(tmp_path: Path, patient: str) -> None:
    write_recording(tmp_path / "Mary_Smith.edf")
    (tmp_path / "Mary_page.edf").write_bytes(b"<!DOCTYPE html>" + b" " * 900)
    partly(tmp_path, "--subject=2002", DAY_ZERO)
    kept = decode(Job.objects.get().result)
    assert [(file.place, file.outcome) for file in kept.files] == [(1, "ingested"), (2, "refused")]
    assert kept.files[1].to_do
    assert kept.summary == "2 files: 1 ingested, 1 refused."
    assert encode(kept) == Job.objects.get().result | {"files": encode(kept)["files"]}
    assert "Mary" not in json.dumps(Job.objects.get().result)


def test_a_header_of_somebody_else_is_taken_once_checked(tmp_path: Path, patient: str) -> None:
    write_recording(tmp_path / "a.edf", patient="A-1 F 02-MAY-1951 Jane_Doe")
    write_recording(tmp_path / "b.edf", patient="B-2 M 03-JAN-1960 John_Smith", seed=2)
    told = partly(tmp_path, "--subject=2002", DAY_ZERO)
    assert "to do: Look in the hospital" in told
    assert "--identity-checked" in told
    with pytest.raises(CommandError, match="holds for one file, and these are 2"):
        ingest(tmp_path, "--subject=2002", DAY_ZERO, "--identity-checked")
    assert Recording.objects.count() == 1
    ingest(tmp_path / "b.edf", "--subject=2002", DAY_ZERO, "--identity-checked")
    assert AuditEntry.objects.filter(act="ingest, identity checked", outcome="done").exists()
