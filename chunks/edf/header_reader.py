"""How an EDF header comes out of its bytes: `parse_header`.

It reads no data, and refuses only fields without which no sample can be placed. Everything else that is odd becomes a
finding. What is odd about the signals is looked at by `header_oddities`.
"""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Literal

from chunks.edf import dates
from chunks.edf.errors import EdfDamaged
from chunks.edf.fields import HEADER_BYTES, decode, split_file_fields, split_signal_fields
from chunks.edf.findings import Findings
from chunks.edf.header import Encoding, Header, Signal
from chunks.edf.identity import Identity, RecordingField, parse_identity, parse_recording_field
from chunks.edf.numerals import is_plain, parse_decimal, parse_integer, shown, signals_listed

BDF_VERSION = b"\xffBIOSEMI"
EDF_VERSION = b"0       "

_ENCODINGS: tuple[Encoding, ...] = ("ascii", "utf-8", "latin-1")
_ANNOTATION_LABELS = ("edf annotations", "bdf annotations")
_LONGEST_RECORD_S = 99_999_999  # what eight digits can say


def signal_count(file_part: bytes) -> int:
    """Give the number of signals from a file's first 256 bytes.

    Raises:
        EdfDamaged: it is no number above 0.
    """
    text, _ = decode(split_file_fields(file_part)["signals"])
    count = parse_integer(text)
    if count is None or count < 1:
        raise EdfDamaged(f"The header says {shown(text)} where the number of its signals belongs.")
    return count


def parse_header(raw: bytes, *, findings: Findings) -> Header:
    """Read a whole header: 256 bytes, and 256 for each signal it announces.

    Raises:
        EdfDamaged: a field without which no sample can be placed is nonsense.
    """
    fields = split_file_fields(raw[:HEADER_BYTES])
    texts = {name: decode(value)[0] for name, value in fields.items()}
    rows = split_signal_fields(raw[HEADER_BYTES:], signals=signal_count(raw))
    encoding = _note_characters(raw, [fields, *rows], findings=findings)
    sample_bytes: Literal[2, 3] = 3 if fields["version"] == BDF_VERSION else 2
    _note_form(fields, texts, sample_bytes=sample_bytes, findings=findings)
    duration = _parse_duration(texts["record_duration"], findings=findings)
    plus = texts["reserved"][:4].upper() in ("EDF+", "BDF+")
    identity, recording = _parse_people(texts, plus=plus, findings=findings)
    start, source = _parse_start(texts, recording.start_date, findings=findings)
    return Header(
        version=fields["version"],
        identity=identity,
        recording=recording,
        start=start,
        start_source=source,
        header_bytes=parse_integer(texts["header_bytes"]),
        reserved=texts["reserved"],
        records_expected=parse_integer(texts["records"]),
        record_duration=duration,
        record_duration_text=texts["record_duration"],
        signals=_parse_signals(rows, sample_bytes=sample_bytes, duration=duration, findings=findings),
        sample_bytes=sample_bytes,
        encoding=encoding,
    )


def _note_characters(raw: bytes, rows: list[dict[str, bytes]], *, findings: Findings) -> Encoding:
    used = {decode(value)[1] for row in rows for value in row.values() if value != BDF_VERSION}
    encoding = next(candidate for candidate in reversed(_ENCODINGS) if candidate in used)
    if encoding != "ascii":
        findings.add("header-encoding", f"The header is not plain ASCII; it was read as {encoding.upper()}.")
    if any(byte < 32 or byte == 127 for byte in raw):
        findings.add("header-padding", "The header holds control characters where blanks belong.")
    return encoding


def _note_form(fields: Mapping[str, bytes], texts: Mapping[str, str], *, sample_bytes: int, findings: Findings) -> None:
    if fields["version"] not in (EDF_VERSION, BDF_VERSION):
        findings.add("version-field", "The version field is not the '0' of EDF; the file was read as EDF.")
    usual = ("BDF+C", "BDF+D", "24BIT") if sample_bytes == 3 else ("EDF+C", "EDF+D", "")
    if texts["reserved"] not in usual and not texts["reserved"].startswith(usual[:2]):
        findings.add("reserved-field", f"The reserved field is none of {', '.join(usual[:2])} and '{usual[2]}'.")
    for name in ("records", "header_bytes", "signals"):
        if not is_plain(texts[name]) or "." in texts[name]:
            findings.add("number-form", f"The header says {shown(texts[name])} where its '{name}' belongs.")


def _parse_duration(text: str, *, findings: Findings) -> Decimal:
    duration = parse_decimal(text)
    if duration is None or not 0 <= duration <= _LONGEST_RECORD_S:
        raise EdfDamaged(f"The header says {shown(text)} where the seconds of a data record belong.")
    if "," in text:
        findings.add("comma-decimal", f"The record duration {shown(text)} has a comma, which was read as a dot.")
    elif not is_plain(text):
        findings.add("number-form", f"The record duration is written {shown(text)}.")
    return duration


def _parse_people(texts: Mapping[str, str], *, plus: bool, findings: Findings) -> tuple[Identity, RecordingField]:
    identity, identity_fits = parse_identity(texts["patient"])
    recording, recording_fits = parse_recording_field(texts["recording"])
    if plus and not identity_fits:
        findings.add("patient-field", "The patient field has not the subfields of EDF+.")
    if plus and not recording_fits:
        findings.add("recording-field", "The recording field has not the subfields of EDF+.")
    return identity, recording


def _parse_start(
    texts: Mapping[str, str], long_date: dt.date | None, *, findings: Findings
) -> tuple[dt.datetime | None, Literal["header", "startdate field"]]:
    """Give the header's start; the four-digit year of EDF+ wins over the two-digit one."""
    day, time = dates.parse_date(texts["start_date"]), dates.parse_time(texts["start_time"])
    if any(not dates.is_plain(texts[name]) for name in ("start_date", "start_time")):
        findings.add("start-form", "The start date or time is not written as dd.mm.yy and hh.mm.ss.")
    source: Literal["header", "startdate field"] = "header"
    if long_date is not None:
        two_digits = (long_date.day, long_date.month, long_date.year % 100)
        if day is not None and two_digits != (day.day, day.month, day.year % 100):
            findings.add("start-dates-differ", "The two start dates of the header differ; the long one was taken.")
        if day != long_date:
            day, source = long_date, "startdate field"
    return (dt.datetime.combine(day, time) if day and time is not None else None), source


def _parse_signals(
    rows: list[dict[str, bytes]], *, sample_bytes: int, duration: Decimal, findings: Findings
) -> tuple[Signal, ...]:
    signals, offset, odd = [], 0, []
    for number, row in enumerate(rows, 1):
        texts = {name: decode(value)[0] for name, value in row.items()}
        samples = parse_integer(texts["samples_per_record"])
        if samples is None or samples < 0:
            said = shown(texts["samples_per_record"])
            raise EdfDamaged(f"The header says {said} where the samples per record of signal {number} belong.")
        if not texts["samples_per_record"].isdigit():
            odd.append(number)
        signals.append(
            Signal(
                number=number,
                label=texts["label"],
                transducer=texts["transducer"],
                unit=texts["unit"],
                physical_minimum=texts["physical_minimum"],
                physical_maximum=texts["physical_maximum"],
                digital_minimum=texts["digital_minimum"],
                digital_maximum=texts["digital_maximum"],
                prefilter=texts["prefilter"],
                reserved=texts["reserved"],
                samples_per_record=samples,
                record_duration=duration,
                offset_bytes=offset,
                width_bytes=samples * sample_bytes,
                is_annotations=texts["label"].lower() in _ANNOTATION_LABELS,
                raw={name: value for name, value in row.items() if not value.isascii()},
            )
        )
        offset += samples * sample_bytes
    if odd:
        findings.add(
            "number-form", f"Samples per record are not written as plain whole numbers in {signals_listed(odd)}."
        )
    return tuple(signals)
