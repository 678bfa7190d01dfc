"""Sessions above the pictures of coverage: where they lie, what they say, which share a link."""

import re

import pytest

from behavior.catalogue import Catalogue
from people.roles import Role
from people.scope import server_scope
from selections.coverage import Coverage
from selections.intervals import Interval
from selections.joined import Joined, join_all
from selections.marks import NAMED, WORDS_MAX
from selections.picture import DAYS_MAX, day_rows, days_of, strip
from tests.selections.made import DAY, HOUR, MINUTE, hold
from tests.selections.pages import browser_of, links, person, source, text
from tests.selections.sessions import record, session

pytestmark = pytest.mark.database(transaction=True)
NINE = 3 * DAY + 9 * HOUR
HELD = (Interval(start_us=NINE, stop_us=NINE + 10 * MINUTE),)
COVERAGE = Coverage(patient="2002", held=HELD, found=(), recordings=())


def joined(*spans: tuple[int, int], task: str = "ToM_Loc") -> tuple[Joined, ...]:
    hold("2002", "rec", (NINE, NINE + 10 * MINUTE), labels=["LTG1"])
    records = [record("2002", start, stop, task=task) for start, stop in spans]
    (of,) = join_all(records, catalogue=Catalogue(scope=server_scope(means="test")))
    return of.sessions


def drawn(sessions: tuple[Joined, ...]):
    return strip(COVERAGE, day_href=lambda day: f"?day={day}", sessions=sessions)


def test_how_much_is_recorded_is_a_shape_and_a_word():
    found = drawn(
        joined(
            (NINE, NINE + 5 * MINUTE),
            (NINE + 5 * HOUR, NINE + 6 * HOUR),
            (NINE - 5 * HOUR - MINUTE, NINE - 5 * HOUR),
        )
    )
    assert [[tick.kind for tick in mark.ticks] for mark in found.marks] == [["none"], ["covered"], ["none"]]
    assert found.marks[1].title == "ToM_Loc, patient 2002, day 3 09:00 to 09:05, recorded"
    assert found.marks[1].href == f"/sessions/ToM_Loc_2002_{NINE}.json"
    assert found.marks[0].title.endswith("no recording")
    assert found.marks[1].tip == found.marks[1].title


def test_one_covered_in_part_says_how_much():
    (mark,) = drawn(joined((NINE + 5 * MINUTE, NINE + 15 * MINUTE))).marks
    assert (mark.ticks[0].kind, mark.title.rpartition(", ")[2]) == ("partly", "50.0 % recorded")


def test_days_without_a_recording_have_a_place_and_no_link_of_their_own():
    sessions = joined((NINE + 2 * DAY, NINE + 2 * DAY + HOUR))
    found = drawn(sessions)
    assert [day.number for day in found.days] == [3, 4, 5]
    assert [bool(day.href) for day in found.days] == [True, False, False]
    assert days_of(COVERAGE, sessions) == [3, 5]


def test_those_near_each_other_share_a_link_and_are_told_apart():
    found = drawn(joined(*((NINE + at * 20 * MINUTE, NINE + at * 20 * MINUTE + MINUTE) for at in range(NAMED + 2))))
    (mark,) = found.marks
    assert len(mark.ticks) == len({tick.title for tick in mark.ticks}) == NAMED + 2
    assert mark.href == "?day=3"
    assert mark.title.startswith(f"{NAMED + 2} sessions: ToM_Loc, patient 2002, day 3 09:00 to 09:01")
    assert mark.title.endswith("and 2 more")
    assert len(found.sessions) == NAMED + 2
    assert all(each.href for each in found.sessions)


def test_a_day_across_the_page_parts_what_a_strip_joins():
    sessions = joined((NINE, NINE + MINUTE), (NINE + HOUR, NINE + HOUR + MINUTE), (NINE + DAY, NINE + DAY + HOUR))
    rows = day_rows(COVERAGE, days=[3, 4], day_href=str, recording_href=str, sessions=sessions)
    assert [len(row.marks) for row in rows] == [2, 1]


def test_everything_lies_within_the_picture():
    late = 4 * DAY - MINUTE
    spans = [(NINE + day * DAY, NINE + day * DAY + HOUR) for day in range(0, 3 * DAYS_MAX, 3)]
    found = drawn(joined((late, late + 2 * HOUR), (late + 1, late + 2), *spans))
    for mark in found.marks:
        assert 0 <= float(mark.tip_x.rstrip("%")) <= 100
        for tick in mark.ticks:
            x, width = (float(each.rstrip("%")) for each in (tick.x, tick.width))
            assert 0 <= x <= x + width <= 100.001
    assert len(found.sessions) == WORDS_MAX
    assert found.sessions_left == len(spans) + 2 - WORDS_MAX


def test_pages_show_them_and_nothing_of_hidden_patients():
    hold("2002", "rec", (NINE, NINE + 10 * MINUTE), labels=["LTG1"])
    hold("2007", "rec", (NINE, NINE + 10 * MINUTE), labels=["LTG1"])
    session("2002", NINE, NINE + MINUTE, task='<b onload="x">')
    session("2007", NINE, NINE + MINUTE, task="Hidden")
    rita = browser_of(person("rita", "2002"))
    for address in ("/search/", "/search/?patient=2002", "/patients/2002/"):
        page = rita.get(address)
        assert '<b onload="x">, patient 2002, day 3 09:00 to 09:01, recorded' in text(page), address
        assert "<b onload" not in source(page), address
        assert "Hidden" not in source(page), address
        assert any(each.startswith("/sessions/") for each in links(page)), address
    assert "Hidden" in text(browser_of(person("dan", role=Role.DATA_MANAGER)).get("/search/"))


def test_an_answer_by_task_shows_the_sessions_found_and_no_others():
    hold("2002", "rec", (NINE, NINE + 10 * MINUTE), labels=["LTG1"])
    session("2002", NINE, NINE + MINUTE)
    session("2002", NINE + 2 * MINUTE, NINE + 3 * MINUTE, task="faces")
    page = source(browser_of(person("rita", "2002")).get("/search/?patient=2002&task=tomloc"))
    assert re.findall(r'class="mark"[^>]*aria-label="(\w+),', page) == ["ToM_Loc"]


def test_a_patients_sessions_are_listed_by_page(monkeypatch):
    monkeypatch.setattr("selections.patient_page.SESSIONS_AT_ONCE", 2)
    hold("2002", "rec", (NINE, NINE + 10 * MINUTE), labels=["LTG1"])
    for at in range(5):
        session("2002", NINE + at * HOUR, NINE + at * HOUR + MINUTE, task=f"task{at}")
    rita = browser_of(person("rita", "2002"))
    address, found = "/patients/2002/", []
    while address:
        page = rita.get(address)
        found += re.findall(r'<th scope="row"><a href="/sessions/[^"]*">(\w+)<', source(page))
        address = next((f"/patients/2002/{each}" for each in links(page) if each.startswith("?sessions=")), "")
    assert found == [f"task{at}" for at in range(5)]
    assert rita.get("/patients/2002/?sessions=999999999999").status_code == 200
