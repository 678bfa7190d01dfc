"""What nurses and recorders noted: `annotations.json`, its texts withheld until a data manager releases them.

Owns: the form of the two objects of a recording's annotations, both ways. The one beside the chunks has onsets and
durations at once and a placeholder for each text that is not released; the texts are in the bucket of withheld texts,
which no bundle and no researcher reaches, with the header's words that may name somebody. Which texts are released is
decided in `chunks.review`. All is written and read as streams: memory does not grow with the number of annotations.
"""

import json
from collections.abc import Callable, Iterator, Sequence
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
from storage.errors import RangeOutside
from storage.objects import Objects

PLACEHOLDER = "event"
LINE_MAX = 1_000_000
BEGINNING_BYTES = 64 * 1024
WITHHELD = "withheld"
SOME = "some released"
RELEASED = "released"


@dataclass(frozen=True, kw_only=True)
class Noted:
    """One annotation; `onset_us` counts from the origin, `text` is empty while it is withheld."""

    onset_us: int
    duration_us: int | None
    channel: str | None  # a label
    text: str
    withheld: bool = False


@dataclass(frozen=True, kw_only=True)
class Beginning:
    """What an `annotations.json` says before its annotations.

    texts: `withheld`, `some released`, or `released`: all but those of which a person said that they are kept.
    words: of the header, in a withheld object alone; None where it was written before they were kept.
    """

    patient: str
    recording: str
    origin: datetime
    texts: str
    words: tuple[str, ...] | None


@dataclass(frozen=True, kw_only=True)
class Annotations:
    """The public annotations of a recording: how many there are, how many of them are released.

    first: the first of the released ones or, where none is, the first of all.
    """

    origin: datetime
    count: int
    released: int
    first: tuple[Noted, ...]


def put_withheld(edf: Edf, plan: Plan, *, objects: Objects, words: Sequence[str]) -> None:
    """Writes all texts into the bucket of withheld texts."""
    bucket = withheld_bucket(prefix=settings.BUCKET_PREFIX)
    objects.make_bucket(bucket)
    objects.put(bucket, withheld_key(plan.patient, plan.recording), _encoded(edf, plan, words=words))


def open_withheld(objects: Objects, *, patient: str, recording: str) -> tuple[Beginning, Iterator[Noted]]:
    """All texts of a recording, as `open_annotations`."""
    bucket = withheld_bucket(prefix=settings.BUCKET_PREFIX)
    return open_annotations(objects, bucket=bucket, key=withheld_key(patient, recording))


def public_form(
    objects: Objects, *, patient: str, recording: str, texts: str, is_out: Callable[[str], bool]
) -> Iterator[bytes]:
    """The public object, from the withheld one as it is now: with the texts of which `is_out` says that they are out.

    Raises `AnnotationsUnreadable`, and `ObjectMissing` where nothing is withheld.
    """
    beginning, noted = open_withheld(objects, patient=patient, recording=recording)
    yield _begun(patient=beginning.patient, recording=beginning.recording, origin=beginning.origin, texts=texts)
    for place, each in enumerate(noted):
        out = texts != WITHHELD and is_out(each.text)
        yield _line(
            place,
            onset_us=each.onset_us,
            duration_us=each.duration_us,
            channel=each.channel,
            text=each.text if out else PLACEHOLDER,
            more={} if out or texts == WITHHELD else {"withheld": True},
        )
    yield b"\n]}\n"


def read_annotations(objects: Objects, *, bucket: str, recording: str, first: int) -> Annotations:
    """The public object, read line by line: in memory are the first ones alone.

    Raises `AnnotationsUnreadable`, and `ObjectMissing` where there is none.
    """
    beginning, noted = open_annotations(objects, bucket=bucket, key=annotations_key(recording))
    all_first: list[Noted] = []
    released_first: list[Noted] = []
    count = released = 0
    for each in noted:
        count += 1
        released += not each.withheld
        if count <= first:
            all_first.append(each)
        if released <= first and not each.withheld:
            released_first.append(each)
    return Annotations(
        origin=beginning.origin, count=count, released=released, first=tuple(released_first or all_first)
    )


def open_annotations(objects: Objects, *, bucket: str, key: str) -> tuple[Beginning, Iterator[Noted]]:
    """What an object says at its beginning, and its annotations, one by one, all of one state of the object.

    Raises `AnnotationsUnreadable`, the annotations too while they are read, and `ObjectMissing`.
    """
    lines = _lines(objects.stream(bucket, key))
    with _Readable(key=key, bucket=bucket):
        beginning = _beginning(next(lines))
    return beginning, _noted(lines, beginning=beginning, readable=_Readable(key=key, bucket=bucket))


def read_beginning(objects: Objects, *, bucket: str, key: str) -> Beginning:
    """The beginning alone, by a ranged read. Raises as `open_annotations`."""
    with _Readable(key=key, bucket=bucket):
        try:
            return _beginning(objects.get_range(bucket, key, start=0, length=BEGINNING_BYTES).split(b"\n", 1)[0])
        except RangeOutside as error:
            raise ValueError("it is empty") from error


class _Readable:
    """Whatever is wrong with what is read inside is `AnnotationsUnreadable`."""

    def __init__(self, *, key: str, bucket: str) -> None:
        self._what = f"{key} in {bucket}"

    def __enter__(self) -> None:
        pass

    def __exit__(self, _type: object, error: BaseException | None, _traceback: object) -> None:
        if isinstance(error, ValueError | TypeError | KeyError | StopIteration | RecursionError):
            raise AnnotationsUnreadable(f"{self._what} is not what this portal writes.") from error


def _lines(pieces: Iterator[bytes]) -> Iterator[bytes]:
    rest = b""
    for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        if len(rest) > LINE_MAX:
            raise ValueError("a line of unreasonable length")
        yield from whole
    if rest:
        yield rest


def _beginning(line: bytes) -> Beginning:
    said = json.loads(line + b"]}")
    words = said.get("words")
    return Beginning(
        patient=str(said.get("patient", "")),
        recording=str(said.get("recording", "")),
        origin=datetime.fromisoformat(said["origin"]),
        texts=str(said["texts"]),
        words=None if words is None else tuple(map(str, words)),
    )


def _noted(lines: Iterator[bytes], *, beginning: Beginning, readable: _Readable) -> Iterator[Noted]:
    with readable:
        for line in lines:
            if line == b"]}":
                return
            if not line:  # what stands between the brackets where there is no annotation
                continue
            said: dict[str, Any] = json.loads(line.removesuffix(b","))
            # Where some texts are released, each that is not says so.
            withheld = bool(said.get("withheld", beginning.texts == WITHHELD))
            yield Noted(
                onset_us=int(said["onset_us"]),
                duration_us=None if said["duration_us"] is None else int(said["duration_us"]),
                channel=said["channel"],
                text="" if withheld else str(said["text"]),
                withheld=withheld,
            )


def _encoded(edf: Edf, plan: Plan, *, words: Sequence[str]) -> Iterator[bytes]:
    """One JSON object, a line for each annotation; onsets count from `origin`, the start that the header gives."""
    origin = plan.start - (edf.start - edf.header_start)
    yield _begun(patient=plan.patient, recording=plan.recording, origin=origin, texts=RELEASED, more={"words": words})
    for place, annotation in enumerate(edf.annotations()):
        yield _noted_line(place, annotation)
    yield b"\n]}\n"


def _begun(*, patient: str, recording: str, origin: datetime, texts: str, more: dict[str, Any] | None = None) -> bytes:
    beginning = {
        "version": VERSION,
        "patient": patient,
        "recording": recording,
        "origin": origin.isoformat(timespec="microseconds"),
        "texts": texts,
    }
    return json.dumps(beginning | (more or {}), ensure_ascii=False)[:-1].encode() + b', "annotations": [\n'


def _noted_line(place: int, annotation: Annotation) -> bytes:
    return _line(
        place,
        onset_us=annotation.onset_us,
        duration_us=annotation.duration_us,
        channel=annotation.signal,
        text=annotation.text,
        more={},
    )


def _line(
    place: int, *, onset_us: int, duration_us: int | None, channel: str | None, text: str, more: dict[str, Any]
) -> bytes:
    said = {"onset_us": onset_us, "duration_us": duration_us, "channel": channel, "text": text, **more}
    return (b",\n" if place else b"") + json.dumps(said, ensure_ascii=False).encode()
