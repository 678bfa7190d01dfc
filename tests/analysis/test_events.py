"""Events come from aligned sessions alone; what the clocks say is refused, in one sentence."""

from datetime import UTC, datetime, timedelta

import pytest

from analysis.errors import AnalysisRefused
from analysis.events import events_of
from behavior.alignment import by_clock, by_hand, to_json
from behavior.trigger_table import Trigger, write_triggers
from chunks.format.clock import DAY_US
from people.scope import server_scope
from selections.resolve import resolve
from selections.words import parse_url
from tests.analysis.made import BUCKET, NAME, take, write
from tests.downloads.played import play

pytestmark = pytest.mark.database
AT = 3 * DAY_US + (14 * 3600 + 5 * 60 + 2) * 10**6
SINCE = datetime(2002, 1, 3, 14, 5, 2)
TRIGGERED = {
    **to_json(by_hand(0.5, since=SINCE, author="alice", at=datetime(2026, 1, 1, tzinfo=UTC))),
    "method": "triggers",
    "matched": 2,
    "expected": 2,
}
TABLE = write_triggers(
    Trigger(time=SINCE + timedelta(seconds=second), sample=second, code=7, trial=trial)
    for second, trial in ((1, 1), (2, None), (3, 2))
)


@pytest.fixture
def found(tmp_path, objects):
    write(tmp_path / "a.edf", records=30)
    take(tmp_path / "a.edf", objects)

    def ask(question: str = "patient=2002&task=tom_loc"):
        return events_of(resolve(parse_url(question), scope=server_scope(means="test")), objects=objects)

    return ask


def test_triggers_of_trials_are_events_on_the_recordings_clock(found, objects):
    play(objects, "2002", AT, AT + 10**7, name="a.json", alignment=TRIGGERED, triggers=TABLE)
    events = found().events
    assert [(each.at, each.code, each.trial, each.number) for each in events] == [
        (SINCE + timedelta(seconds=1), 7, 1, 0),
        (SINCE + timedelta(seconds=3), 7, 2, 1),
    ]
    assert {(each.bucket, each.recording, each.task) for each in events} == {(BUCKET, NAME, "ToM_Loc")}
    assert found().warning == ""


def test_sessions_that_are_not_aligned_are_named_and_give_none(found, objects):
    play(objects, "2002", AT, AT + 10**7, name="a.json", alignment=TRIGGERED, triggers=TABLE)
    play(objects, "2002", AT + 10**7, AT + 2 * 10**7, name="b.json")
    assert len(found().events) == 2
    assert found().warning == "1 sessions are not aligned and give no epochs: b.json. Align them on their pages."


@pytest.mark.parametrize("method", ["none", "clock"])
def test_without_any_aligned_session_it_is_refused(found, objects, method):
    clock = to_json(by_clock(0.5, since=SINCE, author="alice", at=datetime(2026, 1, 1, tzinfo=UTC)))
    more = {"alignment": clock} if method == "clock" else {}
    play(objects, "2002", AT, AT + 10**7, name="a.json", triggers=TABLE, **more)
    with pytest.raises(AnalysisRefused, match="Epochs come only from aligned sessions, and none of those found is"):
        found()


def test_without_a_task_it_is_refused(found):
    with pytest.raises(AnalysisRefused, match="ask for one"):
        found("patient=2002")


def test_an_alignment_whose_table_is_gone_gives_none(found, objects):
    play(objects, "2002", AT, AT + 10**7, name="a.json", alignment=TRIGGERED)
    with pytest.raises(AnalysisRefused, match="none of those found is aligned"):
        found()
