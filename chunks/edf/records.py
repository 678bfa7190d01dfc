"""Bytes of data records: any part of each of many records, in as few reads and as little memory as it takes."""

import hashlib
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from chunks.edf.layout import Layout
from chunks.edf.source import Source

_PIECE_BYTES = 1 << 20
_SMALL_RECORD_BYTES = 4096  # up to here whole records are read together, which is cheaper than one read for each


class Records:
    """The data records of one file, numbered from 0."""

    def __init__(self, source: Source, layout: Layout) -> None:
        self._source = source
        self._layout = layout

    def read_into(self, out: npt.NDArray[np.uint8], *, first_record: int, offset_bytes: int) -> None:
        """Fill each row of `out` with the bytes that begin `offset_bytes` into one of the records from `first_record`.

        `out` is of shape (records, width) and its rows are contiguous. Whole records are one read, parts of them one
        read for each record, of exactly these bytes.

        Raises:
            ValueError: `out` is of another kind, or asks for bytes outside the data records.
            EdfTruncated: the file has become shorter since it was opened.
        """
        if out.ndim != 2 or out.dtype != np.uint8 or (out.shape[1] > 1 and out.strides[1] != 1):
            raise ValueError("read_into needs a two-dimensional array of uint8 with contiguous rows")
        count, width = out.shape
        layout = self._layout
        inside = first_record >= 0 and first_record + count <= layout.records
        if not inside or not 0 <= offset_bytes <= offset_bytes + width <= layout.record_bytes:
            raise ValueError(
                f"records {first_record} to {first_record + count}, bytes {offset_bytes} to {offset_bytes + width} "
                f"are outside {layout.records} records of {layout.record_bytes} bytes"
            )
        if not count or not width:
            return
        place = layout.data_offset_bytes + first_record * layout.record_bytes + offset_bytes
        if width == layout.record_bytes and out.flags.c_contiguous:
            self._source.read_into(out.reshape(-1).data, offset_bytes=place)
            return
        for row in out:
            self._source.read_into(row.data, offset_bytes=place)
            place += layout.record_bytes

    def heads(self, *, offset_bytes: int, size_bytes: int) -> Iterator[bytes]:
        """Give, of every record in turn, `size_bytes` bytes from `offset_bytes` on."""
        layout, read = self._layout, self._source.read
        place = layout.data_offset_bytes + offset_bytes
        if layout.record_bytes > _SMALL_RECORD_BYTES:
            for _ in range(layout.records):
                yield read(size_bytes, offset_bytes=place)
                place += layout.record_bytes
            return
        at_once = _PIECE_BYTES // layout.record_bytes
        for first in range(0, layout.records, at_once):
            count = min(at_once, layout.records - first)
            block = read(
                count * layout.record_bytes, offset_bytes=layout.data_offset_bytes + first * layout.record_bytes
            )
            for start in range(offset_bytes, len(block), layout.record_bytes):
                yield block[start : start + size_bytes]

    def pieces(self, record: int, *, offset_bytes: int, width_bytes: int) -> Iterator[bytes]:
        """Give a part of one record, at most a mebibyte at a time."""
        place = self._layout.data_offset_bytes + record * self._layout.record_bytes + offset_bytes
        for start in range(0, width_bytes, _PIECE_BYTES):
            size_bytes = min(_PIECE_BYTES, width_bytes - start)
            yield self._source.read(size_bytes, offset_bytes=place + start)

    def fingerprint(self) -> str:
        """Give the SHA-256 over the file's size (8 bytes, little-endian) and its first, middle and last data record."""
        digest = hashlib.sha256(self._source.size_bytes.to_bytes(8, "little"))
        for record in (0, self._layout.records // 2, self._layout.records - 1):
            for piece in self.pieces(record, offset_bytes=0, width_bytes=self._layout.record_bytes):
                digest.update(piece)
        return digest.hexdigest()
