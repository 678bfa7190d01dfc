"""Line 1 of a chunk: the header of a `.chn` object, written and read.

A chunk is one JSON object in UTF-8 ended by a newline, then the samples, little-endian (`<i2` or `<i4`), no padding.
Owns: the keys of version 2 and their order. A version 1 reader (`json.loads(f.readline())`, then
`np.frombuffer(f.read(), "<i2")`) reads 16-bit chunks of version 2. Plain Python, no third party: Lambdas import it.
"""

import json
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from chunks.format.clock import DAY_US, anchor_year, since_day_zero_us
from chunks.format.crc import combine_crc32, hex8

VERSION = 2
LINE_LIMIT_BYTES = 65_536
SAMPLE_BYTES = {"<i2": 2, "<i4": 4}


class NotAChunk(ValueError):
    """The bytes do not begin with a chunk's header; the message says what is missing or wrong."""


class LineTooShort(NotAChunk):
    """The newline that ends line 1 was not among the bytes given: read more."""


@dataclass(frozen=True, kw_only=True)
class SignalTexts:
    """A signal's fields of the recording's own header, as text, as written there."""

    label: str
    unit: str
    physical_minimum: str
    physical_maximum: str
    digital_minimum: str
    digital_maximum: str


@dataclass(frozen=True, kw_only=True)
class Header:
    """What is known of a chunk without its samples.

    `start` and `stop` are de-identified and naive; `stop` is the instant after the last sample. `start_day` is the day
    on which the recording began; the hours of `start_time` count on from its midnight, past 23 where it runs over.
    """

    patient: str
    recording: str
    channel: int
    signal: SignalTexts
    chunk: int
    start_day: int
    start: datetime
    stop: datetime
    samples: int
    dtype: str
    samples_per_record: int
    record_duration: Decimal
    records_in_recording: int
    records_per_chunk: int
    records_remaining: int
    crc32: str

    @property
    def sfreq(self) -> Fraction:
        """Samples per second, exactly."""
        return self.samples_per_record / Fraction(self.record_duration)

    @property
    def samples_bytes(self) -> int:
        return self.samples * SAMPLE_BYTES[self.dtype]

    @property
    def duration_us(self) -> int:
        return since_day_zero_us(self.patient, self.stop) - since_day_zero_us(self.patient, self.start)


def encode(header: Header) -> bytes:
    """Line 1 of the chunk, newline included. Its length depends on the header alone, never on the CRC's value."""
    duration = Fraction(header.record_duration)
    begin_us = since_day_zero_us(header.patient, header.start) - header.start_day * DAY_US
    signal = header.signal
    keys = {
        "filename": header.recording,
        "start_date": [anchor_year(header.patient), 1, header.start_day],
        "start_time": _hour_minute_second(begin_us),
        "sigLabel": signal.label,
        "sampsPerRecord": header.samples_per_record,
        "recDur": _number(duration),
        "numRecs": header.records_in_recording,
        "recsPerChunk": header.records_per_chunk,
        "maxChunkTime": _number(header.records_per_chunk * duration / 60),
        "chunk": header.chunk,
        "chunkDuration": _number(header.samples / header.sfreq),
        "recsRemaining": header.records_remaining,
        "phyDimension": signal.unit,
        "phyMinimum": signal.physical_minimum,
        "phyMaximum": signal.physical_maximum,
        "digMinimum": signal.digital_minimum,
        "digMaximum": signal.digital_maximum,
        "read_instruct": f"After this line: {header.samples} samples, little-endian, NumPy dtype '{header.dtype}'.",
        "version": VERSION,
        "patient": header.patient,
        "channel": header.channel,
        "start": header.start.isoformat(timespec="microseconds"),
        "stop": header.stop.isoformat(timespec="microseconds"),
        "samples": header.samples,
        "sfreq": _number(header.sfreq),
        "dtype": header.dtype,
        "crc32": header.crc32,
    }
    return json.dumps(keys, ensure_ascii=False).encode() + b"\n"


def file_crc32(line: bytes, header: Header) -> str:
    """CRC-32 of the whole object, from its line 1 and the samples' CRC: no sample is read."""
    return hex8(combine_crc32(zlib.crc32(line), int(header.crc32, 16), second_bytes=header.samples_bytes))


def decode(beginning: bytes) -> tuple[Header, int]:
    """The header at the beginning of an object's bytes, and the length of its line in bytes (where samples begin).

    Raises `LineTooShort` where more bytes are needed, `NotAChunk` where they would not help.
    """
    keys, length = read_keys(beginning)
    return from_keys(keys), length


def read_keys(beginning: bytes) -> tuple[dict[str, Any], int]:
    """The keys of line 1, of whatever version, and the line's length in bytes. Raises as `decode`."""
    end = beginning.find(b"\n")
    if end < 0:
        if len(beginning) >= LINE_LIMIT_BYTES:
            raise NotAChunk(f"no newline within {LINE_LIMIT_BYTES} bytes: this is not a chunk")
        raise LineTooShort(f"no newline within {len(beginning)} bytes")
    try:
        keys = json.loads(beginning[:end].decode())
    except (ValueError, RecursionError) as error:
        raise NotAChunk("line 1 is not JSON in UTF-8: this is not a chunk") from error
    if not isinstance(keys, dict):
        raise NotAChunk("line 1 is not a JSON object: this is not a chunk")
    return keys, end + 1


def from_keys(keys: dict[str, Any]) -> Header:
    """The header that the keys of line 1 say. Raises `NotAChunk`, which quotes no text of theirs."""
    version = keys.get("version", 1)
    if version != VERSION:
        said = version if isinstance(version, int) else "no whole number"
        raise NotAChunk(f"its version is {said}, not {VERSION}")
    with sound_keys():
        header = Header(
            patient=_text(keys["patient"]),
            recording=_text(keys["filename"]),
            channel=whole(keys["channel"]),
            signal=SignalTexts(
                label=_text(keys["sigLabel"]),
                unit=_text(keys["phyDimension"]),
                physical_minimum=_text(keys["phyMinimum"]),
                physical_maximum=_text(keys["phyMaximum"]),
                digital_minimum=_text(keys["digMinimum"]),
                digital_maximum=_text(keys["digMaximum"]),
            ),
            chunk=whole(keys["chunk"]),
            start_day=whole(keys["start_date"][2]),
            start=_time(keys["start"]),
            stop=_time(keys["stop"]),
            samples=whole(keys["samples"]),
            dtype=_text(keys["dtype"]),
            samples_per_record=whole(keys["sampsPerRecord"]),
            record_duration=Decimal(repr(keys["recDur"])),
            records_in_recording=whole(keys["numRecs"]),
            records_per_chunk=whole(keys["recsPerChunk"]),
            records_remaining=whole(keys["recsRemaining"]),
            crc32=_text(keys["crc32"]),
        )
    _check(header)
    return header


@contextmanager
def sound_keys() -> Iterator[None]:
    """Turns what reading the keys of line 1 raises inside into a `NotAChunk` that quotes no text of theirs."""
    try:
        yield
    except KeyError as error:
        raise NotAChunk(f"the key {error.args[0]!r} is missing in line 1") from error
    except (TypeError, ValueError, ArithmeticError, IndexError) as error:
        raise NotAChunk(f"line 1 holds a value that cannot be: {error}") from error


def _check(header: Header) -> None:
    if header.dtype not in SAMPLE_BYTES:
        raise NotAChunk(f"its dtype is not one of {', '.join(SAMPLE_BYTES)}")
    if header.start.tzinfo or header.stop.tzinfo:
        raise NotAChunk("its times name a time zone; patient times have none")
    if not header.record_duration.is_finite() or header.record_duration <= 0:
        raise NotAChunk(f"its recDur is {header.record_duration}, not a duration")
    if header.stop <= header.start or header.samples < 1:
        raise NotAChunk("it claims no samples or no time")
    if len(header.crc32) != 8 or set(header.crc32) - set("0123456789abcdef"):
        raise NotAChunk("its crc32 is not eight lower-case hex digits")


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"text is expected, not {type(value).__name__}")
    return value


def _time(value: object) -> datetime:
    try:
        return datetime.fromisoformat(_text(value))
    except ValueError as error:
        raise ValueError("a time in ISO 8601 is expected") from error


def whole(value: object) -> int:
    """A whole number of 64 bits. Raises `TypeError`."""
    if not isinstance(value, int) or isinstance(value, bool) or not -(2**63) <= value < 2**63:
        raise TypeError("a whole number of at most 64 bits is expected")
    return value


def _number(value: Fraction | int) -> int | float:
    """As JSON writes it: whole numbers without a point."""
    return int(value) if value == int(value) else float(value)


def _hour_minute_second(since_midnight_us: int) -> list[int | float]:
    minutes, rest_us = divmod(since_midnight_us, 60_000_000)
    hours, minute = divmod(minutes, 60)
    return [hours, minute, _number(Fraction(rest_us, 1_000_000))]
