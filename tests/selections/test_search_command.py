"""`manage.py search`: the same question on the command line, its table, its JSON, its exit status and its audit."""

import io
import json
import shlex

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from chunks.headers_db.place import State
from chunks.headers_db.state import read_state, set_state
from people.models import AuditedPatient, AuditEntry
from selections.resolve import resolve
from tests.people.makers import grant, make_user
from tests.selections.made import DAY, HOUR, MINUTE, hold
from tests.selections.sessions import session

pytestmark = pytest.mark.database


def search(words: str) -> str:
    out = io.StringIO()
    call_command("search", *shlex.split(words), stdout=out)
    return out.getvalue()


def refused(words: str) -> CommandError:
    with pytest.raises(CommandError) as caught:
        search(words)
    return caught.value


def answer(words: str) -> dict:
    return json.loads(search(f"{words} --json"))


@pytest.fixture(autouse=True)
def archive() -> None:
    hold("2002", "day-1_230000", (-HOUR, 2 * HOUR), labels=["LTG1", "POL LTG2", "EMG, L"])
    hold("2003", "day4_000000", (4 * DAY, 4 * DAY + HOUR), labels=["LTG1"])


def test_sums_come_first_then_the_headers():
    lines = search("--patient 2002 --channel LTG1").splitlines()
    assert lines[0] == "patient 2002; all time; channels LTG1"
    assert lines[1] == "3 chunks of 1 channel in 1 recording of 1 patient; 3.00 hours, 0 gaps"
    assert lines[2] == "3,024 bytes (3.0 kB), 0:00:00 at 50.0 MB/s"
    assert " ".join(lines[4].split()) == "patient recording channel label chunk day start stop rate bytes key"
    assert " ".join(lines[5].split()) == (
        "2002 day-1_230000 1 LTG1 0 -1 2001-12-30 23:00:00 2001-12-31 00:00:00 500 Hz 1,001 "
        "day-1_230000/LTG1~1_chunk-0.chn"
    )
    assert lines[4].index("label") == lines[5].index("LTG1")
    assert len(lines) == 8


def test_what_a_part_of_a_chunk_holds_of_the_question_is_said():
    assert "2.00 hours (0.50 of them in the time asked for)" in search(
        "--patient 2002 --channel LTG1 --start day -1 23:45 --stop day 0 00:15"
    )


@pytest.mark.parametrize(
    ("words", "chunks"),
    [
        ("--day -1", 3),
        ("--day -1..0", 9),
        ("--day=-1..0", 9),
        ("--day -1 0", 9),
        ("--start day -1 23:30 --stop 'day 0 00:00'", 3),
        ("--start '2001-12-31 01:00' --channel LTG1 'LTG2'", 2),
        ("--when day 0 00:00..day 0 01:00 --when 'day 0 01:30..'", 6),
        ("--hours 23:00-00:30", 6),
        ("--channel '\"EMG, L\"' --channel 1", 6),
        ("--channel LTG1..LTG2", 6),
    ],
)
def test_words_as_people_type_them(words, chunks):
    assert answer(f"--patient 2002 {words}")["totals"]["chunks"] == chunks


def test_pages_follow_each_other():
    first = search("--patient 2002 --limit 4")
    cursor = first.splitlines()[-1].removeprefix("More with --after ")
    second = search(f"--patient 2002 --limit 20 --after {cursor}")
    rows = [line for line in (first + second).splitlines() if line.startswith("2002 ")]
    assert len(rows) == len(set(rows)) == 9
    assert "--after" not in second


def test_the_sums_alone():
    assert search("--patient 2002 --limit 0").count("\n") == 3


def test_json_has_every_detail_and_the_next_page():
    found = answer("--all-patients --limit 1")
    assert found["question"] == ""
    assert found["totals"] == {
        "chunks": 10,
        "channels": 4,
        "recordings": 2,
        "patients": 2,
        "hours": 4.0,
        "hours_asked": 4.0,
        "gaps": 0,
        "bytes": 9 * 1_000 + 3 * (0 + 7 + 14) + 3 * (1 + 2 + 3) + 1_001,
        "bytes_per_s": 50_000_000.0,
        "seconds": pytest.approx(10_082 / 50e6),
    }
    [header] = found["headers"]
    assert header["start"] == "2001-12-30T23:00:00.000000"
    assert (header["sfreq"], header["day"], header["bytes"]) == (500.0, -1, 1_001)
    assert found["next"]


def test_nothing_found_is_status_1_and_says_what_would_match():
    out = io.StringIO()
    with pytest.raises(CommandError, match="Nothing matches") as caught:
        call_command("search", "--patient", "2002", "--day", "7", stdout=out)
    assert caught.value.returncode == 1
    assert "was recorded on days -1 to 0" in out.getvalue()
    with pytest.raises(CommandError) as caught:
        call_command("search", "--patient", "2002", "--day", "7", "--json", stdout=(out := io.StringIO()))
    assert caught.value.returncode == 1
    assert any("days -1 to 0" in hint for hint in json.loads(out.getvalue())["hints"])


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("", "--patient ID"),
        ("--day 4", "--patient ID"),
        ("--patient ''", "--patient ID"),
        ("--patient 2002 --day four --hours 22", "day: 'four'"),
        ("--patient 2002 --after xyz", "begin again"),
        ("--patient 2002 --limit -1", "--limit is -1"),
        ("--patient 2002 --limit 10001", "10000"),
        ("--patient 2002 --as alise", "no user 'alise'. The most similar: alice"),
    ],
)
def test_what_is_no_question_is_status_2(words, says):
    make_user("alice")
    error = refused(words)
    assert error.returncode == 2
    assert says in str(error)


def test_warnings_stand_before_the_sums():
    lines = search("--patient 2002 2009 --channel LTG1 XX").splitlines()
    assert lines[1].startswith("There is no patient 2009 whom you may see.")
    assert lines[2] == "No channel of patient 2002 is XX, in the time asked for."
    assert "chunks" in lines[3]


def test_another_users_permission_holds_and_the_act_is_hers():
    user = make_user("alice")
    grant(user, patient="2003")
    found = answer("--all-patients --as alice")
    assert found["totals"]["chunks"] == 1
    assert {header["patient"] for header in found["headers"]} == {"2003"}
    entry = AuditEntry.objects.get()
    assert (entry.by_name, entry.user_id, entry.act, entry.means, entry.outcome) == (
        "alice",
        user.pk,
        "search",
        "command",
        "done",
    )
    assert set(AuditedPatient.objects.values_list("patient", flat=True)) == {"2003"}
    with pytest.raises(CommandError, match="Nothing matches"):
        search("--patient 2002 --as alice")


def test_a_closed_account_finds_nothing():
    make_user("bob", is_active=False)
    assert "closed" in str(refused("--patient 2002 --as bob"))


def test_a_search_is_written_down_with_its_question_and_patients():
    search("--patient 2002 --day -1 --limit 0")
    entry = AuditEntry.objects.get()
    assert entry.by_name == "server"
    assert entry.question == "patient=2002&when=day+-1+00:00..day+0+00:00"
    assert entry.outcome == "done"
    assert list(AuditedPatient.objects.values_list("patient", flat=True)) == ["2002"]


def test_a_search_that_fails_is_written_down_as_failed(monkeypatch):
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("no such thing")

    monkeypatch.setattr(f"{resolve.__module__}.totals_of", broken)
    with pytest.raises(RuntimeError):
        search("--patient 2002")
    assert AuditEntry.objects.get().outcome == "failed"


def test_a_headers_database_that_sleeps_is_a_sentence():
    set_state(read_state(), state=State.ASLEEP, by="ann")
    error = refused("--patient 2002")
    assert "asleep" in str(error)
    assert error.returncode == 1
    assert AuditEntry.objects.get().outcome == "failed"


def test_control_characters_of_a_label_do_not_reach_the_terminal():
    hold("2004", "rec", (0, HOUR), labels=["\x1b]0;x\x07[bold]"])
    found = search("--patient 2004")
    assert "\x1b" not in found
    assert r"\x1b]0;x\x07[bold]" in found


def test_a_terminal_gets_a_table_that_fits_it(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("COLUMNS", "80")
    hold("2004", "day3_140500", (3 * DAY, 3 * DAY + HOUR), labels=["[red]A1"])
    out = Terminal()
    call_command("search", "--patient", "2004", stdout=out)
    row = out.getvalue().splitlines()[-1]
    assert row.split() == ["2004", "day3_140500", "1", "[red]A1", "3", "00:00:00", "1:00:00", "500", "Hz", "1,001"]
    assert len(row) <= 80


def test_a_task_shows_its_sessions_with_their_covered_share():
    session("2002", 0, 30 * MINUTE)
    session("2003", 4 * DAY + 45 * MINUTE, 4 * DAY + 105 * MINUTE)
    session("2002", 9 * DAY, 9 * DAY + HOUR)
    lines = search("--all-patients --task tom loc --pad 5 --limit 2").splitlines()
    assert "3 sessions of 1 task and 2 patients: 1 covered, 1 partly, 1 with no recording" in lines
    at = next(place for place, line in enumerate(lines) if line.startswith("patient  task"))
    assert " ".join(lines[at + 1].split()) == ("2002 ToM_Loc day 0 00:00 00:30 100 % day-1_230000 ToM_Loc_2002_0.json")
    assert "no recording" in lines[at + 2]
    found = answer("--all-patients --task TOM-LOC --channel LTG1")
    assert [(each["patient"], each["covered"], each["method"]) for each in found["sessions"]] == [
        ("2002", 1.0, "clock"),
        ("2002", 0.0, "clock"),
        ("2003", 0.25, "clock"),
    ]
    assert found["sessions"][0]["recordings"] == [{"name": "day-1_230000", "offset_s": 3600.0, "clock_offset_s": 0.0}]
    assert found["totals"]["chunks"] == 2


def test_a_task_nobody_has_is_answered_with_the_nearest():
    session("2002", 0, 30 * MINUTE)
    assert "Did you mean ToM_Loc?" in search_that_finds_nothing("--all-patients --task tom_lok")


def search_that_finds_nothing(words: str) -> str:
    out = io.StringIO()
    with pytest.raises(CommandError):
        call_command("search", *shlex.split(words), stdout=out)
    return out.getvalue()
