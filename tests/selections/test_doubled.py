"""Time that two recordings hold counts once, is named, and costs a patient without any one probe."""

import json

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext

from chunks.models import Recording, RecordingOverlap
from people.scope import server_scope
from selections.at_a_glance import glances
from selections.doubled import doubled_of, told_of
from selections.resolve import Resolved, resolve
from selections.words import parse
from tests.selections.made import HOUR, MINUTE, hold, moment

pytestmark = pytest.mark.database
SAID = (
    "Patient 2002: some time is held by two recordings. Both are found, and hours count it once. "
    "two: day 0 02:00 to day 0 03:00 is held by one too."
)


def overlap(later: str, earlier: str, start: int, stop: int, *, patient: str = "2002", **more: object) -> None:
    fields = {
        "bucket": f"edf-chunks-{patient}",
        "recording": later,
        "place": RecordingOverlap.objects.filter(recording=later).count(),
        "patient": patient,
        "earlier": earlier,
        "start": moment(patient, start),
        "stop": moment(patient, stop),
        "channels": json.dumps(["a1"]),
        "verdict": "equal",
        "shift_us": 0,
    }
    RecordingOverlap.objects.create(**(fields | more))


@pytest.fixture
def two() -> None:
    hold("2002", "one", (0, 3 * HOUR), labels=["A1", "A2"])
    hold("2002", "two", (2 * HOUR, 5 * HOUR), labels=["A1", "B1"])
    overlap("two", "one", 2 * HOUR, 3 * HOUR)


def asked(**words: str) -> Resolved:
    return resolve(parse({field: [text] for field, text in words.items()}), scope=server_scope(means="test"))


def test_sums_at_a_glance_count_doubled_time_once(two: None) -> None:
    hold("2003", "one", (0, 3 * HOUR))
    first, second = glances(["2002", "2003"], scope=server_scope(means="test"))
    assert (first.lasting_us, second.lasting_us) == (5 * HOUR, pytest.approx(3 * HOUR, abs=1_000))


def test_the_answer_names_doubled_time_where_both_are_found(two: None) -> None:
    assert asked(patient="2002").totals().hours == 5
    assert asked(patient="2002").warnings == (SAID,)
    assert asked(patient="2002", channel="A1").warnings == (SAID,)
    assert asked(patient="2002", channel="A2").warnings == ()
    assert asked(patient="2002", stop="day 0 01:30").warnings == ()


def test_time_that_a_duplicate_holds_is_not_doubled(two: None) -> None:
    Recording.objects.filter(name="two").update(state="duplicate")
    assert asked(patient="2002").warnings == ()
    assert doubled_of(["2002"]) == {}
    assert glances(["2002"], scope=server_scope(means="test"))[0].lasting_us == 3 * HOUR


def test_it_is_told_of_either_recording_on_its_own_clock(two: None) -> None:
    RecordingOverlap.objects.update(shift_us=MINUTE)
    held = doubled_of(["2002"])["2002"]
    (of_two,), (of_one,) = (told_of(held, bucket="edf-chunks-2002", recording=name) for name in ("two", "one"))
    assert of_two.says == "day 0 02:00 to day 0 03:00 is held by one too"
    assert of_one.says == "day 0 02:01 to day 0 03:01 is held by two too"


def test_many_are_told_shortly(two: None) -> None:
    for number in range(5):
        overlap("two", "one", 2 * HOUR + number * MINUTE, 3 * HOUR)
    (said,) = asked(patient="2002").warnings
    assert said.endswith("is held by one too and 3 more.")


def test_patients_of_whom_nothing_is_doubled_cost_one_statement() -> None:
    for number in range(2002, 2012):
        hold(str(number), "one", (0, HOUR))
    patients = [str(number) for number in range(2002, 2012)]
    with CaptureQueriesContext(connections["headers"]) as captured:
        assert doubled_of(patients) == {}
    assert len(captured) == 1
