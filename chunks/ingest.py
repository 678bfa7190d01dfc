"""Takes one recording in: claim its name, cut it, put its chunks, write its rows, say it is whole.

Owns: the order of these steps, on which it rests that a run killed at any point and started again ends as if it had
not been killed: the claim comes before the first chunk, state `ok` after the last object and the last row.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from chunks.claim import Claim, claim
from chunks.data_hash import DataHash
from chunks.document import Document, Known, describe, finished, put_document
from chunks.edf.header import Signal
from chunks.edf.reader import Edf
from chunks.errors import ChunkUnreadable, IngestRefused
from chunks.format.header import Header
from chunks.format.keys import parse_chunk_key, recording_key
from chunks.index import read_line
from chunks.overlap_words import told
from chunks.overlaps import Comparing, follow, with_overlaps
from chunks.plan import Piece, Plan
from chunks.refill import refill
from chunks.review.publish import publish, put_annotations
from chunks.split import split
from chunks.take_back import take_back
from chunks.who_indexes import forget, index_chunks, index_whole
from people.errors import PeopleError
from storage.errors import ObjectMissing
from storage.objects import ObjectInfo, Objects

ROWS_AT_ONCE = 400
Entry = tuple[Header, bytes, ObjectInfo]
EndState = Literal["ingested", "completed", "already there"]


class Progress(Protocol):
    """Is told of every bit of work done: bytes of samples that are in the store."""

    def __call__(self, advanced_bytes: int, /) -> None: ...


class Phase(Protocol):
    """Is told what is being done where no more bytes are: a few words for the person who waits."""

    def __call__(self, words: str, /) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Tell:
    """Who is told how far an ingest is."""

    progress: Progress
    phase: Phase


@dataclass(frozen=True, kw_only=True)
class Ingested:
    """What became of a recording. `completed` is one that an earlier run had left half way, or that had
    lost chunks since.

    `overlaps`: sentences about what others hold of its time. `rows_follow`: its rows are not written yet, and will be
    without it (`chunks.who_indexes`).
    """

    recording: str
    bucket: str
    state: EndState
    chunks: int
    size_bytes: int
    data_sha256: str
    rows_repaired: int
    rows_follow: bool
    overlaps: tuple[str, ...]


class CheckData(Protocol):
    """Is told of the SHA-256 of all data records before the recording counts as held.

    Raises `IngestRefused` or `PeopleError`.
    """

    def __call__(self, data_sha256: str, /) -> None: ...


def ingest(
    edf: Edf,
    plan: Plan,
    *,
    known: Known,
    objects: Objects,
    release: bool,
    tell: Tell,
    check_data: CheckData,
    nobody_else: Callable[[], None],
) -> Ingested:
    """Ingests an open recording under its plan's name or, where that is another's, the next free letter.

    Where `check_data` refuses it, nothing of it is left. `nobody_else`: as `chunks.claim` has it.
    Raises `ChunksError` and `StorageError`; what is half done then is taken up by the next run.
    """
    objects.make_bucket(plan.bucket)

    def described(name: str) -> Document:
        return describe(edf, plan.named(name), known=known, findings=edf.findings)

    held = claim(described, name=plan.recording, objects=objects, bucket=plan.bucket, nobody_else=nobody_else)
    plan = plan.named(held.document["recording"])
    if held.state == "done":
        return _already_there(edf, held, plan, objects=objects, release=release, tell=tell)
    if held.state == "interrupted":
        objects.clear_leftovers(plan.bucket, prefix=f"{plan.recording}/", older_than_s=0)
    data_sha256 = _put_chunks(edf, plan, objects=objects, resumed=held.state == "interrupted", progress=tell.progress)
    try:
        check_data(data_sha256)
    except (IngestRefused, PeopleError):
        take_back(objects, patient=plan.patient, bucket=plan.bucket, recording=plan.recording)
        raise
    put_annotations(edf, plan, objects=objects, released=release)
    if held.state == "interrupted":
        _remove_strays(plan, objects=objects)
    objects.settle(plan.bucket, prefix=f"{plan.recording}/")
    whole = finished(described(plan.recording), data_sha256=data_sha256)
    comparing = _comparing(tell)
    whole = with_overlaps(whole, objects=objects, bucket=plan.bucket, comparing=comparing)
    missing = index_whole(objects, whole, info=put_document(objects, whole, bucket=plan.bucket))
    whole = follow(whole, objects=objects, bucket=plan.bucket, comparing=comparing)
    return Ingested(
        recording=plan.recording,
        bucket=plan.bucket,
        state="completed" if held.state == "interrupted" else "ingested",
        chunks=plan.chunks,
        size_bytes=plan.size_bytes,
        data_sha256=data_sha256,
        rows_repaired=0,
        rows_follow=missing is None,
        overlaps=tuple(told(whole)),
    )


def _comparing(tell: Tell) -> Comparing:
    """Nothing more is written, and the work goes on: it says what it does, and can be cancelled there."""

    def comparing(other: str, /) -> None:
        tell.phase(f"comparing with {other}")
        tell.progress(0)

    return comparing


def _put_chunks(edf: Edf, plan: Plan, *, objects: Objects, resumed: bool, progress: Progress) -> str:
    """Puts and indexes every chunk that is not there yet; gives the SHA-256 of the data records."""
    kept: list[Entry] = []

    def wanted(signal: Signal, piece: Piece) -> bool:
        if not resumed or (there := _kept(plan, signal, piece, objects=objects)) is None:
            return True
        kept.append(there)
        if len(kept) >= ROWS_AT_ONCE:
            _index_kept(kept, progress=progress)
        return False

    with DataHash(edf) as data_hash:
        for group in split(edf, plan, objects=objects, wanted=wanted):
            entries = [(each.header, each.line, each.info) for each in group]
            index_chunks(entries)
            piece = plan.pieces[group[0].header.chunk]
            data_hash.follow(records=piece.first_record + piece.records)
            progress(sum(each.info.size_bytes for each in group))
        _index_kept(kept, progress=progress)
        return data_hash.hexdigest()


def _kept(plan: Plan, signal: Signal, piece: Piece, *, objects: Objects) -> Entry | None:
    """The chunk as an earlier run left it, where it is whole and says what this run would write."""
    key = plan.key(signal, piece)
    try:
        header, line = read_line(objects, bucket=plan.bucket, key=key)
        info = objects.head(plan.bucket, key)
    except (ObjectMissing, ChunkUnreadable):
        return None
    whole = info.size_bytes == len(line) + plan.samples_bytes(signal, piece)
    return (header, line, info) if whole and header == plan.header(signal, piece, crc32=header.crc32) else None


def _index_kept(kept: list[Entry], *, progress: Progress) -> None:
    index_chunks(kept)
    progress(sum(info.size_bytes for _, _, info in kept))
    kept.clear()


def _remove_strays(plan: Plan, *, objects: Objects) -> None:
    """Removes chunks that an earlier run, cut otherwise, left under this claim."""
    parts = frozenset(plan.label_parts.values())
    strays = []
    for info in objects.list(plan.bucket, prefix=f"{plan.recording}/"):
        parsed = parse_chunk_key(info.key)
        if parsed and (parsed.label_part not in parts or parsed.chunk >= len(plan.pieces)):
            strays.append(info.key)
    for key in strays:
        objects.delete(plan.bucket, key)
    forget(bucket=plan.bucket, keys=strays)


def _already_there(edf: Edf, held: Claim, plan: Plan, *, objects: Objects, release: bool, tell: Tell) -> Ingested:
    """A recording that was whole in the store: chunks that were lost since are put again, its rows are made whole too,
    where a run was killed in between, and the states of those that it overlaps."""
    name = held.document["recording"]
    refilled = refill(edf, plan, document=held.document, objects=objects, progress=tell.progress)
    tell.progress(plan.size_bytes - refilled.size_bytes)
    comparing = _comparing(tell)
    missing = index_whole(objects, held.document, info=objects.head(plan.bucket, recording_key(name)))
    document = follow(held.document, objects=objects, bucket=plan.bucket, comparing=comparing)
    if release:
        publish(objects, patient=plan.patient, bucket=plan.bucket, recording=name, released=True)
    return Ingested(
        recording=name,
        bucket=plan.bucket,
        state="completed" if refilled.chunks else "already there",
        chunks=document["chunks"],
        size_bytes=document["bytes"],
        data_sha256=document["data_sha256"],
        rows_repaired=missing or 0,
        rows_follow=missing is None,
        overlaps=tuple(told(document)),
    )
