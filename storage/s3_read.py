"""Reading an object on S3 to its end over connections that break: a broken body is taken up where it stopped.

Owns when to try again. What is read is always one and the same object: after the first answer its ETag is asked for.
How a body is opened is the caller's matter.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from storage.errors import StoreUnreachable
from storage.s3_clients import Patience


@dataclass(frozen=True, slots=True)
class Opened:
    """An answer whose body has not been read yet."""

    etag: str
    end: int  # the place in the object at which this body ends
    chunks: Callable[[int], Iterator[bytes]]  # by their size in bytes


class Opener(Protocol):
    """Asks for the bytes from `start` to before `stop` (None: the end); of another ETag than the given, not at all."""

    def __call__(self, bucket: str, key: str, *, start: int, stop: int | None, etag: str | None) -> Opened: ...


def read(
    opener: Opener,
    bucket: str,
    key: str,
    *,
    start: int,
    stop: int | None,
    etag: str | None,
    chunk_bytes: int,
    patience: Patience,
) -> Iterator[bytes]:
    """The bytes of a range in pieces. Opening is tried again by the clients; here it is what broke while it came."""
    position, broken = start, 0
    while True:
        opened = opener(bucket, key, start=position, stop=stop, etag=etag)
        etag, stop = opened.etag or etag, opened.end
        try:
            for chunk in opened.chunks(chunk_bytes):
                position += len(chunk)
                broken = 0
                yield chunk
            if position >= stop:
                return
            raise StoreUnreachable(bucket, key=key, detail=f"the connection ended {stop - position} bytes early")
        except StoreUnreachable:
            broken += 1
            if position >= stop:
                return
            if broken >= patience.attempts or not etag:
                raise
        time.sleep(patience.pause_s(broken))
