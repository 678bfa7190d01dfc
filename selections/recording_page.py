"""What the page of one recording says, in the words of people: all that its `recording.json` knows.

Owns: how each key of that object is shown. A document that lacks keys, or holds what it should not, is told as damaged.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from chunks.about import About
from chunks.annotations import Annotations
from chunks.document import Document
from chunks.format.clock import since_day_zero_us
from chunks.models import Recording
from jobs.terminal import size_text
from selections.form import address
from selections.intervals import Interval
from selections.picture import hours_text
from selections.selection import Selection
from selections.times import spell_instant

LISTED_MAX = 200
DAMAGED = "Its recording.json lacks what this page shows, or holds something else: reingest it, or tell a data manager."


@dataclass(frozen=True, kw_only=True)
class Span:
    """A stretch or a gap: when it began and how long it was."""

    start: str
    length: str
    remark: str


@dataclass(frozen=True, kw_only=True)
class Signal:
    """A channel as the file's header describes it."""

    number: int
    label: str
    unit: str
    rate: str
    physical: str
    digital: str
    transducer: str
    prefilter: str


@dataclass(frozen=True, kw_only=True)
class Note:
    """An annotation: on the patient's clock; `text` is empty where it is withheld."""

    start: str
    length: str
    channel: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Known:
    """What the document says."""

    facts: tuple[tuple[str, str], ...]
    source: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...]
    notes: tuple[str, ...]
    stretches: tuple[Span, ...]
    gaps: tuple[Span, ...]
    more_gaps: int
    channels: tuple[Signal, ...]
    left_out: tuple[Signal, ...]


@dataclass(frozen=True, kw_only=True)
class AboutRecording:
    """The page. `known` is None, and `fault` says why, where the document cannot be read."""

    start: str
    stop: str
    length: str
    size: str
    channels: int
    row_warnings: tuple[str, ...]
    search: str
    known: Known | None
    fault: str
    annotations: Annotations | None
    annotations_fault: str
    notes: tuple[Note, ...]
    released_here: str


def about_recording(row: Recording, about: About) -> AboutRecording:
    """The page of a recording that may be seen."""
    start_us, stop_us = (since_day_zero_us(row.patient, moment) for moment in (row.start, row.stop))
    known, fault = _known(row.patient, about)
    whole = Interval(start_us=start_us, stop_us=max(start_us + 1, stop_us))
    question = Selection(patients=(row.patient,), when=(whole,))
    return AboutRecording(
        start=spell_instant(start_us),
        stop=spell_instant(stop_us),
        length=hours_text(stop_us - start_us),
        size=size_text(row.bytes_expected),
        channels=len(row.labels),
        row_warnings=tuple(row.warning_texts),
        search=f"{reverse('search')}?{address(question)}",
        known=known,
        fault=fault,
        annotations=about.annotations,
        annotations_fault=about.annotations_fault,
        notes=tuple(_notes(row.patient, about.annotations)) if about.annotations else (),
        released_here=f"{reverse('annotations')}?{urlencode({'patient': row.patient, 'recording': row.name})}",
    )


def _known(patient: str, about: About) -> tuple[Known | None, str]:
    if about.document is None:
        return None, about.document_fault
    try:
        return _read(patient, about.document), ""
    except (KeyError, TypeError, ValueError, AttributeError, ZeroDivisionError, OverflowError):
        return None, DAMAGED


def _read(patient: str, document: Document) -> Known:
    duration_s = float(document["source"]["record_duration"])
    findings = [(str(each["severity"]), str(each["message"])) for each in document["warnings"]]
    gaps = [_gap(patient, each) for each in document["gaps"][:LISTED_MAX]]
    return Known(
        facts=tuple(_facts(document)),
        source=tuple(_source(document["source"])),
        warnings=tuple(message for severity, message in findings if severity == "warning"),
        notes=tuple(message for severity, message in findings if severity != "warning"),
        stretches=tuple(_stretch(patient, each, duration_s=duration_s) for each in document["stretches"][:LISTED_MAX]),
        gaps=tuple(gaps),
        more_gaps=len(document["gaps"]) - len(gaps),
        channels=tuple(_signal(each, duration_s=duration_s) for each in document["channels"]),
        left_out=tuple(_signal(each, duration_s=duration_s) for each in document["left_out"]),
    )


def _facts(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "Start known from", str(document["start_source"])
    yield "Day 0 known from", str(document["surgery_source"])
    offset = f"{int(document['clock_offset_us']) / 1e6:g} s"
    source = document["clock_offset_source"]
    yield "Clock offset", f"{offset}, {source}" if source else offset
    yield "Drift of the recorder's clock", f"{int(document['drift_us']) / 1e6:g} s over the whole recording"
    yield "Equipment", str(document["equipment"] or "not known")
    yield "Chunks", f"{int(document['chunks']):,}, of {hours_text(int(document['chunk_seconds']) * 1_000_000)} at most"
    yield "Samples", {"<i2": "16-bit integers", "<i4": "32-bit integers"}.get(document["dtype"], str(document["dtype"]))
    yield "SHA-256 of the data", str(document["data_sha256"] or "not known until all is read")
    yield "Written by", str(document["software"])
    if document["corrections"]:
        yield "Corrections", f"{len(document['corrections'])}"


def _source(source: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "Kind", str(source["kind"])
    yield "Size", f"{int(source['size_bytes']):,} bytes ({size_text(int(source['size_bytes']))})"
    yield "Data records", _records(source)
    yield "Duration of a record", f"{source['record_duration']} s"
    yield "Text in its header", str(source["encoding"])


def _records(source: Mapping[str, Any]) -> str:
    there, expected = int(source["records"]), source["records_expected"]
    text = f"{there:,}" if expected == there else f"{there:,} of {expected} that its header expects"
    return f"{text}; its end is missing" if source["truncated"] else text


def _stretch(patient: str, stretch: Mapping[str, Any], *, duration_s: float) -> Span:
    records = int(stretch["records"])
    return Span(
        start=_spelled(patient, stretch["start"]),
        length=hours_text(round(records * duration_s * 1e6)),
        remark="the clock stepped back before it" if stretch["backwards"] else f"{records:,} data records",
    )


def _gap(patient: str, gap: Mapping[str, Any]) -> Span:
    lasting_us = int(gap["duration_us"])
    return Span(
        start=_spelled(patient, gap["start"]),
        length=hours_text(abs(lasting_us)),
        remark="the clock stepped back" if lasting_us < 0 else f"before data record {int(gap['record']):,}",
    )


def _signal(signal: Mapping[str, Any], *, duration_s: float) -> Signal:
    return Signal(
        number=int(signal["number"]),
        label=str(signal["label"]),
        unit=str(signal["unit"]),
        rate=f"{int(signal['samples_per_record']) / duration_s:.10g} Hz" if duration_s else "",
        physical=f"{signal['physical_minimum']} to {signal['physical_maximum']}",
        digital=f"{signal['digital_minimum']} to {signal['digital_maximum']}",
        transducer=str(signal["transducer"]),
        prefilter=str(signal["prefilter"]),
    )


def _notes(patient: str, annotations: Annotations) -> Iterator[Note]:
    for each in annotations.first:
        start = annotations.origin + timedelta(microseconds=each.onset_us)
        yield Note(
            start=spell_instant(since_day_zero_us(patient, start)),
            length="" if each.duration_us is None else hours_text(each.duration_us),
            channel=each.channel or "",
            text=each.text,
        )


def _spelled(patient: str, iso: str) -> str:
    return spell_instant(since_day_zero_us(patient, datetime.fromisoformat(iso)))
