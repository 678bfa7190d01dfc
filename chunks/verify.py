"""A second opinion on an ingest: pyedflib reads the source, and every chunk must hold the samples it reads.

Owns: the comparison. pyedflib refuses files that this portal accepts (EDF+D, fields not to the letter); such a file is
reported as not opened, never as verified. Its import is here alone, and only when it is asked for.
"""

import importlib
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from chunks.errors import ChunksError
from chunks.format.crc import hex8
from chunks.format.header import decode
from chunks.plan import Plan
from storage.objects import Objects


class VerifierMissing(ChunksError):
    """pyedflib is not installed."""


@dataclass(frozen=True, kw_only=True)
class Verified:
    """What a second reader found. `opened` is False where it refuses the file; `chunks` were compared."""

    opened: bool
    chunks: int
    different: tuple[str, ...]


def verify(path: Path, plan: Plan, *, ordinary: Sequence[int], objects: Objects) -> Verified:
    """Compares every chunk of an ingested recording with what pyedflib reads in its source.

    `ordinary` are the numbers of the file's ordinary signals, which pyedflib counts from 0. One chunk is held at a
    time. Raises `VerifierMissing`, and `StorageError` where a chunk cannot be read.
    """
    try:
        pyedflib = importlib.import_module("pyedflib")
    except ImportError as error:
        raise VerifierMissing("--verify needs pyedflib: pip install -r requirements.txt, then verify again.") from error
    try:
        reader = pyedflib.EdfReader(str(path))
    except OSError:
        return Verified(opened=False, chunks=0, different=())
    with reader:
        different = tuple(_different(reader, plan, ordinary=ordinary, objects=objects))
    return Verified(opened=True, chunks=plan.chunks, different=different)


def _different(reader: Any, plan: Plan, *, ordinary: Sequence[int], objects: Objects) -> Iterator[str]:  # noqa: ANN401 (pyedflib has no types)
    """The keys of chunks that do not hold what `reader`, a pyedflib.EdfReader, reads."""
    places = {number: place for place, number in enumerate(ordinary)}
    for signal in plan.signals:
        for piece in plan.pieces:
            key = plan.key(signal, piece)
            content = objects.get(plan.bucket, key)
            header, length = decode(content)
            samples = np.frombuffer(content, header.dtype, offset=length)
            first = piece.first_record * signal.samples_per_record
            read = reader.readSignal(places[signal.number], first, header.samples, digital=True)
            crc_is_right = hex8(zlib.crc32(memoryview(content)[length:])) == header.crc32
            if not crc_is_right or not np.array_equal(samples, read):
                yield key
