"""The recordings in buckets, as their `recording.json` tell: for reading by prefix and for streams, no database.

Owns: which recordings count (those in state ok), and what a prefix may be. Who reads like this holds the store's own
credentials: grants are the portal's, and a manifest or a selection brings them along. Plain Python.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from analysis.errors import OptionRefused
from analysis.runs import Document
from chunks.format.keys import RECORDING_NAME, WITHHELD, recording_key
from storage.errors import BucketMissing, ObjectArchived, ObjectMissing
from storage.objects import Objects

OK = "ok"
UNREADABLE = "unreadable"
UNDESCRIBED = "without recording.json"  # as version 1 left them, or not a recording at all
# What of a recording a reader depends on; another list of overlaps is no correction.
_DEPENDED_ON = ("state", "fingerprint", "channels", "stretches", "source", "chunk_seconds", "dtype", "corrections")
_DIGEST_LETTERS = 12


@dataclass(frozen=True, order=True)
class Place:
    """A recording's place in the store."""

    bucket: str
    name: str


@dataclass(frozen=True, kw_only=True)
class Told:
    """What the store says of a recording now. document: only where it is ok; digest: changes where it is corrected."""

    state: str
    digest: str
    document: Document | None


class Found:
    """Recordings in state ok, as they are taken, and how many were left out, by state."""

    def __init__(self, objects: Objects, *, prefix: str) -> None:
        self._objects = objects
        self._prefix = prefix
        self.left_out: Counter[str] = Counter()

    def places(self) -> Iterator[Place]:
        return places(self._objects, prefix=self._prefix)

    def told(self, place: Place) -> Document | None:
        """The document of an ok recording; None where it is left out."""
        told = look(self._objects, place)
        if told is None or told.document is None:
            self.left_out[told.state if told else UNDESCRIBED] += 1
            return None
        return told.document


def places(objects: Objects, *, prefix: str) -> Iterator[Place]:
    """Every folder that may be a recording's, once. `prefix`: `bucket`, `bucket/recording`, `begin*`; several with
    commas.

    Raises `OptionRefused`, `BucketMissing` for a bucket that was named.
    """
    seen: set[Place] = set()
    for place in _named(objects, prefix=prefix):
        if place not in seen:
            seen.add(place)
            yield place


def _named(objects: Objects, *, prefix: str) -> Iterator[Place]:
    for part in filter(None, (part.strip() for part in prefix.split(","))):
        bucket, _, name = part.partition("/")
        name = name.rstrip("/")
        if name and ("*" in bucket or not RECORDING_NAME.fullmatch(name)):
            raise OptionRefused(f"prefix={part!r} is not understood: write bucket, bucket/recording, or begin*.")
        if name:
            yield Place(bucket, name)
            continue
        for each in _buckets(objects, pattern=bucket):
            yield from (Place(each, name) for name in objects.folders(each) if RECORDING_NAME.fullmatch(name))


def look(objects: Objects, place: Place) -> Told | None:
    """What is said of a recording; None where there is no such object (any more)."""
    try:
        content = objects.get(place.bucket, recording_key(place.name))
    except (ObjectMissing, BucketMissing):
        return None
    except ObjectArchived:
        return Told(state="archived", digest="", document=None)
    try:
        document: dict[str, Any] = json.loads(content)
        depended_on = json.dumps([document.get(key) for key in _DEPENDED_ON], sort_keys=True)
        state = str(document["state"])
        if document["recording"] != place.name:
            raise ValueError("it tells of another recording")
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return Told(state=UNREADABLE, digest=hashlib.sha256(content).hexdigest()[:_DIGEST_LETTERS], document=None)
    digest = hashlib.sha256(depended_on.encode()).hexdigest()[:_DIGEST_LETTERS]
    return Told(state=state, digest=digest, document=document if state == OK else None)


def _buckets(objects: Objects, *, pattern: str) -> list[str]:
    begin = pattern.removesuffix("*")
    if "*" in begin or not begin:
        raise OptionRefused(f"prefix={pattern!r} is not understood: write bucket, bucket/recording, or begin*.")
    if begin == pattern:
        return [pattern]
    # Nobody who analyses may read the bucket of withheld texts.
    return [each for each in objects.buckets() if each.startswith(begin) and not each.endswith(WITHHELD)]
