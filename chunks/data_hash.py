"""The SHA-256 of a recording's data records, header left out, computed beside the cutting.

Owns: the thread that reads the file in order, one span behind the cutting, so that it finds the bytes in the cache.
"""

import hashlib
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

import numpy as np

from chunks.edf.reader import Edf

BLOCK_BYTES = 1 << 20


class DataHash:
    """Hashes an open file's data records; use it as a context manager around the cutting."""

    def __init__(self, edf: Edf) -> None:
        self._edf = edf
        self._sha256 = hashlib.sha256()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="hash")
        self._behind: Future[None] | None = None
        self._records = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(cancel_futures=True)

    def follow(self, *, records: int) -> None:
        """Hash on to that many records from the file's first; waits for the span before."""
        if records > self._records:
            self._wait()
            self._behind = self._pool.submit(self._hash, self._records, records)
            self._records = records

    def hexdigest(self) -> str:
        """The digest of all data records."""
        self.follow(records=self._edf.records)
        self._wait()
        return self._sha256.hexdigest()

    def _wait(self) -> None:
        if self._behind:
            self._behind.result()

    def _hash(self, first: int, end: int) -> None:
        width = self._edf.record_bytes
        rows = max(1, min(BLOCK_BYTES // width, end - first))
        slice_bytes = min(width, BLOCK_BYTES)
        block = np.empty((rows, slice_bytes), np.uint8)
        for record in range(first, end, rows):
            for offset in range(0, width, slice_bytes):
                part = block[: min(rows, end - record), : min(slice_bytes, width - offset)]
                self._edf.read_into(part, first_record=record, offset_bytes=offset)
                self._sha256.update(np.ascontiguousarray(part).data)
