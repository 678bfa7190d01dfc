"""The part of `benchmarks.admin` that has a portal of its own: fills its headers and times the lists over them."""

import json
import statistics
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice

import django
from django.conf import settings

django.setup()
settings.STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}

from django.contrib.auth.models import User  # noqa: E402 (models exist from here on)
from django.db import connections  # noqa: E402
from django.test import Client  # noqa: E402

from chunks.format.clock import day_zero  # noqa: E402
from chunks.format.row import CHUNK_COLUMNS, CHUNK_TABLE, Value, patient_time  # noqa: E402
from chunks.models import Recording  # noqa: E402
from people.patients import add_patient  # noqa: E402

FEW = 10_000
TIMES = 9
PATIENTS, CHANNELS, HOURS = 50, 130, 24
OF_A_DAY = CHANNELS * HOURS
BATCH = 20_000
LIST = "/admin/chunks/chunkheader/"
OF_PATIENT = {"patient": "2000"}
LISTS = {
    "nothing asked for": {},
    "its 100th page": {"p": "100"},
    "a patient": OF_PATIENT,
    "a day": OF_PATIENT | {"day": "0"},
    "a channel": OF_PATIENT | {"channel": "7"},
    "a recording": OF_PATIENT | {"recording": "day0"},
    "bucket and key": {"q": "edf-chunks-2000/day0/E7_"},
    "beginning of a key": {"q": "day0/E7_"},
}
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def chunk_rows(first: int, last: int) -> Iterator[tuple[Value, ...]]:
    """Row `first` to `last`: patient after patient, a day of 130 channels each, then the next day."""
    for number in range(first, last):
        group, within = divmod(number, OF_A_DAY)
        day, patient = divmod(group, PATIENTS)
        channel, hour = divmod(within, HOURS)
        name = str(2000 + patient)
        start = day_zero(name) + timedelta(days=day, hours=hour)
        stop = start + timedelta(hours=1)
        label = f"E{channel + 1}"
        yield (
            f"edf-chunks-{name}", f"day{day}/{label}_chunk-{hour}.chn", name, f"day{day}", channel + 1, label,
            label.lower(), hour, patient_time(start), patient_time(stop), 3_600_000_000, 7_200_000, 2_000, "1", "<i2",
            14_400_700, "00000001", "00000002", "e" * 34, 2, "2026-01-01 00:00:00.000000",
        )  # fmt: skip


def fill(first: int, last: int) -> None:
    headers = connections["headers"]
    quote = headers.ops.quote_name
    names, places = ", ".join(map(quote, CHUNK_COLUMNS)), ", ".join(["%s"] * len(CHUNK_COLUMNS))
    insert = f"INSERT INTO {quote(CHUNK_TABLE)} ({names}) VALUES ({places})"  # noqa: S608 (names of our own)
    rows = chunk_rows(first, last)
    with headers.cursor() as cursor:
        while batch := list(islice(rows, BATCH)):
            cursor.executemany(insert, batch)
        cursor.execute(f"ANALYZE {'TABLE' if headers.vendor == 'mysql' else ''} {quote(CHUNK_TABLE)}")


def fill_recordings(first: int, last: int) -> None:
    channels = json.dumps([[number + 1, f"E{number + 1}"] for number in range(CHANNELS)])
    for group in range(-(-first // OF_A_DAY), -(-last // OF_A_DAY)):
        day, patient = divmod(group, PATIENTS)
        name = str(2000 + patient)
        add_patient(name)
        start = day_zero(name) + timedelta(days=day)
        Recording.objects.create(
            bucket=f"edf-chunks-{name}", name=f"day{day}", patient=name, start=start, stop=start + timedelta(days=1),
            state="ok", clock_offset_us=0, chunks_expected=OF_A_DAY, bytes_expected=0, fingerprint="",
            channels=channels, warnings="[]", etag="e", indexed_at=NOW,
        )  # fmt: skip


def timed(client: Client) -> dict[str, float]:
    """The median time of each list, in seconds."""
    found = {}
    for name, words in LISTS.items():
        client.get(LIST, words)
        times = []
        for _ in range(TIMES):
            began = time.perf_counter()
            response = client.get(LIST, words)
            times.append(time.perf_counter() - began)
            assert response.status_code == 200, response
        found[name] = statistics.median(times)
    return found


def main(rows: int) -> None:
    client = Client(SERVER_NAME="127.0.0.1")
    client.force_login(User.objects.create_superuser("bench"))
    fill(0, FEW)
    # All recordings from the beginning: what the filters offer is the same for both.
    fill_recordings(0, rows)
    few = timed(client)
    began = time.monotonic()
    fill(FEW, rows)
    print(f"{rows - FEW:,} more rows written in {time.monotonic() - began:,.0f} s")
    many = timed(client)
    print(f"{'list':<22}{f'{FEW:,} rows':>16}{f'{rows:,} rows':>20}{'ratio':>9}")
    for name in few:
        print(f"{name:<22}{few[name] * 1e3:>13,.1f} ms{many[name] * 1e3:>17,.1f} ms{many[name] / few[name]:>9.2f}")


if __name__ == "__main__":
    main(int(sys.argv[1]))
