"""Entries of a manifest for tests, with or without an object behind them."""

import zlib
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from downloads.manifest import Entry
from downloads.tree import object_path
from storage.objects import Objects

START = datetime(2002, 1, 3, 14, 5, 0)
STOP = datetime(2002, 1, 3, 15, 5, 0, 250_000)
BUCKET = "edf-chunks-2002"


def entry(**changes: Any) -> Entry:
    """An hour of one channel on day 3 of patient 2002."""
    fields = {
        "path": "s3_download/2002/day3_140500/LTG1_chunk-0.chn",
        "bucket": BUCKET,
        "key": "day3_140500/LTG1_chunk-0.chn",
        "etag": "0123",
        "patient": "2002",
        "recording": "day3_140500",
        "channel": 5,
        "label": "LTG1",
        "start": START,
        "stop": STOP,
        "size_bytes": 4000,
        "crc32_samples": "0badcafe",
        "crc32_file": "deadbeef",
    }
    return Entry(**(fields | changes))


def bytes_of(seed: int, *, size_bytes: int = 50_000) -> bytes:
    return np.random.default_rng(seed).bytes(size_bytes)


def stored(
    store: Objects,
    key: str = "day3_140500/LTG1_chunk-0.chn",
    *,
    patient: str = "2002",
    content: bytes = b"",
    **more: Any,
) -> Entry:
    """Puts an object there and gives the entry that is true of it; `more` makes it say something else."""
    content = content or bytes_of(zlib.crc32(f"{patient}/{key}".encode()))
    bucket = f"edf-chunks-{patient.lower()}"
    store.make_bucket(bucket)
    info = store.put(bucket, key, content)
    recording = key.partition("/")[0]
    fields = {
        "path": object_path(key, patient=patient, recording=recording),
        "bucket": bucket,
        "key": key,
        "etag": info.etag,
        "patient": patient,
        "recording": recording,
        "size_bytes": len(content),
        "crc32_file": f"{zlib.crc32(content):08x}",
    }
    return entry(**(fields | more))


def tree_of(folder: Path) -> dict[str, bytes | None]:
    """Everything below a folder by its path: the bytes of files, None for empty folders."""
    return {
        str(path.relative_to(folder)): None if path.is_dir() else path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if not path.is_dir() or not any(path.iterdir())
    }


class Seen:
    """A progress bar that remembers what it was told."""

    def __init__(self) -> None:
        self.done_bytes = 0
        self.lines: list[str] = []

    def advance(self, size_bytes: int) -> None:
        self.done_bytes += size_bytes

    def say(self, line: str) -> None:
        self.lines.append(line)
