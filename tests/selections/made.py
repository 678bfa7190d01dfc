"""Recordings and chunk headers for tests, put straight into the headers database. Times count from day 0, 00:00."""

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connections

from chunks.format.clock import day_zero
from chunks.format.row import CHUNK_COLUMNS, label_norm
from chunks.models import ChunkHeader, Recording
from people.patients import add_patient

HOUR = 3_600_000_000
MINUTE = HOUR // 60
DAY = 24 * HOUR
NOW = datetime(2026, 1, 1, tzinfo=UTC)
ROW_BYTES = 1_000


def moment(patient: str, us: int) -> datetime:
    return day_zero(patient) + timedelta(microseconds=us)


def numbered(labels: Sequence[str]) -> list[tuple[int | None, str]]:
    return list(enumerate(labels, 1))


def recording(
    patient: str,
    name: str,
    *stretches: tuple[int, int],
    labels: Sequence[str] = ("LTG1",),
    channels: Sequence[tuple[int | None, str]] | None = None,
    state: str = "ok",
    bucket: str = "",
) -> Recording:
    """The row of a recording from its first stretch's start to its last one's stop; `channels` or `labels` from 1."""
    return Recording(
        bucket=bucket or f"edf-chunks-{patient.lower()}",
        name=name,
        patient=patient,
        start=moment(patient, stretches[0][0]),
        stop=moment(patient, stretches[-1][1]),
        state=state,
        clock_offset_us=0,
        chunks_expected=0,
        bytes_expected=0,
        fingerprint="",
        channels=json.dumps(numbered(labels) if channels is None else list(channels)),
        warnings="[]",
        etag="e",
        indexed_at=NOW,
    )


def chunk(
    held: Recording, *, channel: tuple[int | None, str], number: int, start: int, stop: int, **more: Any
) -> ChunkHeader:
    """A chunk's row of that recording; its size differs from the others'."""
    place, label = channel
    fields = {
        "bucket": held.bucket,
        "object_key": f"{held.name}/{label or 'channel'}~{place}_chunk-{number}.chn",
        "patient": held.patient,
        "recording": held.name,
        "channel": place,
        "label": label,
        "label_norm": label_norm(label),
        "chunk": number,
        "start": moment(held.patient, start),
        "stop": moment(held.patient, stop),
        "duration_us": stop - start,
        "samples": max(1, (stop - start) // 2_000),
        "samps_per_record": 500,
        "record_duration": "1",
        "dtype": "<i2",
        "size_bytes": ROW_BYTES + number * 7 + (place or 0),
        "crc32": "00000001",
        "file_crc32": "00000002",
        "etag": "e",
        "version": 2,
        "indexed_at": NOW,
    }
    return ChunkHeader(**(fields | more))


def chunks(held: Recording, *stretches: tuple[int, int], every: int = HOUR) -> list[ChunkHeader]:
    """Chunks of every channel over the stretches, each at most `every` long."""
    spans = [(at, min(at + every, stop)) for start, stop in stretches for at in range(start, stop, every)]
    return [
        chunk(held, channel=(place, label), number=number, start=start, stop=stop)
        for place, label in held.labels
        for number, (start, stop) in enumerate(spans)
    ]


def hold(
    patient: str, name: str, *stretches: tuple[int, int], every: int = HOUR, **more: Any
) -> tuple[Recording, list[ChunkHeader]]:
    """Makes the patient, a recording of these stretches, and all of its chunks."""
    add_patient(patient)
    held = recording(patient, name, *stretches, **more)
    rows = chunks(held, *stretches, every=every)
    held.save(force_insert=True)
    put(rows)
    return held, rows


def put(rows: Iterable[ChunkHeader]) -> None:
    ChunkHeader.objects.bulk_create(list(rows), batch_size=500)


def copied(held: Recording, *, label: str, place: int) -> None:
    """One more channel of a recording: the rows of its first, copied inside the database (a thousand times as fast)."""
    headers = connections["headers"]
    columns = [column for column in CHUNK_COLUMNS if column not in {"objectKey", "channel", "label", "label_norm"}]
    same = ", ".join(map(headers.ops.quote_name, columns))
    first = held.labels[0][1]
    with headers.cursor() as cursor:
        cursor.execute(  # the names are this table's own
            f"INSERT INTO chunk_header ({same}, {headers.ops.quote_name('objectKey')}, channel, label, label_norm) "  # noqa: S608
            f"SELECT {same}, REPLACE({headers.ops.quote_name('objectKey')}, %s, %s), %s, %s, %s FROM chunk_header "
            "WHERE bucket = %s AND recording = %s AND channel = 1",
            [f"{first}~1", f"{label}~{place}", place, label, label_norm(label), held.bucket, held.name],
        )


def hold_large(patient: str, name: str, *stretches: tuple[int, int], labels: Sequence[str], every: int = HOUR) -> None:
    """As `hold`, for thousands of rows."""
    add_patient(patient)
    held = recording(patient, name, *stretches, labels=labels)
    held.save(force_insert=True)
    put(chunks(recording(patient, name, *stretches, labels=labels[:1]), *stretches, every=every))
    for place, label in held.labels[1:]:
        copied(held, label=label, place=place)


def keys(rows: Iterable[ChunkHeader]) -> list[tuple[str, str]]:
    return [(row.patient, row.object_key) for row in rows]
