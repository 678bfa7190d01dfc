"""What a download of a selection consists of: the found chunks of each recording, its annotations, and sessions' files.

Owns: which objects those are, in path order, read as they are taken: memory does not grow with their number. Permission
is in what is given: a `Resolved` knows patients of its scope alone.
"""

import heapq
from collections.abc import Iterator, Sequence
from operator import attrgetter

from chunks.format.keys import annotations_key
from chunks.models import ChunkHeader, Recording
from downloads.manifest import Entry
from downloads.served import Served
from downloads.session_files import SessionFiles, session_files
from downloads.tree import object_path
from selections.doubled import Doubled, doubled_of, told_of
from selections.resolve import Resolved
from storage.errors import AccessDenied, BucketMissing, ObjectArchived, ObjectMissing
from storage.objects import Objects

WARNINGS_NAMED = 5


def entries(resolved: Resolved, *, store: Objects, files: SessionFiles | None = None) -> Iterator[Entry]:
    """The files of a selection: patient by patient in path order, then those of its sessions (`files`, where they are
    known already). The store is asked once for each recording, for its annotations.

    Raises `PathRefused`, `HeadersUnavailable`, and errors of `storage` that concern more than one object.
    """
    patient, held_twice = "", tuple[Doubled, ...]()
    for recording, headers in resolved.streams():
        if recording.patient != patient:
            patient = recording.patient
            held_twice = doubled_of([patient]).get(patient, ())
        doubled = told_of(held_twice, bucket=recording.bucket, recording=recording.name)
        warnings = _few(recording.warning_texts)
        served = Served(resolved, recording)
        chunks = (_chunk(header, served=served, warnings=(*_twice(header, doubled), *warnings)) for header in headers)
        annotations = _annotations(recording, served=served, store=store)
        yield from heapq.merge(chunks, [annotations], key=attrgetter("path"))
    yield from (files or session_files(resolved, store=store)).entries


def _chunk(header: ChunkHeader, *, served: Served, warnings: tuple[str, ...]) -> Entry:
    return Entry(
        path=object_path(header.object_key, patient=header.patient, recording=header.recording),
        bucket=header.bucket,
        key=header.object_key,
        etag=header.etag,
        patient=header.patient,
        recording=header.recording,
        channel=header.channel,
        label=header.label,
        start=header.start,
        stop=header.stop,
        size_bytes=header.size_bytes,
        crc32_samples=header.crc32,
        crc32_file=header.file_crc32,
        sessions=served.by(header),
        warnings=warnings,
    )


def _annotations(recording: Recording, *, served: Served, store: Objects) -> Entry:
    """Those of the whole recording. Every recording has the object: one that is gone is listed too, to fail by name."""
    key, warnings = annotations_key(recording.name), _few(recording.warning_texts)
    try:
        info = store.head(recording.bucket, key)
        etag, size_bytes = info.etag, info.size_bytes
    except (ObjectMissing, BucketMissing, AccessDenied, ObjectArchived) as error:
        etag, size_bytes, warnings = "", 0, (str(error), *warnings)
    return Entry(
        path=object_path(key, patient=recording.patient, recording=recording.name),
        bucket=recording.bucket,
        key=key,
        etag=etag,
        patient=recording.patient,
        recording=recording.name,
        channel=None,
        label="",
        start=recording.start,
        stop=recording.stop,
        size_bytes=size_bytes,
        crc32_samples=None,
        crc32_file=None,
        sessions=served.all,
        warnings=warnings,
    )


def _twice(header: ChunkHeader, doubled: Sequence[Doubled]) -> tuple[str, ...]:
    """What another recording holds of the chunk too."""
    return _few([each.says for each in doubled if each.is_in(header)]) if doubled else ()


def _few(warnings: list[str]) -> tuple[str, ...]:
    """The first few: they stand in every row of the recording, and all of them in its `recording.json`."""
    more = len(warnings) - WARNINGS_NAMED
    return (*warnings[:WARNINGS_NAMED], *([f"and {more} more"] if more > 0 else []))
