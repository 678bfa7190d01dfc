"""A session that does not fit its patient's recordings is told with the guess."""

from typing import Any

import pytest

from behavior.check import is_recorded, oddities
from behavior.trial_times import last_trial_s
from behavior.wall_time import SECOND_US
from chunks.headers_db.state import HeadersState
from tests.behavior.made import at, record
from tests.selections.made import DAY, HOUR, MINUTE, hold

NINE_US = 9 * 3600 * SECOND_US


@pytest.mark.database
class TestWhereRecorded:
    def test_a_session_that_is_recorded_is_not_odd(self) -> None:
        hold("2003", "r", (3 * DAY + 9 * HOUR, 3 * DAY + 10 * HOUR))
        assert oddities(record(minute=9 * 60 + 5)) == []

    def test_nothing_is_said_of_a_patient_without_recordings(self) -> None:
        assert oddities(record()) == [
            "No recording of patient 2003 is held yet, so the times of the session could not be checked."
        ]

    @pytest.mark.parametrize(
        ("start", "told"),
        [
            (4 * DAY + 9 * HOUR, "one day later (day 4 09:05) something is: is the day wrong?"),
            (2 * DAY + 9 * HOUR, "one day earlier (day 2 09:05) something is: is the day wrong?"),
            (
                3 * DAY + 21 * HOUR,
                "12 hours later (day 3 21:05) something is: was the clock of the task a 12-hour one?",
            ),
            (3 * DAY + 10 * HOUR, "one hour later (day 3 10:05) something is: did clocks change"),
            (3 * DAY + 8 * HOUR, "one hour earlier (day 3 08:05) something is"),
        ],
    )
    def test_what_is_recorded_instead_is_the_guess(self, start: int, told: str) -> None:
        hold("2003", "r", (start, start + HOUR))
        (found,) = oddities(record(minute=9 * 60 + 5))
        assert found.startswith("Nothing is recorded of patient 2003 at day 3 09:05, but ")
        assert told in found

    def test_several_guesses_are_all_told(self) -> None:
        hold("2003", "r", (3 * DAY + 10 * HOUR, 5 * DAY))
        assert len(oddities(record(minute=9 * 60 + 5))) == 3

    def test_without_a_guess_that_is_said(self) -> None:
        hold("2003", "r", (30 * DAY, 30 * DAY + HOUR))
        (found,) = oddities(record())
        assert found.endswith("nor an hour, 12 hours or a day before or after it.")

    def test_a_clock_offset_counts(self) -> None:
        hold("2003", "r", (3 * DAY + 10 * HOUR, 3 * DAY + 11 * HOUR))
        assert oddities(record(minute=9 * 60 + 5), clock_offset_us=HOUR) == []

    def test_the_offset_of_a_recording_counts(self) -> None:
        held, _ = hold("2003", "r", (3 * DAY + 10 * HOUR, 3 * DAY + 11 * HOUR))
        held.clock_offset_us = -HOUR
        held.save()
        assert oddities(record(minute=9 * 60 + 5)) == []

    def test_a_gap_and_a_recording_that_is_not_ok_are_nothing(self) -> None:
        hold("2003", "r", (3 * DAY + 8 * HOUR, 3 * DAY + 9 * HOUR), (3 * DAY + 10 * HOUR, 3 * DAY + 11 * HOUR))
        hold("2003", "hidden", (3 * DAY + 9 * HOUR, 3 * DAY + 10 * HOUR), state="hidden")
        start, stop = at("2003", day=3, hour=9, minute=5), at("2003", day=3, hour=9, minute=20)
        assert not is_recorded("2003", start=start, stop=stop)
        assert is_recorded("2003", start=start, stop=at("2003", day=3, hour=10, minute=1))
        assert not is_recorded("2004", start=start, stop=at("2003", day=9))

    def test_a_session_without_duration_is_looked_for_all_the_same(self) -> None:
        hold("2003", "r", (3 * DAY + 9 * HOUR, 3 * DAY + 9 * HOUR + MINUTE))
        assert oddities(record(minute=9 * 60, lasting=0)) == []

    def test_headers_that_sleep_are_said(self) -> None:
        HeadersState.objects.update_or_create(pk=1, defaults={"state": "asleep"})
        assert "could not be checked" in oddities(record())[0]

    def test_a_trial_later_than_the_stop_is_told(self) -> None:
        hold("2003", "r", (3 * DAY + 9 * HOUR, 3 * DAY + 10 * HOUR))
        data = [{"story_start": second} for second in (1, 400, 1_200)]
        (found,) = oddities(record(minute=9 * 60 + 5), data=data)
        assert found.startswith("The last trial is 300 s later than the stop")


@pytest.mark.parametrize(
    ("data", "last"),
    [
        ([{"story_start": 1.5}, {"story_start": 3}, {"story_start": 900}], 900),
        ([{"onset": 1}, {"onset": 2}, {"onset": 3, "time_of_resp": "timeout"}], 3),
        ([{"resp_time": 3}, {"resp_time": 1}, {"resp_time": 9_000}], None),  # goes back: a duration
        ([{"time": 1}, {"time": 2}], None),  # too few to know
        ([{"time": 5}, {"time": 5}, {"time": 5}], None),
        ([{"time": 1}, {"time": 2}, {"time": 1_500_000_000}], None),  # no seconds since the start
        ([{"trial": 1}, {"trial": 2}, {"trial": 3}], None),
        ([{"wall_time": "9:0:7:5"}], 7.000005),
        ([{"wall_time": "8:59:50"}], -10),
        ([{"time": float("nan")}, 3, None, ["x"], {"time": None}, {"time": True}, {"end": "x:y:z"}], None),
        ({"a": 1}, None),
        (None, None),
    ],
)
def test_what_is_taken_for_the_last_trial(data: Any, last: float | None) -> None:
    assert last_trial_s(data, start_us=NINE_US) == last


def test_a_time_of_day_past_midnight() -> None:
    assert last_trial_s([{"wall_time": "0:0:10"}], start_us=(24 * 3600 - 5) * SECOND_US) == 15
