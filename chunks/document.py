"""What is known of a recording as a whole: `recording.json`, from which every row can be rebuilt.

Owns: the keys of that object. It holds what the file's header said of its signals, as written, and nothing that says
whose recording it is or when it really was.
"""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from chunks.edf.findings import Finding
from chunks.edf.header import Signal
from chunks.edf.reader import Edf
from chunks.equipment import equipment_model
from chunks.errors import RecordingUnreadable
from chunks.format.header import VERSION
from chunks.format.keys import recording_key
from chunks.models import RecordingState
from chunks.plan import Plan
from storage.objects import ObjectInfo, Objects

Document = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Known:
    """What the ingest knows beside the file itself."""

    fingerprint: str
    chunk_seconds: int
    start_source: str
    surgery_source: str


def describe(edf: Edf, plan: Plan, *, known: Known, findings: Sequence[Finding]) -> Document:
    """The document of a recording that is being ingested; `finished` makes it whole."""
    header = edf.header
    return {
        "version": VERSION,
        "patient": plan.patient,
        "recording": plan.recording,
        "state": RecordingState.INGESTING.value,
        "fingerprint": known.fingerprint,
        "data_sha256": None,
        "start": _iso(plan.start),
        "stop": _iso(plan.stop),
        "start_source": known.start_source,
        "surgery_source": known.surgery_source,
        "clock_offset_us": 0,
        "clock_offset_source": None,
        "chunk_seconds": known.chunk_seconds,
        "chunks": plan.chunks,
        "bytes": plan.size_bytes,
        "dtype": plan.dtype,
        "channels": [_channel(signal, key_part=plan.label_parts[signal.number]) for signal in plan.signals],
        "left_out": [_channel(signal) for signal in edf.signals if signal not in plan.signals],
        "annotation_signals": [
            {"number": signal.number, "samples_per_record": signal.samples_per_record}
            for signal in edf.annotation_signals
        ],
        "source": {
            "kind": header.kind,
            "version_bytes": base64.b64encode(header.version).decode(),
            "reserved": header.reserved,
            "encoding": header.encoding,
            "size_bytes": edf.size_bytes,
            "record_duration": header.record_duration_text,
            "records_expected": header.records_expected,
            "records": edf.records,
            "truncated": edf.truncated,
        },
        "equipment": equipment_model(header.recording.equipment or ""),
        "stretches": _stretches(edf, plan),
        "gaps": _gaps(edf, plan),
        "drift_us": edf.drift_us,
        "warnings": [{"code": each.code, "severity": each.severity, "message": each.message} for each in findings],
        "corrections": [],
        "software": f"ecog-portal {settings.SOFTWARE_VERSION}",
    }


def finished(document: Document, *, data_sha256: str) -> Document:
    """The same document for a recording whose every object is in the store."""
    return document | {"state": RecordingState.OK.value, "data_sha256": data_sha256}


def encode_document(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False, indent=1).encode() + b"\n"


def read_document(objects: Objects, *, bucket: str, recording: str) -> Document:
    """The `recording.json` of a recording. Raises `RecordingUnreadable`, and `ObjectMissing` where there is none."""
    key = recording_key(recording)
    try:
        document = json.loads(objects.get(bucket, key))
        if not isinstance(document, dict) or not isinstance(document["fingerprint"], str):
            raise TypeError("not the keys of a recording")
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise RecordingUnreadable(f"{key} in {bucket} is not what this portal writes: {error}.") from error
    return document


def put_document(objects: Objects, document: Document, *, bucket: str, create_only: bool = False) -> ObjectInfo:
    key = recording_key(document["recording"])
    return objects.put(bucket, key, encode_document(document), create_only=create_only)


def _channel(signal: Signal, *, key_part: str | None = None) -> Document:
    """A signal's header as written; in `raw`, base64 of those fields that are not ASCII."""
    fields: Document = {
        "number": signal.number,
        "label": signal.label,
        "key_part": key_part,
        "transducer": signal.transducer,
        "prefilter": signal.prefilter,
        "unit": signal.unit,
        "physical_minimum": signal.physical_minimum,
        "physical_maximum": signal.physical_maximum,
        "digital_minimum": signal.digital_minimum,
        "digital_maximum": signal.digital_maximum,
        "samples_per_record": signal.samples_per_record,
    }
    if signal.raw:
        fields["raw"] = {name: base64.b64encode(value).decode() for name, value in signal.raw.items()}
    return fields


def _stretches(edf: Edf, plan: Plan) -> list[Document]:
    return [
        {
            "first_record": stretch.first_record,
            "records": stretch.records,
            "start": _iso(plan.start + timedelta(microseconds=stretch.offset_us)),
            "backwards": stretch.backwards,
        }
        for stretch in edf.stretches
    ]


def _gaps(edf: Edf, plan: Plan) -> list[Document]:
    """The holes between stretches; where the clock stepped back, `duration_us` is negative."""
    gaps = []
    for before, after in zip(edf.stretches, edf.stretches[1:], strict=False):
        end_us = edf.record_us(before, record=before.records)
        start = _iso(plan.start + timedelta(microseconds=end_us))
        gaps.append({"record": after.first_record, "start": start, "duration_us": after.offset_us - end_us})
    return gaps


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds")
