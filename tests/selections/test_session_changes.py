"""What data managers do with sessions on pages; nobody else does."""

import json

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from behavior import receive
from behavior.aligning import KIND
from behavior.catalogue import session
from behavior.noted import notes_of
from jobs.models import Job
from people.models import AuditedPatient, AuditEntry
from people.patients import add_patient
from people.roles import Role
from people.scope import server_scope
from storage.objects import Objects
from tests.behavior.aligned import hold_recording, hold_session
from tests.behavior.conftest import BUCKET, objects, own_credentials
from tests.behavior.made import content, document
from tests.behavior.photodiode import Channel, as_recorded, trials
from tests.behavior.test_aligning import done, sent_nowhere
from tests.selections.pages import browser_of, links, person, text

__all__ = ["objects", "own_credentials", "sent_nowhere"]

pytestmark = pytest.mark.database(transaction=True)
NAME = "ToM_Loc_2003.json"


@pytest.fixture
def dan(objects: Objects) -> Client:
    add_patient("2003")
    return browser_of(person("dan", role=Role.DATA_MANAGER))


def file(name: str, body: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, body)


def add(client: Client, *files: SimpleUploadedFile):
    return client.post("/sessions/add/", {"files": list(files)})


def words(**changes: object) -> dict[str, object]:
    return {"task": "ToM_Loc", "patient": "2003", "day": 3, "start": "9:5:3:42", "stop": "9:20:0:7"} | changes


def test_each_files_outcome_is_said(dan, objects):
    page = add(
        dan,
        file("a.json", content(document())),
        file("a again.json", content(document())),
        file("b.json", content(document(day="4"))),
        file("<img src=x>.csv", b"a,b\n1,2\n"),
        file("d.json", content(document(subject="2999"))),
    )
    said = text(page)
    for each in (
        "3 of 5 taken",
        f"a.json stored as {NAME}",
        f"a again.json already there as {NAME}",
        "b.json stored as ToM_Loc_2003_day4_090503.json",
        "ToM_Loc_2003.json is another session, so this one is stored as",
        "<img src=x>.csv refused",
        "it looks like a table with commas (CSV), 2 lines.",
        "There is no patient '2999'.",
        "No recording of patient 2003 is held yet",
    ):
        assert each in said, each
    assert b"<img src=x>" not in page.content
    assert f"/sessions/{NAME}" in links(page)
    entry = AuditEntry.objects.get(act="ingest sessions")
    assert (entry.outcome, entry.reason, entry.question) == ("failed", "Refused: number 4, 5 of 5.", "5 files")
    assert list(AuditedPatient.objects.filter(entry=entry).values_list("patient", flat=True)) == ["2003"]


def test_the_form_of_a_refused_file_is_filled_in_as_far_as_it_tells(dan):
    raw = b'{"wall_time": "9:01:02"}\n{"wall_time": "9:03:04"}\n'
    source = add(dan, file("faces_task_2003.json", raw)).content.decode()
    for name, value in (("task", "faces_task"), ("patient", "2003"), ("start", "9:01:02"), ("stop", "9:03:04")):
        assert f'name="{name}" value="{value}"' in source, name


def test_no_file_and_one_too_large_are_said(dan, monkeypatch):
    none = dan.post("/sessions/add/", {})
    assert (none.status_code, b"No file was chosen" in none.content) == (422, True)
    monkeypatch.setattr(receive, "UPLOAD_BYTES", 5)
    assert "at most 5 are taken here" in text(add(dan, file("x.json", b"123456")))


def test_a_session_of_words_and_files(dan, objects):
    answer = dan.post("/sessions/new/", words() | {"files": [file("raw.mat", b"MATLAB 5.0 x")]}, follow=True)
    assert answer.redirect_chain == [(f"/sessions/{NAME}", 302)]
    assert f"Stored as {NAME}." in text(answer)
    assert objects.get(BUCKET, f"{NAME}.files/1.mat") == b"MATLAB 5.0 x"
    assert AuditEntry.objects.get(act="add session").outcome == "done"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"patient": "2999"}, "There is no patient"),
        ({"start": "25:0:0"}, "is no time of day"),
        ({"day": "99999"}, "is no day"),
        ({"day": "x"}, "Enter a whole number"),
        ({"task": ""}, "This field is required"),
    ],
)
def test_words_that_cannot_be_are_said_and_kept_in_the_form(dan, objects, changes, said):
    answer = dan.post("/sessions/new/", words(**changes))
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert 'value="9:20:0:7"' in answer.content.decode()
    assert not list(objects.list(BUCKET))


def correct(client: Client, **changes: object):
    return client.post(
        f"/sessions/{NAME}/correct", words(stop="9:20:0:7", offset_s="0.0", reason="typed wrong") | changes
    )


def test_only_what_is_changed_is_corrected(dan, objects):
    add(dan, file("a.json", content(document())))
    assert correct(dan, day=4, offset_s="-3600").status_code == 302
    notes = json.loads(objects.get(BUCKET, f"{NAME}.notes.json"))
    assert notes["sessions"]["1"]["corrections"] == {"day": 4}
    assert notes["sessions"]["1"]["clock_offset_us"] == -3_600_000_000
    assert (notes["history"][0]["by"], notes["history"][0]["reason"]) == ("dan", "typed wrong")
    assert session(NAME, scope=server_scope(means="test")).day == 4
    assert objects.get(BUCKET, NAME) == content(document())
    entry = AuditEntry.objects.get(act="set session")
    assert (entry.outcome, entry.question) == ("done", NAME)
    page = text(dan.get(f"/sessions/{NAME}"))
    assert "Corrected day" in page


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "Nothing would change"),
        ({"day": 4, "reason": ""}, "This field is required"),
        ({"start": "9:99:0"}, "is no time of day"),
        ({"patient": "2999"}, "There is no patient"),
        ({"offset_s": "nan"}, "Enter a number"),
    ],
)
def test_a_correction_that_cannot_be_is_said(dan, objects, changes, said):
    add(dan, file("a.json", content(document())))
    answer = correct(dan, **changes)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not notes_of([NAME])


def test_a_proposal_is_looked_at_and_kept(dan, objects):
    rng = np.random.default_rng(1)
    made = trials(rng, count=20)
    record = hold_session(objects, made)
    shown = as_recorded(made, rng, offset_s=302.5, drift_ppm=30)
    hold_recording(objects, {"LTG1": Channel(seconds=900), "DC01": Channel(seconds=900, shown=shown)})
    asked = dan.post(f"/sessions/{NAME}/align", {"channel": "", "search": 10})
    job = done(Job.objects.get(kind=KIND))
    assert asked["Location"] == f"/jobs/{job.pk}/"
    page = text(dan.get(asked["Location"]))
    assert "in the next best place" in page
    assert "Show the question" not in page
    kept = dan.post(f"/sessions/{NAME}/keep", {"job": job.pk}, follow=True)
    assert "The alignment is kept." in text(kept)
    assert "by triggers" in text(kept)
    assert notes_of([NAME])[NAME].alignment["author"] == "dan"
    assert record.file_name == NAME


def test_what_is_doubtful_is_kept_with_a_yes_alone(dan, objects):
    rng = np.random.default_rng(1)
    made = trials(rng, count=1)
    hold_session(objects, made)
    shown = as_recorded(made, rng, offset_s=302.5, drift_ppm=0, lost=0, false=0)
    hold_recording(objects, {"DC01": Channel(seconds=900, shown=shown)})
    dan.post(f"/sessions/{NAME}/align", {"search": 10})
    job = done(Job.objects.get(kind=KIND))
    assert "I looked at it, and it is right" in text(dan.get(f"/jobs/{job.pk}/"))
    refused = dan.post(f"/sessions/{NAME}/keep", {"job": job.pk})
    assert refused.status_code == 422
    assert "so few that chance can match them" in refused.content.decode()
    assert not notes_of([NAME])
    assert AuditEntry.objects.get(act="align session").outcome == "refused"
    assert dan.post(f"/sessions/{NAME}/keep", {"job": job.pk, "yes": "yes"}).status_code == 302
    assert notes_of([NAME])[NAME].alignment["matched"] == 3


@pytest.mark.parametrize("job", ["", "x", "0", "9" * 30, "1", "٣"])
def test_a_job_that_proposes_nothing_keeps_nothing(dan, objects, job):
    add(dan, file("a.json", content(document())))
    answer = dan.post(f"/sessions/{NAME}/keep", {"job": job})
    assert answer.status_code == 422
    assert "proposes no alignment for this session" in answer.content.decode()


@pytest.mark.parametrize("search", ["0", "9999", "x"])
def test_how_far_is_looked_has_a_limit(dan, objects, search):
    add(dan, file("a.json", content(document())))
    assert dan.post(f"/sessions/{NAME}/align", {"search": search}).status_code == 422
    assert not Job.objects.exists()


ROUTES = ["/sessions/add/", "/sessions/new/", *(f"/sessions/{NAME}/{act}" for act in ("correct", "align", "keep"))]


@pytest.mark.parametrize("address", ROUTES)
def test_researchers_do_none_of_it(objects, address):
    add_patient("2003")
    rita = browser_of(person("rita", "2003"))
    assert rita.get(address).status_code == 403
    sent = words(reason="x", offset_s=1) | {"files": [file("a.json", content(document()))]}
    assert rita.post(address, sent).status_code == 403
    assert not list(objects.list(BUCKET))
    manager = browser_of(person("dan", role=Role.DATA_MANAGER))
    assert manager.get(address).status_code in {200, 405}
