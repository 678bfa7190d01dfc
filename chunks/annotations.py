"""What nurses and recorders noted: `annotations.json`, its texts withheld until a data manager releases them.

Owns: the two objects of a recording's annotations. The one beside the chunks has onsets and durations at once and a
placeholder for each text; the texts are in the bucket of withheld texts, which no bundle and no researcher reaches.
Both are written as streams: memory does not grow with their number.
"""

import json
from collections.abc import Iterator

from django.conf import settings

from chunks.edf.annotations import Annotation
from chunks.edf.reader import Edf
from chunks.format.header import VERSION
from chunks.format.keys import annotations_key, withheld_bucket, withheld_key
from chunks.plan import Plan
from storage.objects import Objects

PLACEHOLDER = "event"


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
