"""The page of the inbox as a data manager uses it, and what its job leaves."""

import json
import os
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.db import router
from django.test import Client
from pytest_django import Settings

from chunks.models import Recording
from jobs.asking import cancel
from jobs.lease import claim
from jobs.models import Job, State
from jobs.sealed import unseal
from people.models import AuditEntry, Patient
from people.patients import add_patient
from people.roles import Role
from people.scope import server_scope
from storage.objects import Objects
from tests.chunks.inbox.conftest import Put, aged, done
from tests.chunks.made import START, whole_tree
from tests.jobs.makers import GONE
from tests.people.makers import make_user, with_role

pytestmark = pytest.mark.database(transaction=True)
DAY = "2017-03-11"
JANE, JOHN = "MCH-0234567 F 02-MAY-1951 Jane_Doe", "MCH-0777777 M 03-JAN-1960 John_Smith"


def references(browser: Client, query: str = "") -> list[str]:
    return re.findall(r'name="file" value="([0-9a-f]{32})"', browser.get(f"/ingest/{query}").content.decode())


def asked(browser: Client, **fields: object) -> str:
    """What the page answers to a form that is refused."""
    answer = browser.post("/ingest/", {"patient": "2002", "surgery_date": DAY, "all": "1"} | fields)
    assert answer.status_code == 422, answer.get("Location")
    return answer.content.decode()


def ask(browser: Client, **fields: object) -> Job:
    answer = browser.post("/ingest/", {"patient": "2002", "surgery_date": DAY, "all": "1"} | fields)
    assert answer.status_code == 302, re.findall(r'class="(?:notice error|fault)[^>]*>.*', answer.content.decode())
    return Job.objects.get(pk=int(answer["Location"].split("/")[2]))


def report(job: Job) -> list[dict[str, object]]:
    return job.result["files"]


def rows() -> str:
    """Every row of both databases."""
    models = [model for model in apps.get_models() if model._meta.managed and router.db_for_write(model)]
    return json.dumps([list(model._default_manager.values()) for model in models], default=str)


def test_files_chosen_are_taken_in_by_one_job(
    browser: Client, sent: list[int], put: Put, patient: str, objects: Objects
) -> None:
    put("Doe_Jane_1.edf", patient=JANE)
    put("sub/Doe_Jane_2.edf", patient=JANE, seed=2, start=START + timedelta(hours=3))
    put("not_this.edf", seed=3)
    shown = browser.get("/ingest/").content.decode()
    assert "Doe_Jane_1.edf" in shown
    job = ask(browser, all="", file=references(browser)[:1] + references(browser)[2:])
    assert (job.kind, len(sent), unseal(job.secret)) == ("ingest", 1, DAY)
    assert not any(each in json.dumps([job.given, job.question, job.secret]) for each in ("Doe", "2017"))
    job = done(sent)
    assert (job.state, job.secret, job.bytes_done) == (State.DONE, "", job.bytes_total)
    assert [each["outcome"] for each in report(job)] == ["ingested", "ingested"]
    assert Recording.objects.filter(state="ok").count() == 2
    page = browser.get(f"/jobs/{job.pk}/").content.decode()
    assert "Doe_Jane_1.edf" in page
    assert "not_this.edf" not in page
    assert "taken in as" in browser.get("/ingest/").content.decode()
    acts = list(AuditEntry.objects.filter(outcome="done").values_list("act", flat=True))
    assert acts == ["ask for ingest", "ingest"]


def test_one_bad_file_does_not_stop_the_others_and_each_says_what_to_do(
    browser: Client, sent: list[int], put: Put, box: Path, patient: str
) -> None:
    put("a.edf", patient=JANE)
    (box / "b.edf").write_bytes(b"<!DOCTYPE html>" + b" " * 900)
    aged(box / "b.edf")
    put("c.edf", patient=JOHN, seed=2)
    put("d.edf", patient="X X X X", seed=3, start=START + timedelta(hours=1))
    ask(browser)
    job = done(sent)
    assert (job.state, job.reason) == (State.FAILED, "Not every file was taken: number 2, 3 of 4.")
    assert [each["outcome"] for each in report(job)] == ["ingested", "refused", "refused", "ingested"]
    assert all(each["to_do"] for each in report(job)[1:])
    page = browser.get(f"/jobs/{job.pk}/").content.decode()
    assert "This looks like an HTML page" in page
    assert "Look in the hospital" in page
    assert AuditEntry.objects.get(act="ingest").outcome == "failed"
    assert "Take the one you have checked alone" in asked(browser, identity_checked="on", all="1")
    ask(browser, identity_checked="on", all="", file=references(browser)[2])
    assert done(sent).state == State.DONE
    assert AuditEntry.objects.get(act="ingest, identity checked").outcome == "done"


def test_names_and_dates_are_in_no_row_object_or_log(
    browser: Client,
    sent: list[int],
    put: Put,
    patient: str,
    store_folder: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    put("Quasimodo/Xanthippe_1951.edf", patient="MCH-0234567 F 02-MAY-1951 Xanthippe_Quasimodo")
    broken = put("Quasimodo/broken_Xanthippe.edf")
    broken.write_bytes(b"0" + b" " * 700)
    aged(broken)
    browser.get("/ingest/")
    ask(browser)
    done(sent)
    browser.get(f"/jobs/{sent[-1]}/")
    # The bucket of withheld texts keeps what the review of annotations needs; nobody else reads it.
    kept = {key: value for key, value in whole_tree(store_folder).items() if "withheld" not in key}
    everything = rows() + repr(kept) + caplog.text + "".join(capfd.readouterr())
    for each in ("Quasimodo", "Xanthippe", "1951", "02-MAY", DAY, "11.03.17", "MCH-0234567", "0234567"):
        assert each not in everything, each
    assert "2002" in everything


@pytest.mark.parametrize("date", [DAY, "2017-03-12", ""])
def test_a_patient_or_date_that_cannot_be_begins_nothing(
    browser: Client, sent: list[int], put: Put, patient: str, date: str
) -> None:
    put("a.edf")
    if date == DAY:
        assert "There is no patient" in asked(browser, patient="2022")
    else:
        ask(browser)
        done(sent)
        before = Job.objects.count()
        told = asked(browser, surgery_date=date)
        assert ("not the one that patient 2002" if date else "This field is required") in told
        assert Job.objects.count() == before
    assert "is not a patient ID" in asked(browser, patient="../x")
    assert "Nothing was begun" in asked(browser, surgery_date="1066-10-14")


def test_a_file_still_growing_cannot_be_chosen(browser: Client, put: Put, patient: str) -> None:
    growing = put("a.edf")
    (mark,) = references(browser)
    os.utime(growing)
    assert not references(browser)
    assert "still changing" in browser.get("/ingest/").content.decode()
    assert "changed since the list was shown" in asked(browser, all="", file=mark)
    assert "No file is chosen" in asked(browser)
    assert not Job.objects.exists()


@pytest.mark.parametrize("mark", ["../../etc/passwd", "a.edf", "0" * 32, "", "é", "%00"])
def test_no_path_is_taken_from_a_form(browser: Client, put: Put, patient: str, mark: str) -> None:
    put("a.edf")
    assert "Choose again" in asked(browser, all="", file=mark) or not mark
    assert browser.get("/ingest/", {"folder": mark, "page": mark}).status_code == 200
    assert not Job.objects.exists()


def test_what_changes_or_goes_after_choosing_is_a_line_of_the_report(
    browser: Client, sent: list[int], put: Put, patient: str
) -> None:
    changed, gone, _kept = put("a.edf"), put("b.edf", seed=2), put("c.edf", seed=3, start=START + timedelta(hours=5))
    ask(browser)
    with changed.open("ab") as more:
        more.write(b"x")
    aged(changed)
    gone.unlink()
    job = done(sent)
    assert [each["outcome"] for each in report(job)] == ["refused", "refused", "ingested"]
    assert "changed after it was chosen" in str(report(job)[0]["refused"])
    assert "no longer in the inbox" in str(report(job)[1]["refused"])


def test_a_later_attempt_goes_on_with_the_next_file(
    browser: Client, sent: list[int], put: Put, patient: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        put(f"{number}.edf", seed=number, start=START + timedelta(hours=number))
    job = ask(browser)
    lease = claim(job.pk, timing=GONE)
    first = {
        "place": 1,
        "size_bytes": 1,
        "outcome": "ingested",
        "headline": "",
        "recording": "day3_140500",
        "data_sha256": "",
        "found": [],
        "repaired": [],
        "refused": "",
        "to_do": [],
    }
    lease.keep({"patient": "2002", "of": 3, "files": [first]})
    job = done(sent)
    assert (job.state, job.attempt, job.secret) == (State.DONE, 2, "")
    assert [each["place"] for each in report(job)] == [1, 2, 3]
    assert Recording.objects.count() == 2  # the first was not looked at again


def test_the_same_batch_is_asked_for_once_and_one_with_another_date_is_another(
    browser: Client, sent: list[int], put: Put, patient: str
) -> None:
    put("a.edf")
    assert ask(browser).pk == ask(browser).pk
    assert ask(browser, surgery_date="2017-03-10").pk != sent[0]
    assert len(sent) == 2
    assert len({job.question for job in Job.objects.all()}) == 2


def test_a_cancelled_batch_forgets_the_date_and_the_page_lists_what_is_half(
    browser: Client, sent: list[int], put: Put, patient: str, objects: Objects, store_folder: Path
) -> None:
    put("a.edf", patient=JANE)
    before = whole_tree(store_folder)
    job = ask(browser)

    def stopped(*_words: object, **_options: object) -> Iterator[object]:
        cancel(job.pk, by=server_scope(means="test"))
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("chunks.ingest._put_chunks", stopped)
        with pytest.raises(KeyboardInterrupt):
            done(sent)
    job = Job.objects.get(pk=job.pk)
    assert (job.state, job.secret) == (State.CANCELLED, "")
    shown = browser.get("/ingest/").content.decode()
    assert "interrupted" in shown
    assert "Its file is" in shown
    address = "/ingest/interrupted/2002/day3_140500/"
    assert "Remove what was half taken in?" in browser.get(address).content.decode()
    removal = browser.post(address)
    assert removal.status_code == 302
    assert "being removed" in browser.get("/ingest/").content.decode()
    assert browser.post(address)["Location"] == removal["Location"]
    assert Patient.objects.get(pk=patient).surgery_date_hash
    assert done(sent).state == State.DONE
    assert not Recording.objects.exists()
    assert not Patient.objects.get(pk=patient).surgery_date_hash  # another date may be given now
    assert {key: value for key, value in whole_tree(store_folder).items() if "withheld" not in key} == before
    assert list(AuditEntry.objects.filter(act__contains="remove interrupted").values_list("outcome", flat=True)) == [
        "done",
        "done",
        "done",
    ]


def test_nothing_is_removed_that_is_whole_or_being_taken_in(
    browser: Client, sent: list[int], put: Put, patient: str
) -> None:
    put("a.edf")
    ask(browser)
    done(sent)
    assert browser.get("/ingest/interrupted/2002/day3_140500/").status_code == 404
    Recording.objects.update(state="ingesting")
    assert browser.get("/ingest/interrupted/2002/day3_140500/").status_code == 200
    put("b.edf", seed=2)
    ask(browser)  # waits
    assert browser.get("/ingest/interrupted/2002/day3_140500/").status_code == 404
    assert browser.post("/ingest/interrupted/2002/day3_140500/").status_code == 404


def test_an_ingest_refuses_while_a_removal_waits_and_the_other_way_round(
    browser: Client, sent: list[int], put: Put, patient: str
) -> None:
    put("a.edf")
    ask(browser)
    done(sent)
    Recording.objects.update(state="ingesting")
    browser.post("/ingest/interrupted/2002/day3_140500/")
    removal = sent[-1]
    put("b.edf", seed=2, start=START + timedelta(hours=2))
    ask(browser, all="", file=references(browser)[1])
    assert "is being removed" in str(report(done(sent))[0]["refused"])
    ask(browser, all="", file=references(browser)[1])
    assert "is being taken in" in done([removal]).reason


def test_who_loses_the_right_meanwhile_takes_nothing_in(
    browser: Client, sent: list[int], put: Put, patient: str, manager: User
) -> None:
    put("a.edf")
    ask(browser)
    manager.groups.clear()
    job = done(sent)
    assert (job.state, job.secret) == (State.FAILED, "")
    assert "may no longer take in" in job.reason
    assert not Recording.objects.exists()


def test_only_who_may_ingest_sees_the_inbox(put: Put, patient: str) -> None:
    put("Mary_Smith.edf")
    for name, role in (("rita", Role.RESEARCHER), ("nobody", None)):
        user = make_user(name)
        client = Client()
        client.force_login(with_role(user, role) if role else user)
        for address in ("/ingest/", "/ingest/interrupted/2002/day3_140500/"):
            answer = client.get(address)
            assert answer.status_code == 403
            assert "Smith" not in answer.content.decode()
            assert client.post(address, {"all": "1"}).status_code == 403
        assert "/ingest/" not in client.get("/").content.decode()


def test_many_files_are_paged_and_folders_are_named_without_their_names(
    browser: Client, box: Path, put: Put, patient: str
) -> None:
    for number in range(130):
        aged_empty = box / "Export_Smith" / f"{number:03}.edf"
        aged_empty.parent.mkdir(exist_ok=True)
        aged_empty.write_bytes(b"x")
        aged(aged_empty)
    put("z.edf")
    first = browser.get("/ingest/").content.decode()
    assert "page 1 of 2" in first
    assert len(references(browser)) == 100
    assert len(references(browser, "?page=2")) == 31
    assert len(references(browser, "?page=99999999999")) == 100
    (folder,) = {
        mark for mark in re.findall(r'"([0-9a-f]{32})\.1"', first) if len(references(browser, f"?folder={mark}")) > 1
    }
    assert not re.search(r"(?:href|value)=\"[^\"]*Smith", first)
    assert len(references(browser, f"?folder={folder}&page=2")) == 30


def ticked(page: str) -> tuple[set[str], set[str]]:
    """Those that are ticked on the page, and those that it carries of other pages."""
    here = set(re.findall(r'value="([0-9a-f]{32})" id="f\d+" checked', page))
    return here, set(re.findall(r'name="elsewhere" value="([^"]*)"', page)[0].split())


def test_ticks_and_fields_outlast_the_turning_of_pages_and_folders(
    browser: Client, sent: list[int], box: Path, put: Put, patient: str
) -> None:
    for number in range(130):
        put(f"Export/{number:03}.edf", seed=number, seconds=1, start=START + timedelta(minutes=number))
    put("z.edf", seed=999, start=START + timedelta(hours=5))
    first = references(browser)
    typed = {"patient": "2002", "surgery_date": DAY, "accept_truncated": "on"}
    second = browser.post("/ingest/", typed | {"file": first[:2], "go": ".2"}).content.decode()
    assert ticked(second) == (set(), set(first[:2]))
    assert "2 more are chosen on other pages" in second
    assert f'value="{DAY}"' in second
    assert re.search(r'name="accept_truncated"[^>]* checked', second)
    assert 'class="fault' not in second
    chosen = references(browser, "?page=2")[-1]
    carried = {"file": [chosen], "elsewhere": " ".join(first[:2])}
    folder = re.findall(r'"([0-9a-f]{32})\.1"', second)
    for each in folder:
        inside = browser.post("/ingest/", typed | carried | {"all": "1", "go": f"{each}.1"}).content.decode()
        assert set.union(*ticked(inside)) == {chosen, *first[:2]}
        assert 'value="1" checked' not in inside  # "all" would mean other files here
    assert ticked(browser.post("/ingest/", typed | carried | {"go": ".1"}).content.decode()) == (
        set(first[:2]),
        {chosen},
    )
    assert ticked(browser.post("/ingest/", typed | carried | {"forget": "1", "page": "2"}).content.decode()) == (
        {chosen},
        set(),
    )
    aged(put("z.edf", seed=998, start=START + timedelta(hours=5), seconds=3))
    lost = browser.post("/ingest/", typed | carried | {"go": ".1"}).content.decode()
    assert "1 file that you had chosen changed meanwhile" in lost
    assert not Job.objects.exists()
    ask(browser, all="", file=first[5], elsewhere=" ".join(first[:2]), folder=folder[0])
    assert [each["outcome"] for each in report(done(sent))] == ["ingested"] * 3


def test_what_the_list_leaves_out_is_said(
    browser: Client, box: Path, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    put("one/two/three/four/too_deep.edf")
    said = browser.get("/ingest/").content.decode()
    assert "The inbox is empty" in said
    assert "1 folder below the third level is not looked into" in said
    put("a.edf")
    put("b.edf")
    monkeypatch.setattr("chunks.inbox.listing.FILES_MAX", 1)
    assert "1 file is too many" in browser.get("/ingest/").content.decode()
    real = os.scandir

    def scandir(path: Path) -> object:
        if Path(path).name == "one":
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr("chunks.inbox.listing.os.scandir", scandir)
    assert "1 folder may not be read" in browser.get("/ingest/").content.decode()


def test_an_inbox_that_is_away_and_one_that_is_empty_say_what_to_do(
    browser: Client, box: Path, settings: Settings
) -> None:
    assert str(box) in browser.get("/ingest/").content.decode()
    settings.INBOX = box / "nowhere"
    assert "ECOG_INBOX" in browser.get("/ingest/").content.decode()
    assert "ECOG_INBOX" in asked(browser)


def test_a_file_held_for_a_patient_says_so(browser: Client, sent: list[int], put: Put, patient: str) -> None:
    add_patient("2003")
    put("a.edf")
    ask(browser, patient="2003")
    done(sent)
    ask(browser)
    job = done(sent)
    assert "patient 2003 (day3_140500)" in str(report(job)[0]["refused"])
    assert not Recording.objects.filter(patient="2002").exists()
    assert Patient.objects.get(pk="2002").surgery_date_hash == ""
