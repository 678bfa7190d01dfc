"""The search page: one address for a question, its answer at once, pages of headers, and nothing of hidden patients."""

import html
import re

import pytest
from django.test import Client

from people.models import AuditedPatient, AuditEntry
from people.roles import Role
from selections.form import NO_PATIENT
from tests.selections.made import DAY, HOUR, hold
from tests.selections.pages import alike, browser_of, links, person, source, text

pytestmark = pytest.mark.database(transaction=True)

SECRET = "2007"


@pytest.fixture
def rita() -> Client:
    hold("2002", "day0_000000", (0, 3 * HOUR), (4 * HOUR, 6 * HOUR), labels=["LTG1", "LTG2", "EMG, L"])
    hold("2003", "day4_000000", (4 * DAY, 4 * DAY + HOUR), labels=["LTG1"])
    hold(SECRET, "theirs", (0, 40 * HOUR), labels=["LTG1", "QQ77"])
    return browser_of(person("rita", "2002", "2003"))


def search(client: Client, **fields: str):
    return client.get("/search/", fields, follow=True)


def test_a_question_is_redirected_to_its_one_address(rita):
    typed = {"patient": "2002", "day": "0", "channel": "LTG2,LTG1", "start": "", "stop": "", "hours": "", "when": ""}
    there = "/search/?channel=LTG1&channel=LTG2&patient=2002&when=day+0+00:00..day+1+00:00"
    response = rita.get("/search/", typed)
    assert (response.status_code, response["Location"]) == (302, there)
    assert rita.get("/search/?patient=2002&channel=LTG1,LTG2&start=day+0&stop=day+0+24:00")["Location"] == there
    assert rita.get(there).status_code == 200
    assert not AuditEntry.objects.filter(act="search").count() > 1  # a redirect shows nothing


def test_a_question_longer_than_an_address_may_be_is_answered_where_it_was_asked(rita):
    days = ",".join(map(str, range(0, 600, 2)))
    answer = rita.get("/search/", {"patient": "2002", "day": days})
    assert answer.status_code == 200
    assert "Chunks" in text(answer)


def test_the_answer_says_everything_at_once(rita):
    said = text(search(rita, patient="2002", channel="LTG*", start="day 0 00:30"))
    for each in (
        "Patient 2002 · from day 0 00:30 · channel ltg*",
        "Chunks 10",
        "Channels 2",
        "Recordings 1",
        "Patients 1",
        "Hours 5.00 4.50 in the time asked for",
        "Gaps 1",
        "exactly 10,155 bytes",
        "at 50.0 MB/s",
        "day0_000000/LTG1~1_chunk-0.chn",
        "python manage.py search --patient 2002 --when 'day 0 00:30..' --channel 'ltg*'",
        "./ecog download --patient 2002",
    ):
        assert each in said, each


def test_the_button_sends_the_question_as_it_stands_in_its_address(rita):
    page = source(search(rita, patient="2002", channel='"EMG, L"'))
    question = html.unescape(re.search(r'name="question" value="([^"]*)"', page)[1])
    assert question == "channel=%22EMG%2C+L%22&patient=2002"
    assert 'action="/bundles/"' in page


def test_pages_of_headers_show_each_once_and_end(rita):
    hold("2002", "many", (6 * DAY, 6 * DAY + 60 * HOUR), labels=["A1", "A2"])
    address, seen, pages = "/search/?patient=2002", [], 0
    while address:
        page = rita.get(address)
        seen += re.findall(r'class="key mono">([^<]+)<', source(page))
        pages += 1
        address = next(iter(re.findall(r'rel="next" href="([^"]+)"', source(page))), "").replace("&amp;", "&")
    assert pages == 3
    assert len(seen) == len(set(seen)) == 15 + 120
    assert "First page" in text(page)


@pytest.mark.parametrize("after", ["nonsense", "%00", "A" * 5_000, "MjAwMiA1IDEgMQ"])
def test_a_position_that_cannot_be_read_is_the_first_page_with_a_notice(rita, after):
    said = text(rita.get(f"/search/?patient=2002&after={after}", follow=True))
    assert "begin again with the first page. This is the first page." in said
    assert "Chunks 15" in said


def test_what_there_is_is_a_look_at_the_patients_that_are_shown(rita):
    search(rita)
    (look,) = AuditEntry.objects.all()
    assert (look.act, look.question, look.outcome) == ("look", "overview", "done")
    shown = set(AuditedPatient.objects.filter(entry=look).values_list("patient", flat=True))
    assert shown == {"2002", "2003"}


def test_faults_stand_beside_their_fields_and_are_no_act(rita):
    page = source(search(rita, patient="2002", day="x", channel='"open'))
    for field, value in (("day", "x"), ("channel", "&quot;open")):
        assert re.search(rf'id="f-{field}" name="{field}" value="{value}"[^>]*aria-invalid="true"', page), field
        assert f'id="x-{field}"' in page
    assert 'aria-invalid="true"' not in re.search(r'<input[^>]*id="f-patient"[^>]*>', page)[0]
    assert not AuditEntry.objects.exists()


def test_every_patient_is_a_choice_of_its_own(rita):
    assert NO_PATIENT[1:] in text(rita.get("/search/?patient=&channel=LTG1"))
    said = text(search(rita, everyone="yes", patient="", channel="LTG1"))
    assert "Every patient you may see · all time · channel LTG1" in said
    assert "Patients 2" in said


def test_without_a_question_the_page_shows_what_there_is(rita):
    page = rita.get("/search/")
    assert "Patient 2002, day 0: 5 hours recorded" in text(page)
    assert "Patient 2003, day 4: 1 hour recorded" in text(page)
    assert "/search/?patient=2003&when=day+4+00:00..day+5+00:00" in links(page)


def test_a_day_of_the_picture_narrows_the_question(rita):
    page = search(rita, everyone="yes", channel="LTG1", hours="22:00-06:00")
    assert "/search/?channel=LTG1&hours=22:00-06:00&patient=2002&when=day+0+00:00..day+1+00:00" in links(page)
    assert "Patient 2002, day 0: 5 hours recorded, 5 hours found" in text(page)


def test_an_empty_answer_says_what_would_match(rita):
    said = text(search(rita, patient="2002", channel="LTG1", day="9"))
    assert "Nothing matches" in said
    assert "Patient 2002 was recorded on day 0" in said
    assert "Patient 2002, day 0: 5 hours recorded" in said
    assert "Make a bundle" not in said


def test_many_patients_have_several_pages_of_pictures():
    names = [str(number) for number in range(3000, 3030)]
    for name in names:
        hold(name, "r", (0, HOUR))
    client = browser_of(person("rita", *names))
    for start in ("/search/", "/search/?patient=*"):
        address, seen, pages = start, [], 0
        while address:
            page = client.get(address)
            seen += re.findall(r'aria-label="Patient (\d+),', source(page))
            pages += 1
            address = next((each for each in links(page) if "beyond=" in each), "")
        assert (seen, pages) == (names, 3)


@pytest.mark.parametrize(
    "words",
    [
        {},
        {"patient": SECRET},
        {"patient": "200*"},
        {"patient": "2002", "channel": "QQ7"},
        {"patient": "2002", "day": "1"},
        {"patient": "2002", "after": "MjAwNyAwIDM2MDAwMDAwMDAgMQ"},
        {"everyone": "yes", "beyond": "2006"},
        {"everyone": "yes", "channel": "QQ*"},
    ],
)
def test_a_hidden_patient_is_in_nothing(rita, words):
    page = search(rita, **words)
    said = source(page)
    if words.get("patient") == SECRET:
        # The same in every character as for one that does not exist.
        other = search(rita, patient="2008")
        assert f"There is no patient {SECRET} whom you may see." in said
        assert alike(page, but_for=SECRET) == alike(other, but_for="2008")
        return
    assert SECRET not in said
    assert "theirs" not in said
    assert "QQ77" not in said


def test_who_may_see_it_is_told_of_it(rita):
    bob = browser_of(person("bob", SECRET))
    assert "QQ77" in source(search(bob, patient=SECRET))
    assert f"Patient {SECRET}, days 0 to 1" in text(search(bob))
    assert "2003" not in source(search(bob, everyone="yes"))
    assert "Chunks 80" in text(search(bob, everyone="yes"))
    assert "Chunks 16" in text(search(rita, everyone="yes"))


def test_who_has_no_role_is_refused():
    nobody = browser_of(person("nora", "2002", role=None))
    assert nobody.get("/search/").status_code == 403
    assert nobody.get("/search/?patient=2002").status_code == 403
    assert Client().get("/search/").status_code == 302  # to the login
    assert browser_of(person("rita")).post("/search/", {"patient": "2002"}).status_code == 405


def test_who_may_see_nobody_is_told_whom_to_ask():
    said = text(browser_of(person("rita")).get("/search/"))
    assert "No patient is granted to you" in said


def test_a_search_is_in_the_audit_with_its_patients(rita):
    search(rita, patient="200*", channel="LTG1")
    entry = AuditEntry.objects.get(act="search")
    assert (entry.by_name, entry.means, entry.outcome) == ("rita", "page", "done")
    assert entry.question == "channel=LTG1&patient=200*"
    assert entry.origin == "127.0.0.1"
    assert set(AuditedPatient.objects.values_list("patient", flat=True)) == {"2002", "2003"}


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "A" * 3_000,
        "\x00\x1b[31m",
        "'; DROP TABLE recording; --",
        "{{ 7|add:7 }}{% debug %}",
        "٣",
    ],
    ids=range(7),
)
@pytest.mark.parametrize(
    "field", ["patient", "channel", "day", "start", "stop", "hours", "when", "after", "beyond", "foo"]
)
def test_hostile_words_are_only_words(rita, field, hostile):
    page = source(search(rita, **({"patient": "2002"} | {field: hostile})))
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "\x00" not in page
    assert "\x1b" not in page
    assert "1414" not in page


def test_an_address_that_is_not_utf_8_is_a_fault(rita):
    assert "The address is not UTF-8" in text(rita.get("/search/?patient=%FF%FE"))


def test_a_long_question_keeps_the_page_small():
    labels = [f"ELECTRODE{number}" for number in range(130)]
    names = [str(number) for number in range(3000, 3012)]
    for name in names:
        hold(name, "r", *((day * DAY, day * DAY + HOUR) for day in range(10)), labels=labels[:2])
    client = browser_of(person("rita", *names))
    page = search(client, everyone="yes", channel=",".join(labels))
    assert "Chunks 240" in text(page)
    assert len(page.content) < 95_000
    assert any("beyond=" in each for each in links(page))


def test_a_label_of_a_file_is_only_text(rita):
    hold("2002", "odd", (9 * DAY, 9 * DAY + HOUR), labels=["<b>\x1b[31m</b>"])
    page = source(search(rita, patient="2002", day="9"))
    assert "<b>" not in page
    assert "\x1b" not in page


def test_a_data_manager_sees_all_patients(rita):
    dan = browser_of(person("dan", role=Role.DATA_MANAGER))
    assert f"Patient {SECRET}, days 0 to 1" in text(dan.get("/search/"))
