"""Objects as ingests, and the old scripts, leave them."""

import json
import zlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from chunks.format.crc import hex8
from chunks.format.header import encode
from storage.objects import Objects
from tests.chunks.format.made import SIGNAL, header

SAMPLES = bytes(400)
OLD_FOLDER = "John_Doe"


def chunk(*, label: str = "LTG1", number: int = 0, recording: str = "day3_140500", **changes: Any) -> bytes:
    """One second of version 2, as `tests.chunks.format.made.header` has it."""
    signal = type(SIGNAL)(**(vars(SIGNAL) | {"label": label}))
    made = header(signal=signal, chunk=number, recording=recording, crc32=hex8(zlib.crc32(SAMPLES)), **changes)
    return encode(made) + SAMPLES


def put_chunk(store: Objects, bucket: str, *, label: str = "LTG1", number: int = 0, **changes: Any) -> str:
    key = f"{changes.get('recording', 'day3_140500')}/{label}_chunk-{number}.chn"
    store.put(bucket, key, chunk(label=label, number=number, **changes))
    return key


def document(*, patient: str = "2002", recording: str = "day3_140500", **changes: Any) -> dict[str, Any]:
    """A `recording.json` with the keys that rows come from."""
    made = {
        "version": 2,
        "patient": patient,
        "recording": recording,
        "state": "ok",
        "fingerprint": "f" * 64,
        "data_sha256": "d" * 64,
        "start": datetime(2002, 1, 3, 14, 5).isoformat(timespec="microseconds"),
        "stop": datetime(2002, 1, 3, 15, 5).isoformat(timespec="microseconds"),
        "clock_offset_us": 0,
        "chunks": 1,
        "bytes": 400,
        "channels": [{"number": 5, "label": "LTG1"}],
        "warnings": [],
    }
    return made | changes


def put_document(store: Objects, bucket: str, **changes: Any) -> str:
    made = document(**changes)
    key = f"{made['recording']}/recording.json"
    store.put(bucket, key, json.dumps(made).encode())
    return key


def old_keys(**changes: Any) -> Mapping[str, Any]:
    """Line 1 as the scripts of 2017 wrote it: five minutes to one on the third night, said as hour 24, minute 55."""
    made = {
        "filename": "John_Doe.2017-03-14.edf",
        "start_date": [2002, 1, 3],
        "start_time": [24, 55, 14.988],
        "sigLabel": "LTG1",
        "sampsPerRecord": 200,
        "recDur": 1.0,
        "numRecs": 7200,
        "recsPerChunk": 3600,
        "maxChunkTime": 60,
        "chunk": 1,
        "chunkDuration": 3600.0,
        "recsRemaining": 3600,
        "phyDimension": "uV",
        "phyMinimum": "-3200",
        "phyMaximum": "3200",
        "digMinimum": "-32768",
        "digMaximum": "32767",
        "read_instruct": "np.frombuffer",
    }
    return made | changes


def old_chunk(*, samples: bytes = SAMPLES, **changes: Any) -> bytes:
    return json.dumps(old_keys(**changes)).encode() + b"\n" + samples


def put_old(
    store: Objects, bucket: str, *, name: str = "LTG1_chunk-1", samples: bytes = SAMPLES, **changes: Any
) -> str:
    key = f"{OLD_FOLDER}/{name}.chn"
    store.put(bucket, key, old_chunk(samples=samples, **changes))
    return key
