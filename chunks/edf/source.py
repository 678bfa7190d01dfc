"""Positional reads of one file: the only module that holds a file descriptor.

Errors of the system become `EdfError` sentences without the path, which may hold a person's name.
"""

import os
import stat
from typing import Self

from chunks.edf.errors import EdfError, EdfTruncated, NotAnEdf


class Source:
    """A regular file, opened for reading at any place; `opened`: what it was then, whatever lies at its path now."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Open the file.

        Raises:
            NotAnEdf: it is a folder or a device.
            EdfError: it is missing or may not be read.
        """
        self._descriptor = -1
        try:
            _refuse_irregular(os.stat(path))  # noqa: PTH116  a path of any kind, one call
            # What lies there may be another thing by now: opening a pipe must not wait for who writes into it.
            self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
            self.opened = os.fstat(self._descriptor)
            _refuse_irregular(self.opened)
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "its path is not valid"
            raise EdfError(f"The file cannot be opened: {reason}.") from None
        except NotAnEdf:
            self.close()
            raise
        self.size_bytes = self.opened.st_size

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; a second time does nothing."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def read(self, size_bytes: int, *, offset_bytes: int) -> bytes:
        """Give exactly these bytes.

        Raises:
            EdfTruncated: the file ends before them.
            EdfError: the system cannot read them.
        """
        try:
            data = os.pread(self._open_descriptor(), size_bytes, offset_bytes)
        except OSError as error:
            raise _unreadable(error, offset_bytes=offset_bytes) from None
        if len(data) == size_bytes:
            return data
        whole = bytearray(size_bytes)
        self.read_into(memoryview(whole), offset_bytes=offset_bytes)
        return bytes(whole)

    def read_up_to(self, size_bytes: int, *, offset_bytes: int) -> bytes:
        """Give these bytes or, where the file ends before, those that are there."""
        there = max(0, min(size_bytes, self.size_bytes - offset_bytes))
        return self.read(there, offset_bytes=offset_bytes)

    def read_into(self, out: memoryview, *, offset_bytes: int) -> None:
        """Fill `out` (single bytes, one dimension) from the file's bytes at `offset_bytes`.

        Raises:
            EdfTruncated: the file ends before `out` is full.
            EdfError: the system cannot read it.
        """
        done, wanted = 0, len(out)
        while done < wanted:
            try:
                got = os.preadv(self._open_descriptor(), [out[done:]], offset_bytes + done)
            except OSError as error:
                raise _unreadable(error, offset_bytes=offset_bytes + done) from None
            if got == 0:
                raise EdfTruncated(f"The file ends at byte {offset_bytes + done}, although it was longer when opened.")
            done += got

    def _open_descriptor(self) -> int:
        if self._descriptor < 0:
            raise ValueError("the file is closed")
        return self._descriptor


def _refuse_irregular(state: os.stat_result) -> None:
    if not stat.S_ISREG(state.st_mode):
        raise NotAnEdf("This is a folder or a device, not a file.")


def _unreadable(error: OSError, *, offset_bytes: int) -> EdfError:
    return EdfError(f"The file cannot be read at byte {offset_bytes}: {error.strerror}.")
