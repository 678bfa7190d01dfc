"""The one interface to objects in buckets: what every home promises, and the values that cross it.

Two homes fulfil it, a local folder (`storage.folder`) and S3 (`storage.s3`); `storage.urls.open_objects` opens either.
Plain Python: no Django, no settings, nothing of ours but the errors and two modules of values. A store may be shared by
threads and survives a fork; another process opens its own from the URL.
"""

import builtins
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from storage.archive import Archived, Tier
from storage.bucket_rules import BucketRules, Fault

CHUNK_BYTES = 1024 * 1024  # larger ones fall out of the processor's cache: 4 MiB took half as long again

Buffer = bytes | bytearray | memoryview
Body = Buffer | Iterable[Buffer]


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """What a store says of an object without its bytes."""

    bucket: str
    key: str
    size_bytes: int
    etag: str  # without quotes; equal means the same bytes, nothing else may be read from it
    modified: datetime  # aware; of a put it is the writer's clock, of the rest the store's


class Objects(ABC):
    """Objects by bucket and key. Every method raises `storage.errors.StorageError` and nothing else of its own.

    Iterators are lazy: their errors come with the first item.
    """

    sets_buckets_up: ClassVar[bool]  # whether buckets have a set-up at all

    @abstractmethod
    def put(
        self,
        bucket: str,
        key: str,
        body: Body,
        *,
        create_only: bool = False,
        size_bytes: int | None = None,
        storage_class: str = "",
    ) -> ObjectInfo:
        """Stores the body under the key, whole or not at all: nobody ever sees half an object.

        A body given in pieces is never held whole (on S3 one part of 5 MiB is). Its own exceptions pass through, and
        nothing is stored. With `create_only` exactly one of many writers succeeds, the others get `ObjectExists`; so
        may, on S3, a writer whose first try succeeded unheard: compare what is there before giving up. `size_bytes` is
        what the body will have: any other raises `SizeDiffers`; on S3 it is needed beyond 48 GiB. `storage_class` is
        one of S3's; empty is the store's ordinary one, and a folder has no other.
        Raises `KeyUnusable` for keys that not every home can keep, also on the folder for one below another object.
        """

    @abstractmethod
    def replace(self, bucket: str, key: str, body: Buffer, *, etag: str) -> ObjectInfo:
        """Stores a body of one request's size in place of the object of that ETag, so that no other's change is lost.

        Of many writers that saw the same object exactly one succeeds; the others get `ObjectChanged`, as where the
        object is gone. So may, on S3, a writer whose first try succeeded unheard: read what is there and decide anew.
        On a folder a plain `put` in that very moment is not seen.
        """

    @abstractmethod
    def head(self, bucket: str, key: str) -> ObjectInfo:
        """Raises `ObjectMissing` or `BucketMissing`, never one for the other."""

    @abstractmethod
    def get(self, bucket: str, key: str) -> bytes:
        """All bytes of the object."""

    @abstractmethod
    def get_range(self, bucket: str, key: str, *, start: int, length: int) -> bytes:
        """`length` (at least 1) bytes from `start` on, fewer where the object ends; `RangeOutside` from its end on."""

    @abstractmethod
    def stream(
        self, bucket: str, key: str, *, chunk_bytes: int = CHUNK_BYTES, start: int = 0, if_match: str | None = None
    ) -> Iterator[bytes]:
        """The bytes from `start` on, in pieces of about `chunk_bytes`, all of one and the same object.

        Raises `ObjectChanged` where the ETag differs from `if_match`, or where the object was replaced on the way;
        `RangeOutside` where a `start` over 0 is at or beyond the end.
        """

    @abstractmethod
    def list(self, bucket: str, *, prefix: str = "") -> Iterator[ObjectInfo]:
        """Every object whose key begins with the prefix, in the byte order of the keys (UTF-8).

        Keys that others made are listed as they are, though not every one can be addressed (`KeyUnusable`). On the
        folder a name that is no UTF-8 is shown with backslashes (`caf\\xe9.chn`), which is no usable key.
        """

    @abstractmethod
    def folders(self, bucket: str, *, prefix: str = "") -> Iterator[str]:
        """The different beginnings of keys up to the first `/` after the prefix, without that slash, in byte order."""

    @abstractmethod
    def delete(self, bucket: str, key: str) -> None:
        """Afterwards there is no such object. One that was not there is no error, a missing bucket is."""

    @abstractmethod
    def make_bucket(self, bucket: str) -> None:
        """Afterwards the bucket is there and ours; `BucketTaken` where it is somebody else's."""

    @abstractmethod
    def bucket_exists(self, bucket: str) -> bool:
        """Whether the bucket is there and ours to look at; `AccessDenied` where it may not be looked at."""

    @abstractmethod
    def buckets(self) -> builtins.list[str]:
        """The names of all our buckets, sorted."""

    @abstractmethod
    def set_up(self, bucket: str, *, rules: BucketRules, dry_run: bool = False) -> builtins.list[Fault]:
        """What was not as the rules want it; it is so now, unless in a dry run or where the store refuses (`state`).

        Called again it finds nothing. Raises `BucketMissing`, and what concerns every rule alike.
        """

    @abstractmethod
    def archived(self, bucket: str, key: str) -> Archived:
        """Whether the object can be read or lies in an archive. Raises `ObjectMissing` and `BucketMissing`."""

    @abstractmethod
    def restore(self, bucket: str, key: str, *, days: int, tier: Tier) -> Archived:
        """Asks that an archived object become readable for so many days. Of one that is, or is on its way, nothing.

        Raises `RestoreRefused` for a tier that its archive does not have.
        """

    @abstractmethod
    def clear_leftovers(self, bucket: str, *, prefix: str, older_than_s: float) -> int:
        """Removes what killed writes of keys under the prefix left; how many.

        What was last written less than `older_than_s` seconds ago stays: it may be a write under way. 0 only by whoever
        alone writes there.
        """

    @abstractmethod
    def settle(self, bucket: str, *, prefix: str) -> None:
        """When it returns, what was put under the prefix outlasts a power cut (on S3 it did already)."""


def check_range(*, start: int, length: int = 1) -> None:
    """Raises `ValueError` for what can be no range of any object: a mistake in the program, not of the store."""
    if start < 0 or length < 1:
        raise ValueError(f"{length} bytes from byte {start} on are no range")


def pieces(body: Body) -> Iterator[memoryview]:
    """The body as flat views of bytes, empty ones left out."""
    for piece in [body] if isinstance(body, bytes | bytearray | memoryview) else body:
        view = memoryview(piece).cast("B")
        if view.nbytes:
            yield view
