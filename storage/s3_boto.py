"""Objects on S3 through boto3 alone: every operation, for every key there can be, also those that others made.

Owns which requests make up an operation. Needs no obstore, so a Lambda can use it; `storage.s3` is this with a faster
way for the bytes of keys that we made. Folders are only hints here: an object `a` and an object `a/b` can both be,
which the folder refuses.
"""

import builtins
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING, Any, Literal

import boto3

from storage import s3_archive, s3_buckets
from storage.archive import Archived, Tier
from storage.bucket_rules import BucketRules, Fault
from storage.errors import (
    AccessDenied,
    BucketMissing,
    KeyUnusable,
    NotKnownThere,
    ObjectChanged,
    ObjectExists,
    ObjectMissing,
    SizeDiffers,
    StorageError,
    StoreUnreachable,
    WriteConflict,
)
from storage.names import KEY_LIMIT_BYTES, check_bucket, check_key, fits
from storage.objects import CHUNK_BYTES, Body, Buffer, ObjectInfo, Objects, check_range
from storage.s3_clients import DEFAULT_REGION, Connections, Patience
from storage.s3_errors import speaking
from storage.s3_read import Opened, read
from storage.s3_upload import PART_BYTES, Parts, upload

if TYPE_CHECKING:
    from botocore.response import StreamingBody
    from mypy_boto3_s3 import S3Client

Listing = Literal["list_objects_v2", "list_multipart_uploads"]

PATIENCE = Patience()
ONE_REQUEST_LIMIT_BYTES = 32 * 1024 * 1024  # of a body that is in memory anyway; a slow line sends it in a minute
GET_CHUNK_BYTES = 16 * 1024 * 1024


class BotoObjects(Objects):
    """Objects on S3, or on a server that speaks its protocol at `endpoint`."""

    sets_buckets_up = True

    def __init__(
        self,
        *,
        region: str | None = None,
        endpoint: str | None = None,
        patience: Patience = PATIENCE,
        session: boto3.Session | None = None,
    ) -> None:
        self._patience = patience
        self._connections = Connections(region=region, endpoint=endpoint, patience=patience, session=session)

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
        check_bucket(bucket)
        check_key(bucket, key=key)
        if isinstance(body, bytes | bytearray | memoryview):
            flat = memoryview(body).cast("B")
            if size_bytes not in {None, flat.nbytes}:
                raise SizeDiffers(bucket, key=key, detail=f"{flat.nbytes} bytes instead of {size_bytes}")
            size_bytes = flat.nbytes
            if size_bytes <= ONE_REQUEST_LIMIT_BYTES:
                return self._put_at_once(bucket, key, flat, create_only=create_only, storage_class=storage_class)
        parts = Parts(body, size_bytes=size_bytes)
        first_bytes = parts.fill()
        if first_bytes < PART_BYTES:
            if size_bytes not in {None, first_bytes}:
                raise SizeDiffers(bucket, key=key, detail=f"{first_bytes} bytes instead of {size_bytes}")
            return self._put_at_once(bucket, key, parts.take(), create_only=create_only, storage_class=storage_class)
        if create_only:
            self._require_free(bucket, key)
        etag, stored_bytes = upload(
            self._client(),
            bucket,
            key,
            parts=parts,
            create_only=create_only,
            size_bytes=size_bytes,
            storage_class=storage_class,
        )
        return _put_info(bucket, key, size_bytes=stored_bytes, etag=etag)

    def replace(self, bucket: str, key: str, body: Buffer, *, etag: str) -> ObjectInfo:
        check_bucket(bucket)
        check_key(bucket, key=key)
        content = bytes(body)
        for attempt in count(1):
            try:
                with speaking(bucket, key=key):
                    answer = self._client().put_object(Bucket=bucket, Key=key, Body=content, IfMatch=f'"{etag}"')
                break
            except ObjectMissing:
                raise ObjectChanged(bucket, key=key) from None
            except WriteConflict:
                if attempt == self._patience.attempts:
                    raise
                time.sleep(self._patience.pause_s(attempt))
        return _put_info(bucket, key, size_bytes=len(content), etag=answer["ETag"])

    def head(self, bucket: str, key: str) -> ObjectInfo:
        about = self._about(bucket, key)
        return _info(bucket, key, size_bytes=about["ContentLength"], about=about)

    def _about(self, bucket: str, key: str) -> Mapping[str, Any]:
        """The answer to a HEAD."""
        check_bucket(bucket)
        _check_readable(bucket, key)
        try:
            with speaking(bucket, key=key):
                answer: Any = self._client().head_object(Bucket=bucket, Key=key)
        except StoreUnreachable:
            raise
        except StorageError:
            # The answer to a HEAD has no body, so it cannot say whether the object or the bucket is missing, or why
            # it is refused. A GET can.
            with speaking(bucket, key=key):
                answer = self._client().get_object(Bucket=bucket, Key=key)
                answer["Body"].close()
        about: Mapping[str, Any] = answer
        return about

    def get(self, bucket: str, key: str) -> bytes:
        return b"".join(self.stream(bucket, key, chunk_bytes=GET_CHUNK_BYTES))

    def get_range(self, bucket: str, key: str, *, start: int, length: int) -> bytes:
        check_range(start=start, length=length)
        return b"".join(self._read(bucket, key, chunk_bytes=length, start=start, stop=start + length))

    def stream(
        self, bucket: str, key: str, *, chunk_bytes: int = CHUNK_BYTES, start: int = 0, if_match: str | None = None
    ) -> Iterator[bytes]:
        check_range(start=start)
        return self._read(bucket, key, chunk_bytes=chunk_bytes, start=start, etag=if_match)

    def list(self, bucket: str, *, prefix: str = "") -> Iterator[ObjectInfo]:
        for page in self._pages("list_objects_v2", bucket, prefix=prefix):
            for item in page.get("Contents", []):
                yield _info(bucket, item["Key"], size_bytes=item["Size"], about=item)

    def folders(self, bucket: str, *, prefix: str = "") -> Iterator[str]:
        for page in self._pages("list_objects_v2", bucket, prefix=prefix, Delimiter="/"):
            for item in page.get("CommonPrefixes", []):
                yield item["Prefix"].removesuffix("/")

    def delete(self, bucket: str, key: str) -> None:
        check_bucket(bucket)
        _check_readable(bucket, key)
        with speaking(bucket, key=key):
            self._client().delete_object(Bucket=bucket, Key=key)

    def make_bucket(self, bucket: str) -> None:
        if self._is_ours(bucket):
            return
        region = self._connections.own_region()
        place: Any = {} if region == DEFAULT_REGION else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        client = self._client()
        with speaking(bucket):
            try:
                client.create_bucket(Bucket=bucket, **place)
            except client.exceptions.BucketAlreadyOwnedByYou:
                return

    def bucket_exists(self, bucket: str) -> bool:
        check_bucket(bucket)
        try:
            with speaking(bucket):
                # Not HEAD, whose refusal has no reason.
                self._client().list_objects_v2(Bucket=bucket, MaxKeys=1)
        except BucketMissing:
            return False
        return True

    def buckets(self) -> builtins.list[str]:
        with speaking(""):
            pages = self._client().get_paginator("list_buckets").paginate()
            return sorted(found["Name"] for page in pages for found in page.get("Buckets", []))

    def set_up(self, bucket: str, *, rules: BucketRules, dry_run: bool = False) -> builtins.list[Fault]:
        check_bucket(bucket)
        client = self._connections.client(self._connections.region_of(bucket))
        return s3_buckets.set_up(client, bucket, rules=rules, dry_run=dry_run)

    def archived(self, bucket: str, key: str) -> Archived:
        return s3_archive.archived(self._about(bucket, key))

    def restore(self, bucket: str, key: str, *, days: int, tier: Tier) -> Archived:
        found = self.archived(bucket, key)
        if found.state != "archived":
            return found
        return s3_archive.ask(self._client(), bucket, key, found=found, days=days, tier=tier)

    def clear_leftovers(self, bucket: str, *, prefix: str, older_than_s: float) -> int:
        before = datetime.now(UTC) - timedelta(seconds=older_than_s)
        cleared = 0
        for page in self._pages("list_multipart_uploads", bucket, prefix=prefix):
            for begun in page.get("Uploads", []):
                if begun["Initiated"] <= before:
                    with speaking(bucket, key=begun["Key"]):
                        self._client().abort_multipart_upload(
                            Bucket=bucket, Key=begun["Key"], UploadId=begun["UploadId"]
                        )
                    cleared += 1
        return cleared

    def settle(self, bucket: str, *, prefix: str) -> None:
        """Nothing is left to do: S3 answers a put when it is safe."""
        check_bucket(bucket)

    def _put_at_once(self, bucket: str, key: str, body: Buffer, *, create_only: bool, storage_class: str) -> ObjectInfo:
        """Stores a body that is in memory in one request, again where somebody else was at the same key."""
        for attempt in count(1):
            try:
                etag = self._put_whole(bucket, key, body, create_only=create_only, storage_class=storage_class)
                break
            except ObjectChanged:
                raise ObjectExists(bucket, key=key) from None
            except WriteConflict:
                if attempt == self._patience.attempts:
                    raise
                time.sleep(self._patience.pause_s(attempt))
        return _put_info(bucket, key, size_bytes=len(body), etag=etag)

    def _put_whole(self, bucket: str, key: str, body: Buffer, *, create_only: bool, storage_class: str) -> str:
        """One request; the ETag. `ObjectChanged` where create-only is refused."""
        more: Any = {"IfNoneMatch": "*"} if create_only else {}
        if storage_class:
            more["StorageClass"] = storage_class
        with speaking(bucket, key=key):
            return self._client().put_object(Bucket=bucket, Key=key, Body=bytes(body), **more)["ETag"]

    def _read(
        self,
        bucket: str,
        key: str,
        *,
        chunk_bytes: int,
        start: int = 0,
        stop: int | None = None,
        etag: str | None = None,
    ) -> Iterator[bytes]:
        check_bucket(bucket)
        _check_readable(bucket, key)
        return read(
            self._open,
            bucket,
            key,
            start=start,
            stop=stop,
            etag=etag,
            chunk_bytes=chunk_bytes,
            patience=self._patience,
        )

    def _open(self, bucket: str, key: str, *, start: int, stop: int | None, etag: str | None) -> Opened:
        wanted: Any = {}
        if start or stop is not None:
            wanted["Range"] = f"bytes={start}-{'' if stop is None else stop - 1}"
        if etag:
            wanted["IfMatch"] = f'"{etag}"'
        with speaking(bucket, key=key):
            answer: Any = self._client().get_object(Bucket=bucket, Key=key, **wanted)
        if "Range" in wanted and "ContentRange" not in answer:
            answer["Body"].close()
            raise StorageError(bucket, key=key, detail="this server does not know ranges")
        return Opened(
            etag=_bare(answer["ETag"]),
            end=start + answer["ContentLength"],
            chunks=lambda size: _chunks(answer["Body"], chunk_bytes=size, bucket=bucket, key=key),
        )

    def _client(self) -> "S3Client":
        return self._connections.client()

    def _pages(self, operation: Listing, bucket: str, *, prefix: str, **more: str) -> Iterator[Any]:
        check_bucket(bucket)
        request: Any = {"Bucket": bucket, "Prefix": prefix, **more}
        with speaking(bucket):
            pages = iter(self._client().get_paginator(operation).paginate(**request))
        while True:
            with speaking(bucket):
                page = next(pages, None)
            if page is None:
                return
            yield page

    def _is_ours(self, bucket: str) -> bool:
        """Whether it is there and of our own account: a stranger may lay out a bucket where patients' is expected,
        readable and writable for all. Where this is not sure the attempt to make it tells.
        """
        try:
            if not self.bucket_exists(bucket):
                return False
        except AccessDenied:
            return False
        try:
            return bucket in self.buckets()
        except (AccessDenied, NotKnownThere):
            return True  # one that we may list; whose it is may not be asked

    def _require_free(self, bucket: str, key: str) -> None:
        """Spares a long upload that would be refused at its end."""
        try:
            self.head(bucket, key)
        except ObjectMissing:
            return
        raise ObjectExists(bucket, key=key)


def _chunks(body: "StreamingBody", *, chunk_bytes: int, bucket: str, key: str) -> Iterator[bytes]:
    with closing(body):
        while True:
            with speaking(bucket, key=key):
                chunk = body.read(chunk_bytes)
            if not chunk:
                return
            yield chunk


def _check_readable(bucket: str, key: str) -> None:
    """Others name their objects as S3 lets them, so hardly anything is refused."""
    if not fits(key):
        raise KeyUnusable(bucket, key=key, detail=f"it is empty, no text, or longer than {KEY_LIMIT_BYTES} bytes")


def _info(bucket: str, key: str, *, size_bytes: int, about: Mapping[str, Any]) -> ObjectInfo:
    return ObjectInfo(
        bucket=bucket,
        key=key,
        size_bytes=size_bytes,
        etag=_bare(about["ETag"]),
        # To the second, as a HEAD tells it, so that one object looks the same however it was found.
        modified=about["LastModified"].astimezone(UTC).replace(microsecond=0),
    )


def _put_info(bucket: str, key: str, *, size_bytes: int, etag: str) -> ObjectInfo:
    return ObjectInfo(bucket=bucket, key=key, size_bytes=size_bytes, etag=_bare(etag), modified=datetime.now(UTC))


def _bare(etag: str) -> str:
    return etag.removeprefix("W/").strip('"')
