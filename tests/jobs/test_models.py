"""What a job row says about itself."""

from datetime import UTC, datetime, timedelta

import pytest

from jobs.models import Job

NOW = datetime(2025, 1, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("columns", "seconds"),
    [
        ({"bytes_done": 25, "bytes_total": 100}, 180),
        ({"bytes_done": 100, "bytes_total": 100}, 0),
        ({"bytes_done": 0, "bytes_total": 100}, None),
        ({"bytes_done": 25, "bytes_total": 0}, None),
        ({"bytes_done": 101, "bytes_total": 100}, None),
        ({"bytes_done": 25, "bytes_total": 100, "state": "done"}, None),
        ({"bytes_done": 25, "bytes_total": 100, "started_at": None}, None),
    ],
)
def test_the_time_left_follows_from_the_rate_of_this_attempt(columns, seconds):
    job = Job(**({"state": "running", "started_at": NOW - timedelta(minutes=1)} | columns))
    assert job.time_left(now=NOW) == (None if seconds is None else timedelta(seconds=seconds))


def test_a_job_is_under_way_while_it_waits_or_runs():
    assert [state for state in ("queued", "running", "done", "failed", "cancelled") if Job(state=state).under_way] == [
        "queued",
        "running",
    ]
