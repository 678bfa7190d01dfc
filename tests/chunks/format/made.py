"""A chunk's header for tests, every field changeable."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from chunks.format.header import Header, SignalTexts

SIGNAL = SignalTexts(
    label="LTG1",
    unit="uV",
    physical_minimum="-3276.8",
    physical_maximum="3276.7",
    digital_minimum="-32768",
    digital_maximum="32767",
)


def header(**changes: Any) -> Header:
    """One second at 200 Hz on day 3 of patient 2002."""
    start = datetime(2002, 1, 3, 14, 5, 0)
    fields = {
        "patient": "2002",
        "recording": "day3_140500",
        "channel": 5,
        "signal": SIGNAL,
        "chunk": 0,
        "start_day": 3,
        "start": start,
        "stop": start + timedelta(seconds=1),
        "samples": 200,
        "dtype": "<i2",
        "samples_per_record": 200,
        "record_duration": Decimal(1),
        "records_in_recording": 11,
        "records_per_chunk": 3600,
        "records_remaining": 11,
        "crc32": "0badcafe",
    }
    return Header(**(fields | changes))
