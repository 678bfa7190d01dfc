"""Time that two recordings hold is told on their pages; a data manager settles what differs, and nobody else does."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client
from pytest_django import Settings

from chunks.document import read_document
from chunks.models import Recording
from people.models import AuditedPatient, AuditEntry
from people.roles import Role
from storage.objects import Objects
from storage.urls import open_objects
from tests.chunks.made import START
from tests.chunks.overlapping import Signals
from tests.selections.pages import browser_of, links, person, text

pytestmark = pytest.mark.database(transaction=True)

EARLIER, LATER = "day3_140500", "day3_140530"
PATIENT = "/patients/2002/"
CONFLICT = f"{PATIENT}recordings/{LATER}/conflict/{EARLIER}/"
BUCKET = "edf-chunks-2002"
SIGNALS = Signals(began=START)


def ingest(path: Path) -> None:
    call_command("ingest_edf", str(path), "--subject=2002", "--surgery-date=2017-03-11")


@pytest.fixture
def objects(tmp_path: Path, settings: Settings) -> Objects:
    settings.OBJECTS_URL = (tmp_path / "objects").as_uri()
    call_command("add_patient", "2002")
    ingest(SIGNALS.write(tmp_path / "a.edf"))
    return open_objects(settings.OBJECTS_URL)


@pytest.fixture
def conflict(tmp_path: Path, objects: Objects) -> None:
    ingest(SIGNALS.write(tmp_path / "b.edf", after_s=30, wrong_second=40))


@pytest.fixture
def dora(objects: Objects) -> Client:
    return browser_of(person("dora", "2002", role=Role.DATA_MANAGER))


@pytest.fixture
def rita(objects: Objects) -> Client:
    return browser_of(person("rita", "2002"))


def states() -> list[str]:
    return list(Recording.objects.order_by("name").values_list("state", flat=True))


def test_a_partial_overlap_is_named_on_every_page(tmp_path: Path, rita: Client) -> None:
    ingest(SIGNALS.write(tmp_path / "b.edf", after_s=50))
    said = "day 3 14:05:50 to day 3 14:06 is held by day3_140500 too"
    assert f"day3_140550: {said}." in text(rita.get(PATIENT))
    assert said in text(rita.get("/search/?patient=2002"))
    of_one = text(rita.get(f"{PATIENT}recordings/{EARLIER}/"))
    assert "day 3 14:05:50 day 3 14:06 day3_140550 equal 3: ltg1, ltg2, spo2" in of_one
    assert "Compare and settle" not in of_one


def test_a_duplicate_is_shown_to_data_managers_alone_with_what_it_is_of(
    tmp_path: Path, dora: Client, rita: Client
) -> None:
    ingest(SIGNALS.write(tmp_path / "b.edf", after_s=20, seconds=20))
    path = f"{PATIENT}recordings/day3_140520/"
    page = dora.get(path)
    assert f"it is duplicate. Every instant of every channel is equal in {EARLIER} ." in text(page)
    assert f"{PATIENT}recordings/{EARLIER}/" in links(page)
    assert rita.get(path).status_code == 404
    assert "day3_140520" not in text(rita.get(f"{PATIENT}recordings/{EARLIER}/"))
    assert "day3_140520" not in text(rita.get(PATIENT))
    assert "day3_140520" not in text(rita.get("/search/?patient=2002"))


def test_a_conflict_leads_a_data_manager_to_the_page_that_settles_it(conflict: None, dora: Client) -> None:
    said = text(dora.get(PATIENT))
    assert f"2 recordings in conflict, which searches leave out until you settle it: {EARLIER} , {LATER} ." in said
    page = dora.get(f"{PATIENT}recordings/{EARLIER}/")
    assert f"Its data differ at the same time from those of {LATER} ." in text(page)
    assert CONFLICT in links(page)
    settling = text(dora.get(CONFLICT))
    assert "day 3 14:05:30 day 3 14:06 day3_140500 in conflict different 1: ltg1" in settling
    assert "Keep both as ok" in settling


@pytest.mark.parametrize(
    ("how", "after", "next_page"),
    [
        ("both kept", ["ok", "ok"], LATER),
        ("this hidden", ["ok", "hidden"], EARLIER),
        ("earlier hidden", ["hidden", "ok"], LATER),
    ],
)
def test_a_data_manager_settles_it(
    conflict: None, objects: Objects, dora: Client, how: str, after: list[str], next_page: str
) -> None:
    answer = dora.post(CONFLICT, {"how": how})
    assert (answer.status_code, answer["Location"]) == (302, f"{PATIENT}recordings/{next_page}/")
    assert states() == after
    (correction,) = read_document(objects, bucket=BUCKET, recording=LATER)["corrections"]
    assert (correction["by"], correction["how"], correction["state_before"]) == ("dora", how, "conflict")
    entry = AuditEntry.objects.get(act="settle overlap")
    assert (entry.by_name, entry.question, entry.outcome) == ("dora", f"{LATER} and {EARLIER}: {how}", "done")
    assert set(AuditedPatient.objects.filter(entry=entry).values_list("patient", flat=True)) == {"2002"}
    assert f"It was settled before: {how}." in text(dora.get(CONFLICT))


def test_a_word_of_no_meaning_settles_nothing(conflict: None, dora: Client) -> None:
    for posted in ({}, {"how": "both removed"}):
        assert dora.post(CONFLICT, posted).status_code == 422
    assert states() == ["conflict", "conflict"]


@pytest.mark.parametrize("hidden", ["this hidden", "earlier hidden"])
def test_what_was_hidden_is_found_again_by_settling_it_otherwise(conflict: None, dora: Client, hidden: str) -> None:
    dora.post(CONFLICT, {"how": hidden})
    assert "Find both again" in text(dora.get(CONFLICT))
    other = "earlier hidden" if hidden == "this hidden" else "this hidden"
    assert dora.post(CONFLICT, {"how": other, "seen": hidden}).status_code == 302
    assert states() == (["hidden", "ok"] if other == "earlier hidden" else ["ok", "hidden"])
    assert dora.post(CONFLICT, {"how": "both kept", "seen": other}).status_code == 302
    assert states() == ["ok", "ok"]


def test_what_is_hidden_for_another_reason_is_not_found_again_here(conflict: None, dora: Client) -> None:
    Recording.objects.filter(name=EARLIER).update(state="hidden")
    assert "there is nothing left to settle" in text(dora.get(CONFLICT))
    assert dora.post(CONFLICT, {"how": "both kept"}).status_code == 422


def test_of_two_who_settle_it_the_second_is_told_of_the_first(conflict: None, dora: Client) -> None:
    """Both looked at it before."""
    dora.post(CONFLICT, {"how": "this hidden", "seen": ""})
    answer = dora.post(CONFLICT, {"how": "earlier hidden", "seen": ""})
    assert answer.status_code == 422
    assert "dora has settled it meanwhile: this hidden. Look at it again." in answer.content.decode()
    assert states() == ["ok", "hidden"]


def test_who_may_not_take_in_may_not_settle(conflict: None, rita: Client) -> None:
    assert rita.get(CONFLICT).status_code == 403
    assert rita.post(CONFLICT, {"how": "both kept"}).status_code == 403
    assert states() == ["conflict", "conflict"]


def test_two_that_do_not_differ_have_no_such_page(tmp_path: Path, dora: Client) -> None:
    ingest(SIGNALS.write(tmp_path / "b.edf", after_s=30))
    assert dora.get(CONFLICT).status_code == 404
    assert dora.post(CONFLICT, {"how": "both kept"}).status_code == 404


def test_a_store_that_fails_is_told_and_settles_nothing(
    conflict: None, dora: Client, settings: Settings, tmp_path: Path
) -> None:
    settings.OBJECTS_URL = (tmp_path / "nowhere").as_uri()
    answer = dora.post(CONFLICT, {"how": "both kept"})
    assert answer.status_code == 422
    assert "It is not settled: try again." in answer.content.decode()
    assert AuditEntry.objects.get(act="settle overlap").outcome == "failed"


def test_both_signals_are_drawn_where_they_begin_to_differ(conflict: None, dora: Client, objects: Objects) -> None:
    page = dora.get(CONFLICT)
    assert "10 seconds from day 3 14:05:38, by the clock of day3_140530: here they begin to differ" in text(page)
    lines = re.findall(r'aria-label="([^"]*)"><polyline points="([^"]*)"', page.content.decode())
    assert [name for name, _ in lines] == [f"LTG1 in {EARLIER}", f"LTG1 in {LATER}"]
    earlier, later = ([float(point.split(",")[1]) for point in line.split()] for _, line in lines)
    assert len(earlier) > 600  # least and greatest of each of 600 columns
    differing = [place for place, (one, other) in enumerate(zip(earlier, later, strict=False)) if one != other]
    assert 0.19 < differing[0] / len(earlier) < 0.21  # two seconds of ten are equal
    assert {0.0, 60.0} <= {*earlier, *later}
    objects.delete(BUCKET, f"{EARLIER}/LTG1_chunk-0.chn")
    assert "Their signals cannot be read just now." in text(dora.get(CONFLICT))


@pytest.mark.parametrize(("off_s", "seconds"), [(1, 5), (0, 40), (-1, 60)])
def test_a_difference_far_behind_or_another_clock_is_drawn_as_far_as_it_may_be_read(
    tmp_path: Path, dora: Client, objects: Objects, monkeypatch: pytest.MonkeyPatch, off_s: int, seconds: int
) -> None:
    monkeypatch.setattr("chunks.overlap_picture.LOOKED_THROUGH_SAMPLES", 100)
    monkeypatch.setattr("chunks.overlap_picture.BLOCK_SAMPLES", 50)
    off = timedelta(seconds=off_s)
    copy = SIGNALS.write(tmp_path / "b.edf", after_s=20, seconds=seconds, wrong_second=24, clock_off=off)
    ingest(copy)
    later = f"day3_1405{20 + off_s}"
    said = text(dora.get(f"{PATIENT}recordings/{later}/conflict/{EARLIER}/"))
    assert "the beginning of what both hold, they differ later on" in said
    assert f"{min(seconds, 10)} seconds from day 3 14:05:{20 + off_s}" in said
