"""The commands about sessions, as a person at a terminal meets them."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from behavior.table import TableSessions
from people.models import AuditEntry
from people.patients import add_patient
from storage.objects import Objects
from tests.behavior.conftest import BUCKET
from tests.behavior.made import content, document
from tests.people.makers import grant, make_user

pytestmark = pytest.mark.database(transaction=True)
RAW = b'{"wall_time": "9:5:3:42"}\n{"wall_time": "9:20:0:7"}\n'


def run(name: str, *arguments: object, **options: object) -> tuple[str, CommandError | None]:
    out = io.StringIO()
    try:
        call_command(name, *map(str, arguments), stdout=out, stderr=io.StringIO(), **options)
    except CommandError as error:
        return out.getvalue(), error
    return out.getvalue(), None


@pytest.fixture
def folder(tmp_path: Path, transactional_db: None, objects: Objects) -> Path:
    for patient in ("2003", "2004"):
        add_patient(patient)
    folder = tmp_path / "in"
    (folder / "deep").mkdir(parents=True)
    (folder / "John Doe.json").write_bytes(content(document()))
    (folder / "deep" / "b.JSON").write_bytes(content(document(experiment="faces", subject="2004", day=5)))
    (folder / "readme.txt").write_text("no")
    return folder


def acts() -> list[tuple[str, str, list[str]]]:
    entries = AuditEntry.objects.order_by("pk").prefetch_related("patients")
    return [(each.act, each.outcome, sorted(row.patient for row in each.patients.all())) for each in entries]


def test_a_folder_of_files_is_taken_in_once(folder: Path, objects: Objects) -> None:
    told, error = run("ingest_behavior", folder)
    assert error is None
    assert "stored as ToM_Loc_2003.json" in told
    assert "ToM_Loc  patient 2003  day 3 09:05, 14 min 56 s" in told
    assert told.endswith("2 files: 2 stored.\n")
    assert "Doe" not in told  # this is no terminal
    again, _ = run("ingest_behavior", folder)
    assert again.endswith("2 files: 2 already there.\n")
    assert [info.key for info in objects.list(BUCKET)] == ["ToM_Loc_2003.json", "faces_2004.json"]
    assert acts()[0] == ("ingest sessions", "done", ["2003", "2004"])


def test_one_bad_file_does_not_stop_the_rest(folder: Path) -> None:
    (folder / "a.json").write_bytes(RAW)
    told, error = run("ingest_behavior", folder, "--json")
    assert error is not None
    assert error.returncode == 3
    files = json.loads(told)["files"]
    assert [each["outcome"] for each in files] == ["stored", "refused", "stored"]
    assert files[1] | {"reason": ""} == {
        "place": 2,
        "size_bytes": len(RAW),
        "outcome": "refused",
        "reason": "",
        "looks_like": "a task's raw output (JSON Lines, 2 lines)",
        "start": "9:5:3:42",
        "stop": "9:20:0:7",
    }
    assert "Doe" not in told
    assert files[0]["sessions"][0]["start time"] == "2003-01-03 09:05:03.000042"
    assert acts()[0] == ("ingest sessions", "failed", ["2003", "2004"])


@pytest.mark.parametrize(("name", "told"), [("nowhere", "There is nothing at"), ("empty", "holds no file")])
def test_a_path_that_is_nothing_is_refused(folder: Path, name: str, told: str) -> None:
    (folder / "empty").mkdir()
    _, error = run("ingest_behavior", folder / name)
    assert told in str(error)


def test_what_a_file_does_not_say_is_said_by_options(folder: Path) -> None:
    (folder / "shot.txt").write_bytes(b'{"start_time": "9:0:0:1"}\n{"end_time": "9:30:0:1"}\n')
    told, error = run("ingest_behavior", folder / "shot.txt", "--patient", "2003", "--day", 2)
    assert error is None
    assert "penaltyshot  patient 2003  day 2 09:00, 30 min 0 s" in told


def test_raw_output_becomes_a_session_by_the_way_out(folder: Path, objects: Objects) -> None:
    (folder / "raw.json").write_bytes(RAW)
    words = ("--task", "ToM_Loc", "--patient", "2004", "--day", 3, "--start", "9:5:3:42", "--stop", "9:20:0:7")
    told, error = run("add_session", *words, folder / "raw.json")
    assert error is None
    assert "stored as ToM_Loc_2004.json" in told
    assert objects.get(BUCKET, "ToM_Loc_2004.json.files/1.json") == RAW
    assert acts()[-1] == ("add session", "done", ["2004"])
    _, error = run("add_session", *words, folder / "nowhere.json")
    assert "cannot be read" in str(error)


def test_tasks_with_their_counts_as_a_user_sees_them(folder: Path) -> None:
    run("ingest_behavior", folder)
    told, _ = run("tasks")
    assert told == "faces         1 session   1 patient: 2004\nToM_Loc       1 session   1 patient: 2003\n"
    alice = make_user("alice")
    grant(alice, patient="2003")
    told, _ = run("tasks", "--as", "alice", "--json")
    assert [task["name"] for task in json.loads(told)["tasks"]] == ["ToM_Loc"]
    assert acts()[-1] == ("look", "done", ["2003"])
    told, error = run("tasks", "faces", "--as", "alice")
    assert (told, str(error)) == ("", "No task is called 'faces'.")
    assert error is not None
    assert error.returncode == 1
    _, error = run("tasks", "TOM LOK", "--as", "alice")
    assert str(error) == "No task is called 'TOM LOK'. Did you mean ToM_Loc?"
    _, error = run("tasks", "--as", "alise")
    assert str(error) == "There is no user 'alise'. The most similar: alice."


def test_a_correction_is_told_and_written_down(folder: Path) -> None:
    run("ingest_behavior", folder)
    told, error = run(
        "set_session",
        "ToM_Loc_2003.json",
        "--patient",
        "2004",
        "--day",
        4,
        "--clock-offset",
        -3600,
        "--reason",
        "swapped",
    )
    assert error is None
    assert told.startswith(
        "was  ToM_Loc  patient 2003  day 3 09:05, 14 min 56 s\n"
        "is   ToM_Loc  patient 2004  day 4 09:05, 14 min 56 s\n"
        "     clock offset -3,600.000 s\n"
    )
    assert [each.subject for each in TableSessions().of_object("ToM_Loc_2003.json")] == ["2004"]
    assert acts()[-1] == ("set session", "done", ["2003", "2004"])


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ((), "Say what is to change"),
        (("--clock-offset", "nan"), "write seconds"),
        (("--start", "noon"), "'noon' is no time of day"),
    ],
)
def test_a_correction_that_makes_no_sense_is_a_sentence(folder: Path, options: tuple[str, ...], told: str) -> None:
    run("ingest_behavior", folder)
    _, error = run("set_session", "ToM_Loc_2003.json", *options, "--reason", "x")
    assert told in str(error)


def test_reindexing_tells_what_it_did(folder: Path, objects: Objects) -> None:
    run("ingest_behavior", folder)
    TableSessions().remove("faces_2004.json")
    told, error = run("reindex", "--sessions")
    assert error is None
    assert told == ("2 objects, 2 sessions: 1 added, 0 replaced, 0 removed, 0 counts put right.\n  1 times: missing\n")
    objects.delete(BUCKET, "faces_2004.json")
    objects.put(BUCKET, "raw.json", RAW)
    told, error = run("reindex", "--sessions", "--json")
    assert error is not None
    assert error.returncode == 3
    report: dict[str, Any] = json.loads(told)
    assert (report["orphans"], report["unreadable"][0]["key"]) == (["faces_2004.json"], "raw.json")
    told, _ = run("reindex", "--sessions", "--fix")
    assert "1 removed" in told
    assert "unreadable  raw.json: This is no session's JSON" in told


def test_the_embedded_table_needs_no_making() -> None:
    told, error = run("make_session_tables")
    assert error is None
    assert "nothing is to be made" in told


def test_tables_are_made_on_dynamodb(dynalite_url: str, settings: Any) -> None:
    settings.SESSIONS_URL = f"dynamodb://?region=eu-west-1&endpoint={dynalite_url}"
    _, error = run("tasks")
    assert "make_session_tables" in str(error)
    assert run("make_session_tables")[0] == "Made: behavioral-data, behavioral-task-counts.\n"
    assert run("make_session_tables")[0] == "Both tables are there already.\n"
    assert run("tasks")[0] == "There are no sessions.\n"
