"""Chunks of a whole recording that are no longer there, put again from the file they came of.

Owns: which these are, and that nothing is put beside them that is not of the same recording: the file must hold the
same data to the last byte, and be cut as it was. What is there is not touched, nor is `recording.json`.
"""

from collections.abc import Callable
from dataclasses import dataclass

from chunks.data_hash import DataHash
from chunks.document import Document
from chunks.edf.header import Signal
from chunks.edf.reader import Edf
from chunks.errors import IngestRefused
from chunks.format.keys import parse_chunk_key
from chunks.plan import Piece, Plan
from chunks.split import split
from chunks.who_indexes import index_chunks
from storage.objects import Objects


@dataclass(frozen=True, kw_only=True)
class Refilled:
    """How many chunks were put, and their bytes."""

    chunks: int = 0
    size_bytes: int = 0


def refill(
    edf: Edf, plan: Plan, *, document: Document, objects: Objects, progress: Callable[[int], object]
) -> Refilled:
    """Puts what is missing of the recording that `document` tells of, and writes the rows of that.

    `progress` is told of the bytes put. Raises `IngestRefused` where this file, or this way to cut it, cannot do it.
    """
    there = set()
    for info in objects.list(plan.bucket, prefix=f"{plan.recording}/"):
        if (parsed := parse_chunk_key(info.key)) is not None:
            there.add((parsed.label_part, parsed.chunk))
    if len(there) >= document["chunks"]:
        return Refilled()
    lost = f"{document['chunks'] - len(there):,} of {document['chunks']:,} chunks of {plan.recording} are gone"
    if (plan.chunks, plan.size_bytes) != (document["chunks"], document["bytes"]):
        raise IngestRefused(
            f"{lost}. It was cut into chunks of {document['chunk_seconds']} s: take its file again with "
            f"--chunk-seconds {document['chunk_seconds']}, and they are put back."
        )
    with DataHash(edf) as data_hash:
        if data_hash.hexdigest() != document["data_sha256"]:
            raise IngestRefused(
                f"{lost}, and this file, though it looks like the one they came of, holds other data. Take the file "
                "that was taken in first."
            )

    def wanted(signal: Signal, piece: Piece) -> bool:
        return (plan.label_parts[signal.number], piece.chunk) not in there

    chunks, size_bytes = 0, 0
    for group in split(edf, plan, objects=objects, wanted=wanted):
        index_chunks([(each.header, each.line, each.info) for each in group])
        advanced_bytes = sum(each.info.size_bytes for each in group)
        chunks, size_bytes = chunks + len(group), size_bytes + advanced_bytes
        progress(advanced_bytes)
    objects.settle(plan.bucket, prefix=f"{plan.recording}/")
    return Refilled(chunks=chunks, size_bytes=size_bytes)
