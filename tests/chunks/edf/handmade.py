"""Recordings made for tests: good ones by our writer, odd ones byte by byte."""

import datetime as dt
import io
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

from chunks.edf.fields import FILE_FIELDS, HEADER_BYTES, SIGNAL_FIELDS, join_file_fields, join_signal_fields
from chunks.edf.signal_spec import SignalSpec
from chunks.edf.writer import write_edf

START = dt.datetime(2002, 1, 3, 14, 5, 7)


def spec(label: str = "LTG1", samples: int = 20, **more: Any) -> SignalSpec:
    return SignalSpec(
        **({"physical_minimum": -3200, "physical_maximum": 3200} | more), label=label, samples_per_record=samples
    )


def noise(samples: Sequence[int], *, records: int, seed: int = 7, bits: int = 16) -> list[list[np.ndarray]]:
    """Give records of random digital values over the whole range, one array for each signal."""
    random = np.random.default_rng(seed)
    top = 1 << (bits - 1)
    dtype = np.int16 if bits == 16 else np.int32
    return [[random.integers(-top, top, count).astype(dtype) for count in samples] for _ in range(records)]


def good(kind: str = "EDF+C", *, signals: Sequence[SignalSpec] | None = None, records: int = 5, **more: Any) -> bytes:
    """Give a recording as our writer makes it: by default two signals, five records of a second."""
    specs = [spec(), spec("LTG2", 10)] if signals is None else signals
    bits = 24 if kind.startswith("BDF") else 16
    data = more.pop("data", None) or noise([each.samples_per_record for each in specs], records=records, bits=bits)
    file = io.BytesIO()
    options = {"record_duration": Decimal(1), "start": START} | more
    write_edf(file, kind=kind, signals=specs, records=data, **options)
    return file.getvalue()


def signal_count(recording: bytes) -> int:
    return int(recording[252:256])


def with_field(recording: bytes, name: str, text: str | bytes, *, signal: int | None = None) -> bytes:
    """Give a copy in which one field of the header holds other bytes; `signal` counts from 1."""
    raw = text.encode() if isinstance(text, str) else text
    offset = 0 if signal is None else HEADER_BYTES
    for field in FILE_FIELDS if signal is None else SIGNAL_FIELDS:
        if field.name == name:
            offset += field.width * (signal - 1) if signal else 0
            assert len(raw) <= field.width
            return recording[:offset] + raw.ljust(field.width) + recording[offset + field.width :]
        offset += field.width * (1 if signal is None else signal_count(recording))
    raise KeyError(name)


def by_hand(
    records: Sequence[Sequence[bytes]],
    *,
    labels: Sequence[str],
    sample_bytes: int = 2,
    **texts: str,
) -> bytes:
    """Put a recording together whose records are given as bytes, one string for each signal."""
    rows = [
        {
            "label": label.encode(),
            "transducer": b"",
            "unit": b"uV",
            "physical_minimum": b"-100",
            "physical_maximum": b"100",
            "digital_minimum": b"-2048",
            "digital_maximum": b"2047",
            "prefilter": b"",
            "samples_per_record": str(len(part) // sample_bytes).encode(),
            "reserved": b"",
        }
        for label, part in zip(labels, records[0], strict=True)
    ]
    fields = {
        "version": "0",
        "patient": "X X X X",
        "recording": "Startdate 03-JAN-2002 X X X",
        "start_date": "03.01.02",
        "start_time": "14.05.07",
        "header_bytes": str(HEADER_BYTES * (len(labels) + 1)),
        "reserved": "EDF+C",
        "records": str(len(records)),
        "record_duration": "1",
        "signals": str(len(labels)),
    } | texts
    header = join_file_fields({name: text.encode("latin-1") for name, text in fields.items()})
    return header + join_signal_fields(rows) + b"".join(b"".join(record) for record in records)


def with_lists(lists: Sequence[bytes], *, width: int = 80, **texts: str) -> bytes:
    """Give a recording of one signal (100 Hz) and one annotation signal that holds these bytes, record by record."""
    assert all(len(each) <= width for each in lists)
    records = [[np.full(100, place, "<i2").tobytes(), each.ljust(width, b"\0")] for place, each in enumerate(lists)]
    return by_hand(records, labels=["LTG1", "EDF Annotations"], **texts)


def saved(folder: Path, recording: bytes) -> Path:
    path = folder / "recording.edf"
    path.write_bytes(recording)
    return path
