"""A patient's page: her sums, days and recordings; who may not see her is told what is told of who is not there."""

import re

import pytest
from django.test import Client

from chunks.models import Recording, RecordingState
from people.models import AuditedPatient, AuditEntry
from people.roles import Role
from selections.patient_page import DAYS_AT_ONCE, RECORDINGS_AT_ONCE
from tests.selections.made import DAY, HOUR, MINUTE, hold, recording
from tests.selections.pages import alike, browser_of, links, person, source, text

pytestmark = pytest.mark.database(transaction=True)


@pytest.fixture
def rita() -> Client:
    hold("2002", "day0_220000", (22 * HOUR, 26 * HOUR), labels=["LTG1", "LTG2"])
    hold("2002", "day1_050000", (29 * HOUR, 30 * HOUR), (30 * HOUR + MINUTE, 31 * HOUR), labels=["LTG1"])
    hold("2007", "theirs", (0, HOUR))
    Recording.objects.filter(name="day0_220000").update(
        bytes_expected=1_234_567, chunks_expected=8, warnings='["The end is missing."]'
    )
    return browser_of(person("rita", "2002"))


def test_it_says_what_there_is(rita):
    said = text(rita.get("/patients/2002/"))
    for each in (
        "Recorded on days 0 to 1.",
        "Recordings 2",
        "Days recorded 2",
        "Hours recorded 5.98",
        "Gaps 2",
        "1,234,567 bytes",
        "Day 0: 2 hours recorded",
        "day 0 22:00 day 1 02:00 4 hours 2 8 1.2 MB 1 warning The end is missing.",
    ):
        assert each in said, each


def test_days_and_bars_lead_on(rita):
    page = rita.get("/patients/2002/")
    assert "/search/?patient=2002&when=day+1+00:00..day+2+00:00" in links(page)
    # Once in the list, and on each of the two days that it touches.
    assert links(page).count("/patients/2002/recordings/day0_220000/") == 3


def test_a_short_pause_has_a_mark(rita):
    assert "pause of 1 minute at day 1 06:00" in text(rita.get("/patients/2002/"))


def test_long_stays_have_pages(rita):
    for day in range(10, 10 + 3 * DAYS_AT_ONCE):
        hold("2002", f"day{day}", (day * DAY, day * DAY + HOUR))
    for pattern, more, at_once in (
        (r">Day (\d+)<", "?days=", DAYS_AT_ONCE),
        (r'nowrap"><a href="/patients/2002/recordings/(\w+)/', "?recordings=", RECORDINGS_AT_ONCE),
    ):
        seen, address = [], "/patients/2002/"
        while address:
            page = rita.get(address)
            here = re.findall(pattern, source(page))
            assert len(here) <= at_once
            seen += here
            address = next((f"/patients/2002/{each}" for each in links(page) if each.startswith(more)), "")
        assert len(seen) == len(set(seen)) == 3 * DAYS_AT_ONCE + 2


@pytest.mark.parametrize(
    "query",
    [
        "days=x",
        "days=-",
        "days=--5",
        "days=9" + "9" * 5_000,
        "days=²",
        "recordings=-1",
        "recordings=٣",
        "recordings=999999999999999999",
    ],
)
def test_positions_that_mean_nothing_do_no_harm(rita, query):
    assert rita.get(f"/patients/2002/?{query}").status_code == 200


@pytest.mark.parametrize("state", [state for state in RecordingState.values if state != "ok"])
def test_recordings_in_other_states_are_for_data_managers(rita, state):
    hold("2002", "spoilt", (5 * DAY, 5 * DAY + HOUR), state=state)
    assert "spoilt" not in source(rita.get("/patients/2002/"))
    assert rita.get("/patients/2002/recordings/spoilt/").status_code == 404
    dan = browser_of(person("dan", role=Role.DATA_MANAGER))
    assert RecordingState(state).label in text(dan.get("/patients/2002/"))
    assert "leave this recording out" in text(dan.get("/patients/2002/recordings/spoilt/"))
    # Sums and days are those of searches, for her too.
    assert "Recordings 2" in text(dan.get("/patients/2002/"))


@pytest.mark.parametrize("path", ["/patients/{}/", "/patients/{}/recordings/theirs/"])
def test_a_hidden_patient_and_one_that_does_not_exist_are_not_found_alike(rita, path):
    hidden, missing = rita.get(path.format("2007")), rita.get(path.format("2008"))
    assert (hidden.status_code, missing.status_code) == (404, 404)
    assert alike(hidden, but_for="2007") == alike(missing, but_for="2008")
    assert not AuditEntry.objects.exists()
    assert browser_of(person("bob", "2007")).get(path.format("2007")).status_code == 200


def test_who_has_no_role_is_refused(rita):
    nora = browser_of(person("nora", "2002", role=None))
    for path in ("/patients/2002/", "/patients/2002/recordings/day0_220000/"):
        assert nora.get(path).status_code == 403
        assert rita.get(path).status_code == 200
        assert rita.post(path).status_code == 405


def test_a_look_is_in_the_audit(rita):
    rita.get("/patients/2002/")
    entry = AuditEntry.objects.get(act="look")
    assert (entry.by_name, entry.means, entry.outcome) == ("rita", "page", "done")
    assert list(AuditedPatient.objects.values_list("patient", flat=True)) == ["2002"]


def test_a_patient_without_recordings_has_a_page():
    said = text(browser_of(person("rita", "2050")).get("/patients/2050/"))
    assert "No recordings to search yet." in said
    assert "ingest_edf" not in said
    assert "python manage.py ingest_edf FOLDER --subject 2050" in text(
        browser_of(person("dan", role=Role.DATA_MANAGER)).get("/patients/2050/")
    )


def test_a_recording_of_annotations_alone_is_listed(rita):
    recording("2002", "notes", (40 * DAY, 40 * DAY), labels=[]).save(force_insert=True)
    assert "notes" in text(rita.get("/patients/2002/"))
    assert rita.get("/patients/2002/recordings/notes/").status_code == 200
