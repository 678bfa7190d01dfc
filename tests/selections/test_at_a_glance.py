"""Sums of patients from the rows of recordings: what they count, and of whom."""

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext

from chunks.models import Recording
from people.scope import scope_for
from selections.answer import pictures
from selections.at_a_glance import glances, summed
from tests.people.makers import grant, make_user
from tests.selections.made import DAY, HOUR, hold

pytestmark = pytest.mark.database


@pytest.fixture
def alice():
    hold("2002", "a", (-HOUR, HOUR))
    hold("2002", "b", (3 * DAY, 3 * DAY + HOUR // 2 + 1))
    hold("2002", "spoilt", (9 * DAY, 10 * DAY), state="hidden")
    hold("2003", "spoilt", (9 * DAY, 10 * DAY), state="ingesting")
    hold("2007", "theirs", (0, 5 * HOUR))
    Recording.objects.update(bytes_expected=2_000_000_000)  # together over what an INT holds
    user = make_user("alice")
    for patient in ("2002", "2003"):
        grant(user, patient=patient)
    return scope_for(user, means="test")


def test_they_count_recordings_in_state_ok_of_patients_in_the_scope(alice):
    with CaptureQueriesContext(connections["headers"]) as captured:
        first, second = glances(["2002", "2003", "2007", "9999"], scope=alice)
    assert len(captured) == 2  # the sums, and whether any time is held twice
    assert (first.patient, first.recordings, first.size_bytes, first.days) == ("2002", 2, 4_000_000_000, "days -1 to 3")
    assert first.lasting_us == pytest.approx(2.5 * HOUR + 1, abs=1_000)
    assert (second.patient, second.recordings, second.recorded, second.days) == ("2003", 0, None, "")
    together = summed([first, second])
    assert (together.patients, together.recordings, together.size_bytes) == (1, 2, 4_000_000_000)
    assert together.hours == pytest.approx(2.5, abs=1e-3)


def test_pictures_are_of_patients_in_the_scope(alice):
    drawn = pictures(["2002", "2003", "2007"], question=None, scope=alice, beyond="")
    assert [each.patient for each in drawn.strips] == ["2002", "2003"]
    assert (drawn.left, drawn.more) == (0, "")
