"""A session in the store and a recording around it whose photodiode showed its codes."""

import json
import zlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from behavior.index import index_object
from behavior.place import sessions_here
from behavior.record import SessionRecord
from chunks.format.clock import day_zero
from chunks.format.header import encode
from chunks.format.keys import chunk_key, patient_bucket
from chunks.index import index_chunks
from chunks.models import Recording, RecordingState
from storage.objects import Objects
from tests.behavior.made import content, document
from tests.behavior.photodiode import Channel, Shown
from tests.chunks.format.made import SIGNAL, header

BUCKET = "behavioral-data-all"
# Day 3, 09:00, a recording begins; the session starts at 09:05.
BEGINS_S = 9 * 3600
SESSION_S = 300.0


def trials_as_written(made: Sequence[Shown]) -> list[dict[str, object]]:
    """The lab's rows: one a trial, with the task's own clock."""
    rows: dict[int, dict[str, object]] = {}
    fields = {1: "story_start", 4: "quest_start", 16: "time_of_resp"}
    for each in made:
        rows.setdefault(each.trial or 0, {"trial_num": each.trial, "answer": "True"})[fields[each.code]] = each.time_s
    return list(rows.values())


def hold_session(
    objects: Objects,
    made: Sequence[Shown],
    *,
    name: str = "ToM_Loc_2003.json",
    minutes: int = 10,
    start: str = "9:5:0:0",
) -> SessionRecord:
    stop = f"9:{5 + minutes}:0:0"
    objects.put(BUCKET, name, content(document(start=start, stop=stop, data=trials_as_written(made))))
    found = index_object(objects, sessions_here(), key=name)
    assert found is not None
    return found.records[0]


def hold_recording(
    objects: Objects,
    channels: dict[str, Channel],
    *,
    name: str = "day3_090000",
    chunk_s: int = 400,
    clock_offset_us: int = 0,
    begins_s: float = BEGINS_S,
) -> Recording:
    """Chunks of `chunk_s` seconds; times of a channel's codes are seconds after the recording's start."""
    bucket = patient_bucket("2003", prefix="edf-chunks-")
    objects.make_bucket(bucket)
    begin = day_zero("2003") + timedelta(days=3, seconds=begins_s)
    written, longest_s = [], 0
    for number, (label, channel) in enumerate(channels.items(), 1):
        samples = channel.samples()
        rate = int(channel.sfreq)
        seconds = len(samples) // rate
        longest_s = max(longest_s, seconds)
        for chunk, first in enumerate(range(0, seconds, chunk_s)):
            part = samples[first * rate : min(seconds, first + chunk_s) * rate].astype("<i2").tobytes()
            lasts_s = len(part) // 2 // rate
            about = header(
                patient="2003",
                recording=name,
                channel=number,
                signal=replace(SIGNAL, label=label),
                chunk=chunk,
                start=begin + timedelta(seconds=first),
                stop=begin + timedelta(seconds=first + lasts_s),
                samples=len(part) // 2,
                samples_per_record=rate,
                record_duration=Decimal(1),
                records_in_recording=seconds,
                records_remaining=seconds - first,
                crc32=f"{zlib.crc32(part):08x}",
            )
            key = chunk_key(name, label_part=label, chunk=chunk)
            written.append((about, encode(about), objects.put(bucket, key, encode(about) + part)))
    index_chunks(written)
    return Recording.objects.create(
        bucket=bucket,
        name=name,
        patient="2003",
        start=begin,
        stop=begin + timedelta(seconds=longest_s),
        state=RecordingState.OK,
        clock_offset_us=clock_offset_us,
        chunks_expected=len(written),
        bytes_expected=1,
        fingerprint="0" * 64,
        channels=json.dumps(list(enumerate(channels, 1))),
        warnings="[]",
        etag="e",
        indexed_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
