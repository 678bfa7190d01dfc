"""Chunks of the old scripts: what may be believed of their headers, and how long they really are."""

import json
from datetime import UTC, datetime

import pytest

from chunks.format import row
from chunks.format.entry import chunk_entry
from chunks.format.header import NotAChunk
from chunks.format.version1 import OldHeader, from_old_keys
from tests.lambdas.chunk_headers.made import old_chunk, old_keys


def read(*, samples_bytes: int = 400, patient: str = "2002", **changes: object) -> OldHeader:
    return from_old_keys(dict(old_keys(**changes)), patient=patient, samples_bytes=samples_bytes)


@pytest.mark.parametrize(
    ("start_time", "start"),
    [
        ([25, 0, 0], datetime(2002, 1, 4, 1, 0)),
        ([13, 60, 0], datetime(2002, 1, 3, 14, 0)),
        ([23, 59, 59.9999995], datetime(2002, 1, 4)),
        ([0, 0, 14.988], datetime(2002, 1, 3, 0, 0, 14, 988_000)),
        ([200, 0, 0], datetime(2002, 1, 11, 8, 0)),
    ],
)
def test_hours_count_on_minutes_may_be_sixty_and_seconds_are_floats(start_time: list[float], start: datetime) -> None:
    assert read(start_time=start_time).start == start


@pytest.mark.parametrize(
    ("samples_bytes", "duration_us"), [(400, 1_000_000), (2, 5_000), (401, 1_000_000), (1_440_000, 3_600_000_000)]
)
def test_the_length_is_what_is_held_not_what_is_claimed(samples_bytes: int, duration_us: int) -> None:
    held = read(samples_bytes=samples_bytes, chunkDuration=99.0)
    assert held.duration_us == duration_us
    assert (held.stop - held.start).total_seconds() * 1e6 == duration_us


def test_the_year_is_the_patients_own() -> None:
    """The old scripts wrote the ID as the year, which an ID of letters never was."""
    assert read(patient="nyu-12", start_date=[2007, 1, 3]).start.year == 2000


@pytest.mark.parametrize("time", [[-1, 0, 0], [0, -1, 0], [0, 0, -1], [0, 0, float("inf")], [0, 0, 61], [0, 0], "now"])
def test_a_time_that_is_none_is_refused(time: object) -> None:
    with pytest.raises(NotAChunk):
        read(start_time=time)


@pytest.mark.parametrize(
    "changes", [{"sigLabel": "John" * 40}, {"recDur": 1e300}, {"sampsPerRecord": 2**40}, {"chunk": 2**40}]
)
def test_what_no_column_holds_is_refused_without_quoting_it(changes: dict[str, object]) -> None:
    facts = row.ObjectFacts(bucket="edf-chunks-2002", key="John_Doe/a_chunk-0.chn", size_bytes=5000, etag="e")
    with pytest.raises(NotAChunk) as refused:
        chunk_entry(old_chunk(**changes), facts=facts, prefix="edf-chunks-", indexed_at=datetime.now(UTC))
    assert "John" not in str(refused.value)


def test_a_label_alone_is_no_header_of_version_1() -> None:
    with pytest.raises(NotAChunk, match="missing"):
        from_old_keys(json.loads('{"sigLabel": "LTG1"}'), patient="2002", samples_bytes=400)
