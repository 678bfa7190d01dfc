"""Real recordings for tests of downloads: chunks and annotations in a store, and their rows."""

import json
import zlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np

from chunks.format.clock import day_zero
from chunks.format.header import encode
from chunks.format.keys import annotations_key, chunk_key, label_parts, patient_bucket
from chunks.index import index_chunks
from chunks.models import Recording, RecordingState
from people.patients import add_patient
from storage.objects import Objects
from tests.chunks.format.made import SIGNAL, header

SFREQ = 20
CHUNK_S = 3600


def hold(
    store: Objects,
    patient: str = "2002",
    recording: str = "day3_140500",
    *,
    labels: Sequence[str] = ("LTG1", "LTG2"),
    hours: int = 2,
    seed: int = 1,
    annotations: bool = True,
    warnings: Sequence[str] = (),
    sfreq: int = SFREQ,
) -> Recording:
    """A recording on day 3 from 14:05 on, of random samples, as an ingest would leave it."""
    add_patient(patient)
    bucket = patient_bucket(patient, prefix="edf-chunks-")
    store.make_bucket(bucket)
    random = np.random.default_rng(seed)
    begin = day_zero(patient) + timedelta(days=3, hours=14, minutes=5)
    parts = label_parts(list(enumerate(labels, 1)))
    written = []
    for channel, label in enumerate(labels, 1):
        for chunk in range(hours):
            samples = random.bytes(CHUNK_S * sfreq * 2)
            about = header(
                patient=patient,
                recording=recording,
                channel=channel,
                signal=replace(SIGNAL, label=label),
                chunk=chunk,
                start=begin + timedelta(seconds=chunk * CHUNK_S),
                stop=begin + timedelta(seconds=(chunk + 1) * CHUNK_S),
                samples=CHUNK_S * sfreq,
                samples_per_record=sfreq,
                record_duration=Decimal(1),
                records_in_recording=hours * CHUNK_S,
                records_remaining=(hours - chunk) * CHUNK_S,
                crc32=f"{zlib.crc32(samples):08x}",
            )
            key = chunk_key(recording, label_part=parts[channel], chunk=chunk)
            written.append((about, encode(about), store.put(bucket, key, encode(about) + samples)))
    index_chunks(written)
    if annotations:
        store.put(bucket, annotations_key(recording), b'{"annotations": []}\n')
    return Recording.objects.create(
        bucket=bucket,
        name=recording,
        patient=patient,
        start=begin,
        stop=begin + timedelta(hours=hours),
        state=RecordingState.OK,
        clock_offset_us=0,
        chunks_expected=len(written),
        bytes_expected=sum(info.size_bytes for _, _, info in written),
        fingerprint=f"{seed:064}",
        channels=json.dumps(list(enumerate(labels, 1))),
        warnings=json.dumps(list(warnings)),
        etag="e",
        indexed_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
