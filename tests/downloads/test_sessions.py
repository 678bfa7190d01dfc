"""Downloads by task: sessions' files beside the chunks, the manifest's links, and the list of sessions."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import call_command
from django.utils import timezone
from pytest_django import Settings

from behavior.models import SessionRow
from chunks.format.clock import day_zero
from downloads.bundles.work import run
from downloads.client.errors import FileUnknown
from downloads.client.files import file_at
from downloads.entries import entries
from downloads.manifest import Entry, read_csv
from downloads.session_files import NOT_WHOLE, session_files
from downloads.session_list import list_of_sessions, read_sessions
from jobs.lease import claim
from jobs.models import Job
from people.scope import scope_for, server_scope
from selections.resolve import Resolved, resolve
from selections.words import parse
from storage.folder import FolderObjects
from storage.objects import Objects
from tests.downloads.asked import Api, researcher, token_of
from tests.downloads.bundled import asked, attempt, made, opened, zip_of
from tests.downloads.ecog import Computer
from tests.downloads.held import hold
from tests.downloads.made import tree_of
from tests.downloads.played import play
from tests.jobs.makers import GONE
from tests.people.makers import grant, make_user
from tests.selections.made import DAY, HOUR, MINUTE
from tests.selections.sessions import keep, record

pytestmark = pytest.mark.database(transaction=True)

BEGIN = 3 * DAY + 14 * HOUR + 5 * MINUTE  # of what `hold` makes: two chunks of an hour
TREE = "s3_download/behavioral_data/"
ALIGNED = {
    "method": "triggers",
    "since": (day_zero("2002")).isoformat(),
    "offset_s": 0.0,
    "drift_ppm": -24.5,
    "matched": 57,
    "expected": 60,
    "rival": 4,
    "residual_median_s": 0.006,
    "residual_max_s": 0.027,
    "channel": "DC01",
    "author": "carol",
    "at": "2026-01-31T12:00:00+00:00",
}


@pytest.fixture
def store(tmp_path: Path, settings: Settings) -> Objects:
    settings.OBJECTS_URL = (tmp_path / "objects").as_uri()
    return FolderObjects(tmp_path / "objects")


def ask(scope=None, **words: str) -> Resolved:
    return resolve(
        parse({field: [text] for field, text in words.items()}), scope=scope or server_scope(means="command")
    )


def listed(store: Objects, **words: str) -> dict[str, Entry]:
    return {each.path: each for each in entries(ask(**words), store=store)}


def tree(tmp_path: Path, *words: str) -> dict[str, bytes | None]:
    call_command("download", "--to", str(tmp_path / "home"), *words, verbosity=0)
    return tree_of(tmp_path / "home")


def test_the_manifest_links_each_chunk_to_the_sessions_it_serves(store):
    hold(store, labels=["LTG1"])
    play(store, "2002", BEGIN + 50 * MINUTE, BEGIN + 70 * MINUTE, name="over.json")
    play(store, "2002", BEGIN + 90 * MINUTE, BEGIN + 95 * MINUTE, name="second.json")
    found = listed(store, task="tom", pad="1")
    folder = "s3_download/2002/day3_140500/"
    assert found[f"{folder}LTG1_chunk-0.chn"].sessions == ("over.json",)
    assert found[f"{folder}LTG1_chunk-1.chn"].sessions == ("over.json", "second.json")
    assert found[f"{folder}annotations.json"].sessions == ("over.json", "second.json")
    assert listed(store)[f"{folder}LTG1_chunk-1.chn"].sessions == ()
    assert set(listed(store, task="tom", day="9")) == set()


def test_files_of_sessions_come_with_what_is_kept_beside_them_but_notes(store):
    hold(store)
    play(store, "2002", BEGIN, BEGIN + MINUTE, name="runs/a.json", attached=(b"1", b"22"), triggers=b"time\n")
    play(store, "2002", BEGIN, BEGIN + MINUTE, name="runs/A.json")
    play(store, "2002", BEGIN, BEGIN + MINUTE, name="other.json", task="faces_task")
    found = {path.removeprefix(TREE): each for path, each in listed(store, task="tom").items() if TREE in path}
    assert list(found) == [
        "runs/A~1.json",
        "runs/a~2.json",
        "runs/a~2.json.triggers.csv",
        "runs/a~2.json.files/1.csv",
        "runs/a~2.json.files/2.csv",
    ]
    attached = found["runs/a~2.json.files/2.csv"]
    assert (attached.size_bytes, attached.patient, attached.sessions) == (2, "2002", ("runs/a.json",))


def test_a_file_that_holds_sessions_of_several_patients_is_not_given_out(store):
    hold(store)
    play(store, "2002", BEGIN, BEGIN + MINUTE, name="both.json")
    keep([record("2003", BEGIN, BEGIN + MINUTE, name="both.json#2")])
    resolved = ask(task="tom", patient="2002")
    assert not any(each.path.startswith(TREE) for each in entries(resolved, store=store))
    (row,) = sessions_in(store, task="tom", patient="2002")
    assert (row["path"], row["remarks"]) == ("", NOT_WHOLE)


def sessions_in(store: Objects, **words: str) -> list[dict[str, str]]:
    resolved = ask(**words)
    return read_sessions(list_of_sessions(resolved, files=session_files(resolved, store=store)))


def test_the_list_says_where_a_session_begins_by_clock_and_how_good_that_is(store):
    held = hold(store)
    held.clock_offset_us = -90_000_000
    held.save()
    play(store, "2002", BEGIN - 80 * 1_000_000, BEGIN + HOUR, name="=a.json", offset=2_500_000, corrected="day")
    play(store, "2002", BEGIN - 5 * HOUR, BEGIN - 4 * HOUR, name="lost.json")
    lost, found = sessions_in(store, task="tom")
    assert found["file"] == "=a.json"
    assert (found["recording"], found["offset_s"]) == ("day3_140500", "12.500000")
    assert (found["method"], found["accuracy"]) == ("clock", "by clock: good to seconds at best")
    assert (found["session_clock_offset_s"], found["recording_clock_offset_s"]) == ("2.500000", "-90.000000")
    assert (found["covered"], found["state"], found["remarks"]) == ("1.000000", "covered", "corrected: day")
    assert found["start"] == "2002-01-03T14:05:12.500000"
    assert (lost["recording"], lost["offset_s"], lost["state"]) == ("", "", "no recording")


def test_the_list_of_an_aligned_session_says_method_zero_and_drift(store):
    hold(store)
    since = (BEGIN + 60_000_000) // 1_000_000
    aligned = ALIGNED | {"since": (day_zero("2002") + timedelta(seconds=since)).isoformat(), "offset_s": -12.25}
    play(store, "2002", BEGIN + MINUTE, BEGIN + 10 * MINUTE, alignment=aligned)
    (row,) = sessions_in(store, task="tom")
    assert (row["method"], row["zero_s"], row["drift_ppm"]) == ("triggers", "47.750000", "-24.500")
    assert row["accuracy"] == "by 57 of 60 codes, median residual 0.006000 s"


def test_the_command_brings_sessions_and_their_list_and_takes_an_old_list_away(store, tmp_path):
    hold(store)
    play(store, "2002", BEGIN, BEGIN + MINUTE, content=b"as it came", attached=(b"raw",))
    found = tree(tmp_path, "--all-patients", "--task", "tom", "--channel", "LTG1")
    name = f"ToM_Loc_2002_{BEGIN}.json"
    assert found[f"{TREE}{name}"] == b"as it came"
    assert found[f"{TREE}{name}.files/1.csv"] == b"raw"
    assert len(read_sessions(found["s3_download/sessions.csv"])) == 1
    assert [path for path in found if path.endswith(".chn")] == ["s3_download/2002/day3_140500/LTG1_chunk-0.chn"]
    assert not any("notes" in path for path in found)
    assert "s3_download/sessions.csv" not in tree(tmp_path, "--patient", "2002")


def test_a_bundle_carries_the_same_tree_and_is_the_same_at_every_attempt(store, tmp_path, bundles_folder):
    hold(store)
    play(store, "2002", BEGIN, BEGIN + MINUTE, content=b"as it came", attached=(b"raw",))
    bundle = made(server_scope(means="page"), question="task=tom&channel=LTG1")
    by_command = tree(tmp_path, "--all-patients", "--task", "tom", "--channel", "LTG1")
    with opened(bundle) as archive:
        names = archive.namelist()
        assert names[:2] == ["s3_download/manifest.csv", "s3_download/sessions.csv"]
        assert {name: archive.read(name) for name in names} == by_command
        manifest = list(read_csv(archive.read("s3_download/manifest.csv").decode().splitlines(keepends=True)))
    assert sorted(names[2:]) == sorted(entry.path for entry in manifest)
    content = zip_of(bundle)
    assert bundle.size_bytes == len(content)
    assert bundle.sessions_bytes == len(by_command["s3_download/sessions.csv"])


def test_a_later_attempt_keeps_to_the_list_of_the_first(store, bundles_folder, monkeypatch):
    hold(store)
    play(store, "2002", BEGIN, BEGIN + MINUTE)
    first = zip_of(made(server_scope(means="page"), question="task=tom"))
    job = asked(server_scope(means="page"), "task=tom")
    monkeypatch.setattr("downloads.bundles.work._make", _broken)
    with pytest.raises(ZeroDivisionError):
        attempt_without_leaving(job, monkeypatch)
    monkeypatch.undo()
    play(store, "2002", BEGIN + HOUR, BEGIN + HOUR + MINUTE, name="later.json")
    attempt(job)
    job.bundle.refresh_from_db()
    assert zip_of(job.bundle) == first


def _broken(*_args: object, **_more: object) -> None:
    raise ZeroDivisionError


def attempt_without_leaving(job, monkeypatch) -> None:
    """An attempt that dies: what it kept stays, as of a killed worker."""
    monkeypatch.setattr("downloads.bundles.work._leave_nothing", lambda *_args, **_more: None)
    lease = claim(job.pk, timing=GONE)
    assert lease is not None
    try:
        run(lease)
    finally:
        Job.objects.filter(pk=job.pk).update(lease_until=timezone.now())


def test_bundles_of_hidden_patients_sessions_are_not_made(store, bundles_folder):
    for patient in ("2002", "2003"):
        hold(store, patient)
        play(store, patient, BEGIN, BEGIN + MINUTE)
    user = make_user("bob")
    grant(user, patient="2002")
    bundle = made(scope_for(user, means="page"), question="task=*")
    with opened(bundle) as archive:
        assert not any("2003" in name for name in archive.namelist())
        assert {row["patient"] for row in read_sessions(archive.read("s3_download/sessions.csv"))} == {"2002"}
    assert bundle.patients == ["2002"]


def test_ecog_brings_what_the_command_brings(store, tmp_path, transactional_db, live_server):
    hold(store)
    play(store, "2002", BEGIN, BEGIN + MINUTE, name="run/a b.json", attached=(b"raw",), triggers=b"time\n")
    alice = researcher("alice")
    grant(alice, patient="2002")
    laptop = Computer(tmp_path / "laptop", url=live_server.url, token=token_of(alice))
    words = ("--all-patients", "--task", "TOM loc", "--pad", "1,2", "--channel", "LTG1", "--no-triggers")
    assert "ToM_Loc, day 3 14:05:00 to 14:06:00: covered, day3_140500" in laptop.run("search", *words).out
    said = laptop.run("download", *words, "--to", "data")
    assert (said.status, said.err.count("not be")) == (0, 0), said
    assert tree_of(laptop.home / "data") == tree(tmp_path, *words)
    assert laptop.run("download", *words, "--to", "data").status == 0
    assert laptop.run("download", "--patient", "2002", "--to", "data").status == 0
    assert not (laptop.home / "data/s3_download/sessions.csv").exists()


def test_the_api_gives_out_files_of_sessions_in_the_question_and_scope_alone(store, db):
    hold(store)
    hold(store, "2003")
    play(store, "2002", BEGIN, BEGIN + MINUTE, name="a.json", content=b"mine")
    play(store, "2003", BEGIN, BEGIN + MINUTE, name="b.json")
    play(store, "2002", BEGIN, BEGIN + MINUTE, name="c.json", task="faces_task")
    alice = researcher("alice")
    grant(alice, patient="2002")
    api = Api(token_of(alice))
    number = api.begin(task=["tom"])
    assert b"".join(api.get(f"downloads/{number}/file", {"path": f"{TREE}a.json"}).streaming_content) == b"mine"
    for name in ("b.json", "c.json", "a.json.notes.json", "../a.json", "nothing"):
        assert api.get(f"downloads/{number}/file", {"path": f"{TREE}{name}"}).status_code == 404
    found = read_sessions(api.get(f"downloads/{number}/sessions").content)
    assert [row["file"] for row in found] == ["a.json"]
    scope = server_scope(means="test")
    with pytest.raises(FileUnknown):
        file_at(f"{TREE}a.json", selection=parse({"patient": ["2002"]}), scope=scope, store=store)
    SessionRow.objects.all().delete()
    assert api.get(f"downloads/{number}/file", {"path": f"{TREE}a.json"}).status_code == 404
