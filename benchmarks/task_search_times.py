"""The part of `benchmarks.task_search` that has a portal of its own: fills its tables and times both ways."""

import json
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice

import django

django.setup()

from django.db import connections  # noqa: E402 (models exist from here on)

from behavior.models import SessionRow  # noqa: E402
from behavior.names import canonical  # noqa: E402
from benchmarks.task_search_by_hand import Found, by_hand  # noqa: E402
from chunks.format.clock import day_zero  # noqa: E402
from chunks.format.row import CHUNK_COLUMNS, CHUNK_TABLE, Value, patient_time  # noqa: E402
from chunks.models import Recording  # noqa: E402
from people.patients import add_patient  # noqa: E402
from people.scope import server_scope  # noqa: E402
from selections.resolve import resolve  # noqa: E402
from selections.words import parse  # noqa: E402

TIMES, PATIENTS, CHANNELS, DAY_HOURS = 9, 50, 64, 24
AIM = 1.5
BATCH = 20_000
PAD_MINUTES = 5
NOW = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def patients() -> list[str]:
    return [str(2000 + number) for number in range(PATIENTS)]


def chunk_rows(hours: int) -> Iterator[tuple[Value, ...]]:
    for patient in patients():
        zero = day_zero(patient)
        for channel in range(1, CHANNELS + 1):
            for hour in range(hours):
                day, start = hour // DAY_HOURS, zero + hour * HOUR
                yield (
                    f"edf-chunks-{patient}", f"day{day}/E{channel}_chunk-{hour % DAY_HOURS}.chn", patient, f"day{day}",
                    channel, f"E{channel}", f"e{channel}", hour % DAY_HOURS, patient_time(start),
                    patient_time(start + HOUR), 3_600_000_000, 7_200_000, 2_000, "1", "<i2", 14_400_700, "00000001",
                    "00000002", "e" * 34, 2, "2026-01-01 00:00:00.000000",
                )  # fmt: skip


def fill_headers(hours: int) -> None:
    headers = connections["headers"]
    quote = headers.ops.quote_name
    names, places = ", ".join(map(quote, CHUNK_COLUMNS)), ", ".join(["%s"] * len(CHUNK_COLUMNS))
    rows = chunk_rows(hours)
    with headers.cursor() as cursor:
        while batch := list(islice(rows, BATCH)):
            cursor.executemany(f"INSERT INTO {quote(CHUNK_TABLE)} ({names}) VALUES ({places})", batch)  # noqa: S608
    channels = json.dumps([[number, f"E{number}"] for number in range(1, CHANNELS + 1)])
    for patient in patients():
        add_patient(patient)
        Recording.objects.bulk_create(
            Recording(
                bucket=f"edf-chunks-{patient}", name=f"day{day}", patient=patient,
                start=day_zero(patient) + day * DAY_HOURS * HOUR,
                stop=day_zero(patient) + min(hours, (day + 1) * DAY_HOURS) * HOUR, state="ok", clock_offset_us=0,
                chunks_expected=0, bytes_expected=0, fingerprint="", channels=channels, warnings="[]", etag="e",
                indexed_at=NOW,
            )
            for day in range(-(-hours // DAY_HOURS))
        )  # fmt: skip


def fill_sessions(sessions: int, *, tasks: int, hours: int) -> None:
    """A twentieth of them when nothing is recorded any more."""
    chance = random.Random(1)
    made = []
    for number in range(sessions):
        patient = chance.choice(patients())
        start = day_zero(patient) + timedelta(seconds=chance.randrange(int(hours * 3600 * 1.05)))
        made.append(
            SessionRow(
                experiment=f"Task_{number % tasks:03}", file_name=f"{number}.json", start=start,
                stop=start + timedelta(seconds=chance.randrange(300, 1800)), subject=patient, day=0,
            )
        )  # fmt: skip
    SessionRow.objects.bulk_create(made, batch_size=2_000)


def by_page(task: str) -> Found:
    """What the page asks, by the portal's own code."""
    question = parse({"patient": ["*"], "task": [f"={task}"], "pad": [str(PAD_MINUTES)]})
    resolved = resolve(question, scope=server_scope(means="command"))
    totals, page = resolved.totals(), resolved.page(size=50)
    return Found(
        sessions=len(resolved.sessions),
        covered_us=sum(round(each.covered * each.own.duration_us) for each in resolved.sessions),
        chunks=totals.chunks,
        size_bytes=totals.size_bytes,
        channels=totals.channels,
        page=tuple(row.object_key for row in page.rows),
    )


def timed(way: Callable[[str], Found], tasks: list[str]) -> tuple[float, Found]:
    """The median time of some tasks in seconds, and what was found of the last."""
    found, times = way(tasks[0]), []
    for task in tasks[1:]:
        began = time.perf_counter()
        found = way(task)
        times.append(time.perf_counter() - began)
    return statistics.median(times), found


def main(sessions: int, tasks: int, headers: int) -> None:
    hours = max(1, headers // (PATIENTS * CHANNELS))
    began = time.monotonic()
    fill_headers(hours)
    fill_sessions(sessions, tasks=tasks, hours=hours)
    print(
        f"{PATIENTS * CHANNELS * hours:,} headers, {sessions:,} sessions written in {time.monotonic() - began:,.0f} s"
    )
    asked = [canonical(f"Task_{number * tasks // (TIMES + 1):03}") for number in range(TIMES + 1)]
    page_s, page = timed(by_page, asked)
    hand_s, hand = timed(lambda task: by_hand(task, pad=timedelta(minutes=PAD_MINUTES)), asked)
    assert page == hand, (page, hand)
    print(f"{hand.sessions:,} sessions of a task, {hand.chunks:,} chunks")
    print(f"by hand {hand_s * 1e3:,.1f} ms, the page's queries {page_s * 1e3:,.1f} ms")
    print(f"ratio {page_s / hand_s:.2f} (aim: at most {AIM})")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:4]))
