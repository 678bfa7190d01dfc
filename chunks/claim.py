"""The name of a recording, claimed before its first chunk is written.

Owns: who may write below which name. `recording.json` is created, never overwritten, by whoever comes first; the same
source goes on under its claim, any other takes the next free letter. A source is the same where its fingerprint and the
start of its first sample are: files without any signal share fingerprints.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from chunks.document import Document, encode_document, put_document, read_document
from chunks.errors import IngestRefused
from chunks.format.keys import alternative_names, recording_key
from chunks.held import is_same, names_of
from chunks.models import RecordingState
from chunks.who_indexes import index_recording
from storage.errors import ObjectChanged, ObjectExists, ObjectMissing
from storage.objects import Objects

State = Literal["new", "interrupted", "done"]


@dataclass(frozen=True, kw_only=True)
class Claim:
    """The name that a recording has, and how far a former run had come with it."""

    document: Document
    state: State


def claim(
    describe: Callable[[str], Document], *, name: str, objects: Objects, bucket: str, nobody_else: Callable[[], None]
) -> Claim:
    """Claims `name`, or one of its alternatives, for the source that `describe` tells of under a given name.

    `nobody_else` is asked before what is half taken in is gone on with; it raises where somebody else may be at it.
    Raises `IngestRefused` where all names belong to other recordings.
    """
    source = describe(name)
    known = names_of(source, objects=objects, bucket=bucket)  # first those under which this source is known already
    for candidate in dict.fromkeys([*known, *alternative_names(name)]):
        document = source if candidate == name else describe(candidate)
        try:
            info = put_document(objects, document, bucket=bucket, create_only=True)
        except ObjectExists:
            held = read_document(objects, bucket=bucket, recording=candidate)
            if not is_same(held, source):
                continue
            if held["state"] != RecordingState.INGESTING:
                return Claim(document=held, state="done")
            nobody_else()
            return _taken_up(document, objects=objects, bucket=bucket)
        index_recording(document, info=info)
        return Claim(document=document, state="new")
    raise IngestRefused(f"{name} and all up to {name}_z are names of other recordings: give --recording NAME.")


def _taken_up(document: Document, *, objects: Objects, bucket: str) -> Claim:
    """The claim of a run that did not end, unless it has ended by now."""
    name = document["recording"]
    try:
        info = objects.head(bucket, recording_key(name))
        held = read_document(objects, bucket=bucket, recording=name)
        if held["state"] != RecordingState.INGESTING:
            return Claim(document=held, state="done")
        info = objects.replace(bucket, recording_key(name), encode_document(document), etag=info.etag)
    except (ObjectChanged, ObjectMissing):
        raise IngestRefused(f"{name} is being written by somebody else at this moment. Take this file again.") from None
    index_recording(document, info=info)
    return Claim(document=document, state="interrupted")
