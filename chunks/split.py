"""Cuts a recording into chunks and puts them into the store, in bounded memory and without a copy on disk.

Owns: how samples come out of data records. Line 1 of a chunk holds the CRC of what follows, so a chunk is complete in
memory before its first byte goes out. Where not all channels of a piece fit, groups of neighbours are cut one after the
other, each reading only its own bytes of each record, so all groups together read the file once; a group is read while
the one before it is written. A chunk that alone is over the budget is read twice: for its CRC, and into a streamed put.
"""

import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from django.conf import settings

from chunks.edf.header import Signal
from chunks.edf.reader import Edf
from chunks.edf.samples import expand_24bit
from chunks.format.crc import hex8
from chunks.format.header import Header, encode
from chunks.plan import Piece, Plan
from storage.objects import ObjectInfo, Objects

BUDGET_BYTES = 192 << 20
LINE_ROOM_BYTES = 4096
WRITERS = 4
BLOCK_BYTES = 1 << 20
# Above this width a channel's part of one record is read straight into its place; below it, the group's part is.
WIDE_BYTES = 64 << 10

Bytes = npt.NDArray[np.uint8]
Wanted = Callable[[Signal, Piece], bool]


@dataclass(frozen=True, kw_only=True)
class Written:
    """A chunk that is in the store."""

    header: Header
    line: bytes
    info: ObjectInfo


@dataclass(frozen=True, kw_only=True)
class _Group:
    """Neighbouring channels of one piece that are cut together."""

    piece: Piece
    signals: Sequence[Signal]
    room_bytes: int


def split(
    edf: Edf, plan: Plan, *, objects: Objects, wanted: Wanted, budget_bytes: int = BUDGET_BYTES
) -> Iterator[list[Written]]:
    """Puts every wanted chunk; yields those written, group by group.

    `budget_bytes` bounds the samples held at once, whatever the length of the file, its channels and its chunks.
    """
    slabs = _Slabs(each_bytes=budget_bytes // 2)
    pending: list[list[Future[Written]]] = []
    with ThreadPoolExecutor(WRITERS, thread_name_prefix="put") as pool:
        try:
            for group in _groups(plan, wanted=wanted, most_bytes=slabs.each_bytes):
                if group.room_bytes > slabs.each_bytes:
                    (signal,) = group.signals
                    yield [_put_streamed(edf, plan, signal, group.piece, objects=objects)]
                    continue
                if len(pending) == slabs.COUNT:
                    yield _collect(pending)
                buffers = slabs.next(group, plan)
                _fill(edf, plan, group, [buffer[LINE_ROOM_BYTES:] for buffer in buffers])
                pending.append(
                    [
                        pool.submit(_put, plan, signal, group.piece, buffer, objects)
                        for signal, buffer in zip(group.signals, buffers, strict=True)
                    ]
                )
            while pending:
                yield _collect(pending)
        finally:
            pool.shutdown(cancel_futures=True)


def _collect(pending: list[list[Future[Written]]]) -> list[Written]:
    return [put.result() for put in pending.pop(0)]


class _Slabs:
    """Memory for the samples of two groups, used in turn: fresh memory costs more time than what is done in it."""

    COUNT = 2

    def __init__(self, *, each_bytes: int) -> None:
        self.each_bytes = each_bytes
        self._slabs: list[Bytes] = []
        self._turn = 0

    def next(self, group: _Group, plan: Plan) -> list[Bytes]:
        """Room for each chunk of a group, its line 1 included, in the slab whose group was put longest ago."""
        if len(self._slabs) < self.COUNT:
            self._slabs.append(np.empty(self.each_bytes, np.uint8))
        slab = self._slabs[self._turn % len(self._slabs)]
        self._turn += 1
        buffers, at = [], 0
        for signal in group.signals:
            end = at + _room_bytes(plan, signal, group.piece)
            buffers.append(slab[at : at + LINE_ROOM_BYTES + plan.samples_bytes(signal, group.piece)])
            at = end
        return buffers


def _room_bytes(plan: Plan, signal: Signal, piece: Piece) -> int:
    """What a chunk takes of a slab; samples begin at a multiple of eight bytes."""
    return LINE_ROOM_BYTES + -(-plan.samples_bytes(signal, piece) // 8) * 8


def _groups(plan: Plan, *, wanted: Wanted, most_bytes: int) -> Iterator[_Group]:
    for piece in plan.pieces:
        signals: list[Signal] = []
        room_bytes = 0
        for signal in plan.signals:
            if not wanted(signal, piece):
                continue
            more = _room_bytes(plan, signal, piece)
            if signals and room_bytes + more > most_bytes:
                yield _Group(piece=piece, signals=tuple(signals), room_bytes=room_bytes)
                signals, room_bytes = [], 0
            signals.append(signal)
            room_bytes += more
        if signals:
            yield _Group(piece=piece, signals=tuple(signals), room_bytes=room_bytes)


def _fill(edf: Edf, plan: Plan, group: _Group, buffers: Sequence[Bytes]) -> None:
    """Fills each buffer with the samples of one channel of the group, in the chunk's own layout."""
    if max(signal.width_bytes for signal in group.signals) < WIDE_BYTES:
        _fill_by_blocks(edf, group, [buffer.reshape(group.piece.records, -1) for buffer in buffers])
        return
    for signal, buffer in zip(group.signals, buffers, strict=True):
        at = 0
        for part in _in_order(edf, signal, group.piece):
            buffer[at : at + part.size] = part
            at += part.size


def _fill_by_blocks(edf: Edf, group: _Group, filled: Sequence[Bytes]) -> None:
    """Reads the group's own bytes of some records at a time, small enough to stay in the processor's cache."""
    offset = group.signals[0].offset_bytes
    width = group.signals[-1].offset_bytes + group.signals[-1].width_bytes - offset
    step = max(1, BLOCK_BYTES // width)
    block = np.empty((step, width), np.uint8)
    for first in range(0, group.piece.records, step):
        rows = block[: min(step, group.piece.records - first)]
        edf.read_into(rows, first_record=group.piece.first_record + first, offset_bytes=offset)
        for signal, samples in zip(group.signals, filled, strict=True):
            begin = signal.offset_bytes - offset
            samples[first : first + len(rows)] = _as_stored(edf, rows[:, begin : begin + signal.width_bytes])


def _in_order(edf: Edf, signal: Signal, piece: Piece) -> Iterator[Bytes]:
    """The channel's samples of a piece as flat parts of about a block each, however wide a record is."""
    slice_bytes = min(signal.width_bytes, BLOCK_BYTES - BLOCK_BYTES % edf.header.sample_bytes)
    step = max(1, BLOCK_BYTES // slice_bytes) if slice_bytes == signal.width_bytes else 1
    for first in range(piece.first_record, piece.first_record + piece.records, step):
        records = min(step, piece.first_record + piece.records - first)
        for begin in range(0, signal.width_bytes, slice_bytes):
            part = np.empty((records, min(slice_bytes, signal.width_bytes - begin)), np.uint8)
            edf.read_into(part, first_record=first, offset_bytes=signal.offset_bytes + begin)
            yield _as_stored(edf, part).reshape(-1)


def _as_stored(edf: Edf, raw: Bytes) -> Bytes:
    """Samples of 24 bits become 32 bits wide, those of 16 bits stay as they are; shape (records, bytes)."""
    if edf.header.sample_bytes == 2:
        return raw
    return expand_24bit(raw).view(np.uint8)


def _put(plan: Plan, signal: Signal, piece: Piece, buffer: Bytes, objects: Objects) -> Written:
    """Puts the chunk whose samples stand in the buffer, behind the room that line 1 is written into."""
    header = plan.header(signal, piece, crc32=hex8(zlib.crc32(buffer[LINE_ROOM_BYTES:].data)))
    line = encode(header)
    begin = LINE_ROOM_BYTES - len(line)
    buffer[begin:LINE_ROOM_BYTES] = np.frombuffer(line, np.uint8)
    info = objects.put(plan.bucket, plan.key(signal, piece), buffer[begin:].data, storage_class=settings.STORAGE_CLASS)
    return Written(header=header, line=line, info=info)


def _put_streamed(edf: Edf, plan: Plan, signal: Signal, piece: Piece, *, objects: Objects) -> Written:
    crc = 0
    for part in _in_order(edf, signal, piece):
        crc = zlib.crc32(part.data, crc)
    header = plan.header(signal, piece, crc32=hex8(crc))
    line = encode(header)

    def body() -> Iterator[bytes]:
        yield line
        for part in _in_order(edf, signal, piece):
            yield part.tobytes()

    size_bytes = len(line) + plan.samples_bytes(signal, piece)
    info = objects.put(
        plan.bucket, plan.key(signal, piece), body(), size_bytes=size_bytes, storage_class=settings.STORAGE_CLASS
    )
    return Written(header=header, line=line, info=info)
