"""The first page: sums and pictures of what one may see, one's own jobs, and what to do where there is nothing yet."""

import pytest
from django.db import connections
from django.test import Client
from django.test.utils import CaptureQueriesContext

from chunks.headers_db.place import State
from chunks.headers_db.state import read_state, set_state
from chunks.models import Recording
from jobs.models import Job
from people.models import AuditEntry
from people.roles import Role
from tests.selections.made import DAY, HOUR, hold
from tests.selections.pages import browser_of, links, person, source, text

pytestmark = pytest.mark.database(transaction=True)


@pytest.fixture
def archive() -> None:
    hold("2002", "day0", (0, 2 * HOUR))
    hold("2002", "day1", (DAY, DAY + HOUR))
    hold("2003", "day4", (4 * DAY, 4 * DAY + HOUR))
    hold("2003", "spoilt", (9 * DAY, 9 * DAY + HOUR), state="conflict")
    hold("2007", "theirs", (0, 40 * HOUR))
    for name, size_bytes in (("day0", 1_000), ("day1", 500), ("day4", 30), ("theirs", 9_000_000), ("spoilt", 7)):
        Recording.objects.filter(name=name).update(bytes_expected=size_bytes)


@pytest.mark.usefixtures("archive")
def test_two_users_see_and_count_exactly_theirs():
    rita, bob = browser_of(person("rita", "2002", "2003")), browser_of(person("bob", "2003", "2007"))
    said = text(rita.get("/"))
    for each in ("Patients 2", "Recordings 3", "Hours 4.0", "1,530 bytes", "2 recordings 3.0 h, 1.5 kB"):
        assert each in said, each
    assert "2007" not in said
    said = text(bob.get("/"))
    for each in ("Patients 2", "Recordings 2", "Hours 41.0", "9,000,030 bytes"):
        assert each in said, each
    assert "2002" not in said


@pytest.mark.usefixtures("archive")
def test_each_patient_has_a_picture_whose_days_lead_to_a_search():
    page = browser_of(person("rita", "2002")).get("/")
    assert "Patient 2002, days 0 to 1: 3 hours recorded" in text(page)
    assert "/search/?patient=2002&when=day+1+00:00..day+2+00:00" in links(page)
    assert "/patients/2002/" in links(page)


@pytest.mark.usefixtures("archive")
def test_it_is_a_look_at_the_patients_it_shows():
    browser_of(person("rita", "2002", "2003")).get("/", REMOTE_ADDR="10.0.0.7")
    (look,) = AuditEntry.objects.all()
    assert (look.act, look.by_name, look.question, look.outcome, look.origin) == (
        "look",
        "rita",
        "overview",
        "done",
        "10.0.0.7",
    )
    assert set(look.patients.values_list("patient", flat=True)) == {"2002", "2003"}


def test_who_is_shown_nobody_has_looked_at_nobody():
    browser_of(person("rita")).get("/")
    assert not AuditEntry.objects.exists()


def test_many_patients_have_pages_and_one_statement_of_sums():
    names = [str(number) for number in range(3000, 3040)]
    for name in names:
        hold(name, "r", (0, HOUR))
    rita = browser_of(person("rita", *names))
    seen, address, pages = [], "/", 0
    while address:
        with CaptureQueriesContext(connections["headers"]) as captured:
            page = rita.get(address)
        assert sum("GROUP BY" in query["sql"] for query in captured.captured_queries) == 1
        assert len(captured) <= 2 + 3 * 12
        assert "Patients 40" in text(page)
        seen += [each.split("/")[2] for each in links(page) if each.startswith("/patients/")]
        address = next(("/" + each for each in links(page) if each.startswith("?after=")), "")
        pages += 1
    assert (seen, pages) == (names, 4)


def test_ones_own_newest_jobs_are_listed():
    rita, bob = person("rita"), person("bob")
    for number in range(7):
        Job.objects.create(kind="bundle", asker=rita, asker_name="rita", question="", question_key=str(number))
    theirs = Job.objects.create(kind="bundle", asker=bob, asker_name="bob", question="", question_key="b")
    server = Job.objects.create(kind="bundle", asker=None, asker_name="server", question="", question_key="s")
    page = browser_of(rita).get("/")
    mine = list(Job.objects.filter(asker=rita).order_by("-pk").values_list("pk", flat=True))
    assert [each for each in links(page) if each.startswith("/jobs/") and each != "/jobs/"] == [
        f"/jobs/{pk}/" for pk in mine[:5]
    ]
    assert f"Bundle {theirs.pk} " not in text(page)
    assert f"Bundle {server.pk} " not in text(page)


@pytest.mark.usefixtures("archive")
@pytest.mark.parametrize("state", [State.ASLEEP, State.WAKING])
def test_it_works_while_the_headers_database_is_asleep(state):
    rita = person("rita", "2002")
    Job.objects.create(kind="bundle", asker=rita, asker_name="rita", question="", question_key="1", state="done")
    if state == State.WAKING:
        set_state(read_state(), state=State.ASLEEP, by="ann")
    set_state(read_state(), state=state, by="ann")
    said = text(browser_of(rita).get("/"))
    assert f"The headers database is {'asleep' if state == State.ASLEEP else 'waking'}" in said
    assert "done" in said
    assert "2002" not in said
    assert "No patient is granted" not in said
    assert browser_of(rita).get("/search/").status_code == 503


def test_who_may_see_nobody_is_told_what_to_do():
    said = text(browser_of(person("rita")).get("/"))
    assert "No patient is granted to you" in said
    assert "add_patient" not in said
    assert "None yet. A bundle" in said


def test_a_fresh_installation_says_the_first_commands_to_staff():
    said = text(browser_of(person("dan", role=Role.DATA_MANAGER)).get("/"))
    assert "python manage.py add_patient 2002" in said
    assert "python manage.py ingest_edf FOLDER --subject 2002 --surgery-date YYYY-MM-DD" in said


@pytest.mark.usefixtures("archive")
def test_who_has_no_role_sees_no_patient():
    page = browser_of(person("nora", "2002", role=None)).get("/")
    assert "You may not search yet" in text(page)
    assert "2002" not in source(page)
    assert Client().get("/").status_code == 302


@pytest.mark.usefixtures("archive")
@pytest.mark.parametrize("after", ["<script>", "9" * 3_000, "\x00", "2006"])
def test_a_strange_position_shows_no_more_than_there_is(after):
    page = browser_of(person("rita", "2002")).get("/", {"after": after})
    assert "<script>" not in source(page)
    assert "2007" not in source(page)
