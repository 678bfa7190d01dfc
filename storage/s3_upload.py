"""A body in parts becomes one object on S3 (a multipart upload), whole or not at all, one part in memory at a time.

Owns the sizes of parts and the requests of an upload. Every part carries a CRC-32 that the server compares.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

from storage.errors import ObjectChanged, ObjectExists, SizeDiffers, StorageError
from storage.objects import Body, pieces
from storage.s3_errors import speaking

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

# docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
PART_BYTES = 5 * 1024 * 1024  # the least S3 takes but for the last, so that many uploads at once stay small
PARTS_LIMIT = 10_000


def parts_of(body: Body, *, size_bytes: int | None) -> Iterator[bytearray]:
    """The body cut into parts of equal size, the last one shorter; none at all where it is empty."""
    part_bytes = max(PART_BYTES, -(-(size_bytes or 0) // PARTS_LIMIT))
    part = bytearray()
    for piece in pieces(body):
        begin = 0
        while begin < piece.nbytes:
            end = begin + part_bytes - len(part)
            part += piece[begin:end]
            begin = end
            if len(part) == part_bytes:
                yield part
                part = bytearray()
    if part:
        yield part


def upload(
    client: "S3Client",
    bucket: str,
    key: str,
    *,
    parts: Iterable[bytearray],
    create_only: bool,
    size_bytes: int | None,
) -> tuple[str, int]:
    """Uploads the parts; ETag and size in bytes. Where anything fails, the parts' own errors too, nothing is left."""
    with speaking(bucket, key=key):
        begun = client.create_multipart_upload(Bucket=bucket, Key=key, ChecksumAlgorithm="CRC32")["UploadId"]
    try:
        done: list[CompletedPartTypeDef] = []
        total_bytes = 0
        for number, part in enumerate(parts, 1):
            total_bytes += len(part)
            done.append(_send(client, bucket, key, begun=begun, number=number, part=part))
        if size_bytes not in {None, total_bytes}:
            raise SizeDiffers(bucket, key=key, detail=f"{total_bytes} bytes instead of {size_bytes}")
        return _complete(client, bucket, key, begun=begun, done=done, create_only=create_only), total_bytes
    except BaseException:
        # What cannot be ended now is a leftover, cleared later; the first error is the one to tell.
        with suppress(StorageError), speaking(bucket, key=key):
            client.abort_multipart_upload(Bucket=bucket, Key=key, UploadId=begun)
        raise


def _send(
    client: "S3Client", bucket: str, key: str, *, begun: str, number: int, part: bytearray
) -> "CompletedPartTypeDef":
    body = cast("bytes", part)  # a bytearray is taken as well, and saves a copy
    with speaking(bucket, key=key):
        answer = client.upload_part(
            Bucket=bucket, Key=key, UploadId=begun, PartNumber=number, Body=body, ChecksumAlgorithm="CRC32"
        )
    return {"PartNumber": number, "ETag": answer["ETag"], "ChecksumCRC32": answer["ChecksumCRC32"]}


def _complete(
    client: "S3Client", bucket: str, key: str, *, begun: str, done: "list[CompletedPartTypeDef]", create_only: bool
) -> str:
    condition: Any = {"IfNoneMatch": "*"} if create_only else {}
    try:
        with speaking(bucket, key=key):
            return client.complete_multipart_upload(
                Bucket=bucket, Key=key, UploadId=begun, MultipartUpload={"Parts": done}, **condition
            )["ETag"]
    except ObjectChanged:
        raise ObjectExists(bucket, key=key) from None
