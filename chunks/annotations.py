"""What nurses and recorders noted: `annotations.json`, its texts withheld until a data manager releases them.

Owns: the two objects of a recording's annotations. The one beside the chunks has onsets and durations at once and a
placeholder for each text; the texts are in the bucket of withheld texts, which no bundle and no researcher reaches.
Both are written as streams: memory does not grow with their number.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings

from chunks.edf.annotations import Annotation
from chunks.edf.reader import Edf
from chunks.errors import AnnotationsUnreadable
from chunks.format.header import VERSION
from chunks.format.keys import annotations_key, withheld_bucket, withheld_key
from chunks.plan import Plan
from storage.objects import Objects

PLACEHOLDER = "event"
LINE_MAX = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Noted:
    """One annotation; `onset_us` counts from the origin, `text` is empty while it is withheld."""

    onset_us: int
    duration_us: int | None
    channel: str | None  # a label
    text: str


@dataclass(frozen=True, kw_only=True)
class Annotations:
    """The public annotations of a recording: how many there are, and the first of them."""

    origin: datetime
    released: bool
    count: int
    first: tuple[Noted, ...]


def put_annotations(edf: Edf, plan: Plan, *, objects: Objects, released: bool) -> None:
    """Writes the withheld texts first, then the public object: with the texts where they are released."""
    bucket = withheld_bucket(prefix=settings.BUCKET_PREFIX)
    objects.make_bucket(bucket)
    objects.put(bucket, withheld_key(plan.patient, plan.recording), _encoded(edf, plan, with_texts=True))
    objects.put(plan.bucket, annotations_key(plan.recording), _encoded(edf, plan, with_texts=released))


def release_annotations(*, objects: Objects, patient: str, recording: str, bucket: str) -> None:
    """Makes the public object that with the texts, from the withheld one."""
    held = objects.stream(withheld_bucket(prefix=settings.BUCKET_PREFIX), withheld_key(patient, recording))
    objects.put(bucket, annotations_key(recording), held)


def read_annotations(objects: Objects, *, bucket: str, recording: str, first: int) -> Annotations:
    """The public object, read line by line: in memory are the first ones alone.

    Raises `AnnotationsUnreadable`, and `ObjectMissing` where there is none.
    """
    key = annotations_key(recording)
    try:
        lines = _lines(objects.stream(bucket, key))
        beginning = json.loads(next(lines) + b"]}")
        released = beginning["texts"] == "released"
        noted: list[Noted] = []
        count = 0
        for line in lines:
            if line == b"]}":
                break
            count += 1
            if count <= first:
                noted.append(_noted(json.loads(line.removesuffix(b",")), released=released))
        return Annotations(
            origin=datetime.fromisoformat(beginning["origin"]), released=released, count=count, first=tuple(noted)
        )
    except (ValueError, TypeError, KeyError, StopIteration, RecursionError) as error:
        raise AnnotationsUnreadable(f"{key} in {bucket} is not what this portal writes.") from error


def _lines(pieces: Iterator[bytes]) -> Iterator[bytes]:
    rest = b""
    for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        if len(rest) > LINE_MAX:
            raise ValueError("a line of unreasonable length")
        yield from whole
    if rest:
        yield rest


def _noted(line: dict[str, Any], *, released: bool) -> Noted:
    return Noted(
        onset_us=int(line["onset_us"]),
        duration_us=None if line["duration_us"] is None else int(line["duration_us"]),
        channel=line["channel"],
        text=str(line["text"]) if released else "",
    )


def _encoded(edf: Edf, plan: Plan, *, with_texts: bool) -> Iterator[bytes]:
    """One JSON object, a line for each annotation; onsets count from `origin`, the start that the header gives."""
    origin = plan.start - (edf.start - edf.header_start)
    beginning = {
        "version": VERSION,
        "patient": plan.patient,
        "recording": plan.recording,
        "origin": origin.isoformat(timespec="microseconds"),
        "texts": "released" if with_texts else "withheld",
    }
    yield json.dumps(beginning, ensure_ascii=False)[:-1].encode() + b', "annotations": [\n'
    for place, annotation in enumerate(edf.annotations()):
        comma = b",\n" if place else b""
        yield comma + json.dumps(_line(annotation, with_text=with_texts), ensure_ascii=False).encode()
    yield b"\n]}\n"


def _line(annotation: Annotation, *, with_text: bool) -> dict[str, object]:
    return {
        "onset_us": annotation.onset_us,
        "duration_us": annotation.duration_us,
        "channel": annotation.signal,
        "text": annotation.text if with_text else PLACEHOLDER,
    }
