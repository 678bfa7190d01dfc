"""One session's page and its files; who may not see its patient is told what is told of a session that is not there."""

from datetime import UTC, datetime
from urllib.parse import quote

import pytest
from django.db import connections
from django.test import Client
from django.test.utils import CaptureQueriesContext

from behavior.alignment import by_clock, to_json
from behavior.index import index_object
from behavior.models import SessionNote
from behavior.notes import Change, Notes, SessionNotes, write_notes
from behavior.place import sessions_here
from people.models import AuditedPatient, AuditEntry
from people.roles import Role
from storage.objects import Objects
from tests.behavior.conftest import BUCKET, objects, own_credentials
from tests.behavior.made import at, content, document
from tests.selections.made import DAY, HOUR, MINUTE, hold
from tests.selections.pages import alike, browser_of, links, person, source, text

__all__ = ["objects", "own_credentials"]

pytestmark = pytest.mark.database(transaction=True)
NINE = 3 * DAY + 9 * HOUR
TRIALS = ({"story": "<script>alert(1)</script>", "rt": 0.5}, {"rt": float("nan"), "other": [1, "x"]}, 7)
CHANNELS = ["LTG1", "LTG2", "LTG10", "EKG", "DC1"]


def put(store: Objects, key: str, *documents: dict, notes: Notes | None = None) -> None:
    store.put(BUCKET, key, content(*documents))
    if notes:
        store.put(BUCKET, f"{key}.notes.json", write_notes(notes))
    index_object(store, sessions_here(), key=key)


@pytest.fixture
def rita(objects: Objects) -> Client:
    hold("2003", "day3_090000", (NINE, NINE + 10 * MINUTE), labels=CHANNELS)
    hold("2007", "theirs", (NINE, NINE + HOUR), labels=["LTG1"])
    put(objects, "ToM_Loc_2003.json", document(start="9:5:0:0", stop="9:15:0:0", data=TRIALS))
    put(objects, "Secret_2007.json", document(experiment="Secret", subject="2007"))
    return browser_of(person("rita", "2003"))


def test_it_says_when_what_and_how_much_was_recorded(rita):
    said = text(rita.get("/sessions/ToM_Loc_2003.json"))
    for each in (
        "Patient 2003, day 3 09:05 to day 3 09:15",
        "Recorded of it 50.0 % a part of the session",
        "The session begins 5 minutes after its start.",
        "LTG1 to LTG10 3 50.0 %",
        "EKG 1 50.0 %",
        "Not aligned yet",
        "by the clocks",
        "Trials 3",
    ):
        assert each in said, each


def test_trials_are_a_table_and_what_they_hold_is_text(rita):
    page = rita.get("/sessions/ToM_Loc_2003.json")
    assert "<script>alert" not in source(page)
    assert '1 <script>alert(1)</script> 0.5 2 NaN [1, "x"] 3 7' in text(page)


def test_its_search_finds_this_session_with_padding(rita):
    page = rita.get("/sessions/ToM_Loc_2003.json")
    padded = next(each for each in links(page) if "pad=5" in each)
    answer = rita.get(padded)
    assert "1 session of 1 task" in text(answer)
    assert "/sessions/ToM_Loc_2003.json" in links(answer)
    assert "Hours 0.17" in text(answer)  # from 09:00, five minutes before, to the recording's end


def test_offset_correction_alignment_and_history_are_told(rita, objects):
    alignment = to_json(
        by_clock(-12.5, since=at("2003", day=3, hour=9), author="dan", at=datetime(2026, 1, 31, tzinfo=UTC))
    )
    change = Change(
        at="2026-01-31T12:00:00+00:00", by="dan", session=1, changes={"day": 3}, reason="<b>typed</b> wrong"
    )
    own = SessionNotes(
        corrections={"day": 3}, clock_offset_us=-90_000_000, clock_offset_source="hand", alignment=alignment
    )
    notes = Notes(sessions={1: own}, history=(change,))
    put(objects, "ToM_Loc_2003.json", document(day="4", start="9:5:0:0", stop="9:9:0:0"), notes=notes)
    said = text(rita.get("/sessions/ToM_Loc_2003.json"))
    for each in (
        "On the task's clock day 3 09:05 to day 3 09:09",
        "On the recorder's clock day 3 09:03:30 to day 3 09:07:30",
        "Clock offset -90 s (hand)",
        "by the clocks alone",
        "-12.5000 s",
        "2026-01-31 12:00 dan day: 3 <b>typed</b> wrong",
        "100 % the whole session",
    ):
        assert each in said, each


def test_an_alignment_that_was_damaged_is_said(rita, objects):
    SessionNote.objects.create(file_name="ToM_Loc_2003.json", subject="2003", alignment={"method": "magic"})
    assert "is wrong: method cannot be 'magic'" in text(rita.get("/sessions/ToM_Loc_2003.json"))


def test_without_a_recording_it_is_said_with_the_guess(rita, objects):
    put(objects, "late_2003.json", document(experiment="late", day="4", start="9:1:0:0", stop="9:2:0:0"))
    said = text(rita.get("/sessions/late_2003.json"))
    assert "Nothing is recorded of patient 2003 at day 4 09:01, but one day earlier" in said
    assert "No recording holds any of it." in said
    assert "nothing no recording then" in said


@pytest.mark.parametrize("name", ["Secret_2007.json", "nothing.json", "Secret_2007.json#2", "withdrawn/2003.json"])
@pytest.mark.parametrize("rest", ["", "/files/session.json", "/files/triggers.csv"])
def test_a_hidden_session_is_one_that_does_not_exist(rita, name, rest):
    hidden = rita.get(f"/sessions/{quote(name)}{rest}")
    missing = rita.get(f"/sessions/none.json{rest}")
    assert (hidden.status_code, missing.status_code) == (404, 404)
    assert alike(hidden, but_for=name) == alike(missing, but_for="none.json")
    assert not AuditEntry.objects.filter(act__in=["look", "fetch"]).exists()


@pytest.mark.parametrize("key", ["old/folder/X_2003.JSON", "ä ö#1%2F?.json"])
def test_names_that_others_gave_have_pages_too(rita, objects, key):
    put(objects, key, document(experiment="Odd", start="9:1:0:0", stop="9:2:0:0"))
    (address,) = {
        each for each in links(rita.get("/patients/2003/")) if each.startswith("/sessions/") and "ToM" not in each
    }
    assert "Odd" in text(rita.get(address))
    sent = rita.get(f"{address}/files/session.json")
    assert b"".join(sent.streaming_content) == objects.get(BUCKET, key)


def test_the_second_of_two_documents_has_its_own_page(rita, objects):
    put(
        objects,
        "two_2003.json",
        document(experiment="two", start="9:1:0:0", stop="9:2:0:0", data=({"alpha": 1},)),
        document(experiment="two", start="9:3:0:0", stop="9:4:0:0", data=({"omega": 1},)),
    )
    assert "omega" not in text(rita.get("/sessions/two_2003.json"))
    assert "omega" in text(rita.get("/sessions/two_2003.json%232"))


def test_a_file_is_sent_to_be_saved_and_audited(rita, objects):
    sent = rita.get("/sessions/ToM_Loc_2003.json/files/session.json")
    body = b"".join(sent.streaming_content)
    sent.close()
    assert body == objects.get(BUCKET, "ToM_Loc_2003.json")
    assert sent["Content-Disposition"] == 'attachment; filename="ToM_Loc_2003.json"'
    assert sent["Content-Length"] == str(len(body))
    assert sent["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in sent["Cache-Control"]
    (entry,) = AuditEntry.objects.filter(act="fetch")
    assert (entry.outcome, entry.bytes) == ("done", len(body))
    assert entry.question == "ToM_Loc_2003.json session.json"
    assert AuditedPatient.objects.get(entry=entry).patient == "2003"


def test_who_goes_away_half_way_is_written_down_as_that(rita):
    sent = rita.get("/sessions/ToM_Loc_2003.json/files/session.json")
    sent.close()
    assert AuditEntry.objects.get(act="fetch").outcome == "cancelled"
    head = rita.head("/sessions/ToM_Loc_2003.json/files/session.json")
    assert head["Content-Length"]
    assert AuditEntry.objects.filter(act="fetch").count() == 1


def test_attached_files_are_never_shown_by_the_browser(rita, objects):
    objects.put(BUCKET, "ToM_Loc_2003.json.files/1.html", b"<script>alert(1)</script>")
    page = rita.get("/sessions/ToM_Loc_2003.json")
    assert "/sessions/ToM_Loc_2003.json/files/attached/1.html" in links(page)
    sent = rita.get("/sessions/ToM_Loc_2003.json/files/attached/1.html")
    assert sent["Content-Type"] == "application/octet-stream"
    assert sent["Content-Disposition"].startswith("attachment")
    sent.close()


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"{", "looks like JSON that breaks off"),
        (b"[" * 200_000, "nested too deep"),
    ],
)
def test_a_file_that_was_damaged_since_is_said_beside_the_rest(rita, objects, body, said):
    objects.put(BUCKET, "ToM_Loc_2003.json", body)
    shown = text(rita.get("/sessions/ToM_Loc_2003.json"))
    assert said in shown
    assert "50.0 %" in shown


def test_a_file_that_is_gone_is_said(rita, objects):
    objects.delete(BUCKET, "ToM_Loc_2003.json")
    assert "is gone from the store" in text(rita.get("/sessions/ToM_Loc_2003.json"))
    assert rita.get("/sessions/ToM_Loc_2003.json/files/session.json").status_code == 404


def test_a_large_file_is_for_the_download(rita, objects, monkeypatch):
    monkeypatch.setattr("behavior.look.READ_BYTES", 10)
    said = text(rita.get("/sessions/ToM_Loc_2003.json"))
    assert "too many to be shown here: download it." in said


def test_statements_do_not_grow_with_channels(rita, objects):
    hold("2003", "wide", (NINE + HOUR, NINE + 2 * HOUR), labels=[f"G{number}" for number in range(100)])
    put(objects, "wide_2003.json", document(experiment="wide", start="10:5:0:0", stop="10:15:0:0"))

    def statements(name: str) -> int:
        with (
            CaptureQueriesContext(connections["default"]) as own,
            CaptureQueriesContext(connections["headers"]) as held,
        ):
            rita.get(f"/sessions/{name}")
        return len(own) + len(held)

    statements("ToM_Loc_2003.json")
    # The narrow one looks besides where else it might have been recorded: it is covered in part alone.
    assert statements("wide_2003.json") <= statements("ToM_Loc_2003.json")


def test_what_data_managers_do_is_not_shown_to_researchers_nor_done_for_them(rita):
    page = source(rita.get("/sessions/ToM_Loc_2003.json"))
    assert "Correct it" not in page
    assert "Align by triggers" not in page
    for address in ("correct", "align", "keep"):
        assert rita.post(f"/sessions/ToM_Loc_2003.json/{address}", {"day": 9}).status_code == 403
    assert "Correct it" in source(browser_of(person("dan", role=Role.DATA_MANAGER)).get("/sessions/ToM_Loc_2003.json"))


def test_who_may_search_but_not_download_gets_no_file(objects):
    put(objects, "ToM_Loc_2003.json", document())
    nobody = browser_of(person("nobody", "2003", role=None))
    assert nobody.get("/sessions/ToM_Loc_2003.json").status_code == 403
    assert nobody.get("/sessions/ToM_Loc_2003.json/files/session.json").status_code == 403
