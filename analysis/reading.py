"""The samples of a run, chunk by chunk, each compared with what it should be before anybody sees a sample.

Owns: what makes a chunk unusable here, and that it is told and not raised: one bad chunk costs its own samples. Holds
two chunks in memory (14 MB each, for an hour at 2,000 samples a second). Runs where no Django is installed.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from analysis.runs import Run
from chunks.format.crc import hex8
from chunks.format.header import LINE_LIMIT_BYTES, SAMPLE_BYTES, Header, LineTooShort, NotAChunk, decode
from storage.errors import ObjectArchived, ObjectChanged, ObjectMissing, RangeOutside, StorageError
from storage.objects import Objects

Samples = npt.NDArray[np.integer[Any]]
FIRST_LOOK_BYTES = 4096
WHOLE_ABOVE = Fraction(1, 4)
KEPT = 2
# Any other error of the store concerns more than one object: the task fails then, and is tried again.
OF_ONE_OBJECT = (ObjectMissing, ObjectChanged, ObjectArchived, NotAChunk)


@dataclass(frozen=True, kw_only=True)
class Piece:
    """Samples of one chunk from `first` on, counted in the stretch; None of the whole chunk where `fault` says why."""

    chunk: int
    first: int
    last: int
    samples: Samples | None
    fault: str = ""


class Reading:
    """Reads chunks of one run, in order; keeps the last two that were read whole, since windows come back to them.

    A chunk of which more than a quarter is asked for is read whole, so that its CRC-32 can be compared; of any other
    line 1 and the parts are read by ranges. Which of the two does not depend on the task that asks.
    """

    def __init__(self, run: Run, objects: Objects) -> None:
        self._run = run
        self._objects = objects
        self._known: dict[int, _Chunk] = {}

    def pieces(self, samples: tuple[int, int]) -> Iterator[Piece]:
        """The chunks that hold these samples of the stretch (from, to before), in order.

        Raises `StorageError` where the store itself does not answer.
        """
        for chunk in range(self._run.chunk_at(samples[0]), self._run.chunk_at(samples[1] - 1) + 1):
            first, last = self._run.span(chunk)
            try:
                yield self._piece(chunk, part=(max(first, samples[0]) - first, min(last, samples[1]) - first))
            except OF_ONE_OBJECT as error:
                self._keep(chunk, _Chunk(fault=_said(error)))
                yield Piece(chunk=chunk, first=first, last=last, samples=None, fault=_said(error))

    def _piece(self, chunk: int, *, part: tuple[int, int]) -> Piece:
        first, last = self._run.span(chunk)
        if chunk not in self._known:
            asked = self._run.share(chunk) > WHOLE_ABOVE
            self._keep(chunk, self._whole(chunk) if asked else self._beginning(chunk))
        known = self._known[chunk]
        if known.fault:
            return Piece(chunk=chunk, first=first, last=last, samples=None, fault=known.fault)
        found = self._part(chunk, known, part=part) if known.samples is None else known.samples[slice(*part)]
        return Piece(chunk=chunk, first=first + part[0], last=first + part[1], samples=found)

    def _keep(self, chunk: int, known: "_Chunk") -> None:
        self._known.pop(chunk, None)
        while len(self._known) >= KEPT:
            del self._known[next(iter(self._known))]
        self._known[chunk] = known

    def _whole(self, chunk: int) -> "_Chunk":
        run = self._run
        content = b"".join(self._objects.stream(run.bucket, run.key(chunk), if_match=run.etag(chunk)))
        header, length = decode(content[:LINE_LIMIT_BYTES])
        _compare(run, header, chunk=chunk)
        _compare_size(header, size_bytes=len(content), line_bytes=length)
        body = memoryview(content)[length:]
        if hex8(zlib.crc32(body)) != header.crc32:
            raise NotAChunk("its samples do not have the CRC-32 of its header")
        return _Chunk(samples=np.frombuffer(body, dtype=run.dtype))

    def _beginning(self, chunk: int) -> "_Chunk":
        bucket, key = self._run.bucket, self._run.key(chunk)
        info = self._objects.head(bucket, key)
        if (expected := self._run.etag(chunk)) and info.etag != expected:
            raise ObjectChanged(bucket, key=key)
        header, length = _header(self._objects, bucket=bucket, key=key)
        _compare(self._run, header, chunk=chunk)
        _compare_size(header, size_bytes=info.size_bytes, line_bytes=length)
        return _Chunk(line_bytes=length)

    def _part(self, chunk: int, known: "_Chunk", *, part: tuple[int, int]) -> Samples:
        width = SAMPLE_BYTES[self._run.dtype]
        start, length = known.line_bytes + part[0] * width, (part[1] - part[0]) * width
        try:
            body = self._objects.get_range(self._run.bucket, self._run.key(chunk), start=start, length=length)
        except RangeOutside:
            body = b""
        if len(body) != length:
            raise NotAChunk("it became shorter while it was read")
        return np.frombuffer(body, dtype=self._run.dtype)


@dataclass(frozen=True, kw_only=True)
class _Chunk:
    """What is known of one: all its samples, or where they begin, or why it is unusable."""

    samples: Samples | None = None
    line_bytes: int = 0
    fault: str = ""


def _header(objects: Objects, *, bucket: str, key: str) -> tuple[Header, int]:
    try:
        return decode(objects.get_range(bucket, key, start=0, length=FIRST_LOOK_BYTES))
    except LineTooShort:
        return decode(objects.get_range(bucket, key, start=0, length=LINE_LIMIT_BYTES))
    except RangeOutside as error:
        raise NotAChunk("it is empty") from error


def _compare(run: Run, header: Header, *, chunk: int) -> None:
    first, last = run.span(chunk)
    told = (header.patient, header.recording, header.channel, header.chunk, header.dtype, header.samples)
    if told != (run.patient, run.recording, run.channel, chunk, run.dtype, last - first):
        raise NotAChunk("its header tells of other samples than its recording does")


def _compare_size(header: Header, *, size_bytes: int, line_bytes: int) -> None:
    if size_bytes - line_bytes != header.samples_bytes:
        raise NotAChunk(f"it holds {size_bytes - line_bytes:,} bytes of samples instead of {header.samples_bytes:,}")


def _said(error: Exception) -> str:
    return str(error) if isinstance(error, StorageError) else f"The chunk cannot be used: {error}."
