"""A patient outside the scope appears in no count, list, warning, suggestion or error."""

import pytest

from chunks.models import RecordingState
from people.scope import Scope, scope_for, server_scope
from selections.resolve import Resolved, resolve
from selections.words import parse
from tests.people.makers import grant, make_user
from tests.selections.made import HOUR, hold

pytestmark = pytest.mark.database

SECRET = "2007"


@pytest.fixture
def archive():
    hold("2002", "mine", (0, 2 * HOUR), labels=["LTG1", "LTG2"])
    hold("2003", "ours", (0, 3 * HOUR), labels=["LTG1", "XYZ1"])
    hold(SECRET, "theirs", (0, 40 * HOUR), labels=["LTG1", "QQ77"])


def scope(name: str, *patients: str) -> Scope:
    user = make_user(name)
    for patient in patients:
        grant(user, patient=patient)
    return scope_for(user, means="test")


def ask(of: Scope, **words: str) -> Resolved:
    return resolve(parse({field: [text] for field, text in words.items()}), scope=of)


def everything_said(resolved: Resolved) -> str:
    return " ".join([*resolved.warnings, *resolved.hints(), *resolved.patients])


@pytest.mark.usefixtures("archive")
def test_two_users_see_and_count_exactly_theirs():
    alice, bob = ask(scope("alice", "2002", "2003")), ask(scope("bob", "2003", SECRET))
    assert {row.patient for row in alice.headers()} == {"2002", "2003"}
    assert {row.patient for row in bob.headers()} == {"2003", SECRET}
    assert (alice.totals().chunks, alice.totals().patients) == (10, 2)
    assert (bob.totals().chunks, bob.totals().patients) == (86, 2)
    assert [held.name for held, _ in alice.by_recording()] == ["mine", "ours"]
    assert [held.name for held, _ in bob.by_recording()] == ["ours", "theirs"]
    everyone = ask(server_scope(means="test")).totals()
    assert (everyone.chunks, everyone.patients) == (90, 3)


@pytest.mark.usefixtures("archive")
def test_who_may_see_nobody_finds_nothing():
    nobody = ask(scope("carol"))
    assert list(nobody.headers()) == []
    assert nobody.totals().chunks == 0
    assert nobody.hints() == ("There is no patient whom you may see: an administrator grants patients.",)


@pytest.mark.usefixtures("archive")
@pytest.mark.parametrize(
    "words",
    [
        {"patient": "2007"},
        {"patient": "2007,2002", "channel": "QQ7"},
        {"patient": "200*", "day": "1"},
        {"patient": "2002", "channel": "QQ*"},
        {"patient": "2002", "channel": "QQ7"},
        {"patient": "2002", "day": "1"},
        {"patient": "2002", "start": "day 1 12:00"},
        {"patient": "200", "day": "0"},
        {"patient": "9*"},
        {},
    ],
)
def test_nothing_is_said_of_a_patient_outside_the_scope(words):
    hidden = ask(scope("alice", "2002", "2003"), **words)
    said = everything_said(hidden).replace("There is no patient 2007 whom you may see", "")
    assert SECRET not in said
    assert "theirs" not in said
    assert "QQ77" not in said
    assert {row.patient for row in hidden.headers()} <= {"2002", "2003"}
    # The same question says it to who may see her: the test could fail.
    if words.get("patient") != "2007":
        return
    assert SECRET in everything_said(ask(server_scope(means="test"), **words))


@pytest.mark.usefixtures("archive")
def test_a_hidden_patient_and_one_that_does_not_exist_are_answered_alike():
    alice = scope("alice", "2002", "2003")
    hidden = everything_said(ask(alice, patient="2007", channel="QQ77", day="1"))
    missing = everything_said(ask(alice, patient="2008", channel="QQ77", day="1"))
    assert hidden.replace("2007", "") == missing.replace("2008", "")


@pytest.mark.usefixtures("archive")
def test_a_patient_who_would_match_is_suggested_only_inside_the_scope():
    question = {"patient": "2002", "channel": "LTG1", "start": "day 0 02:30"}
    assert "finds recordings of patients 2003, 2007." in everything_said(ask(server_scope(means="test"), **question))
    assert "finds recordings of patient 2003." in everything_said(ask(scope("alice", "2002", "2003"), **question))
    assert "finds recordings" not in everything_said(ask(scope("dora", "2002"), **question))


@pytest.mark.parametrize("state", [state for state in RecordingState.values if state != "ok"])
def test_nothing_is_said_of_recordings_that_are_not_ok(state):
    hold("2002", "good", (0, HOUR), labels=["LTG1"])
    hold("2002", "notgood", (0, 90 * HOUR), labels=["QQ77"], state=state)
    hold("2003", "notgood", (0, 90 * HOUR), labels=["QQ77"], state=state)
    server = server_scope(means="test")
    for words in ({"patient": "2002", "channel": "QQ7"}, {"patient": "2002", "day": "2"}, {"patient": "2003"}):
        said = everything_said(ask(server, **words))
        assert said
        assert "notgood" not in said
        assert "QQ77" not in said
        assert "recordings of patient 2003" not in said
        assert "days" not in said
