"""A body in parts becomes one object on S3 (a multipart upload), whole or not at all, one part in memory at a time.

Owns the sizes of parts and the requests of an upload. Every part carries a CRC-32 that the server compares.
"""

import zlib
from base64 import b64encode
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from storage.errors import ObjectChanged, ObjectExists, SizeDiffers, StorageError
from storage.objects import Body, pieces
from storage.s3_errors import speaking

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

# docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
PART_BYTES = 5 * 1024 * 1024  # the least S3 takes but for the last, so that many uploads at once stay small
PARTS_LIMIT = 10_000


class Parts:
    """A body cut into parts of equal size, the last one shorter, in one buffer that each part overwrites."""

    def __init__(self, body: Body, *, size_bytes: int | None) -> None:
        self._part_bytes = max(PART_BYTES, -(-(size_bytes or 0) // PARTS_LIMIT))
        self._pieces = pieces(body)
        self._piece = memoryview(b"")  # what has no room yet
        self._part = bytearray()
        self._filled_bytes = 0

    def fill(self) -> int:
        """Reads on until the part is full or the body ends; how many bytes the part has then."""
        while missing := self._part_bytes - self._filled_bytes:
            self._piece = self._piece or next(self._pieces, memoryview(b""))
            if not self._piece:
                break
            piece = self._piece[:missing]
            end = self._filled_bytes + len(piece)
            if len(self._part) < end:
                # A body of one piece gets a buffer of its size, any other its whole buffer before the second piece.
                grown = bytearray(self._part_bytes if self._filled_bytes else end)
                grown[: len(self._part)] = self._part
                self._part = grown
            self._part[self._filled_bytes : end] = piece
            self._filled_bytes = end
            # An empty view would keep the whole piece.
            self._piece = self._piece[missing:] or memoryview(b"")
        return self._filled_bytes

    def take(self) -> bytearray:
        """The part, to be used before the next one is filled."""
        if len(self._part) > self._filled_bytes:
            del self._part[self._filled_bytes :]
        self._filled_bytes = 0
        return self._part


def upload(
    client: "S3Client",
    bucket: str,
    key: str,
    *,
    parts: Parts,
    create_only: bool,
    size_bytes: int | None,
    storage_class: str,
) -> tuple[str, int]:
    """Uploads the parts; ETag and size in bytes. Where anything fails, the parts' own errors too, nothing is left."""
    more: Any = {"StorageClass": storage_class} if storage_class else {}
    with speaking(bucket, key=key):
        begun = client.create_multipart_upload(Bucket=bucket, Key=key, ChecksumAlgorithm="CRC32", **more)["UploadId"]
    try:
        done: list[CompletedPartTypeDef] = []
        total_bytes = 0
        while part_bytes := parts.fill():
            total_bytes += part_bytes
            # Nothing here may keep a part that was sent.
            done.append(_send(client, bucket, key, begun=begun, number=len(done) + 1, part=parts.take()))
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
    """Sends a part without a copy of it: botocore joins `bytes` to the head of the request, and wraps what it is to
    make the checksum of; neither happens to a bytearray whose checksum is given."""
    crc32 = b64encode(zlib.crc32(part).to_bytes(4)).decode()
    body: Any = part  # botocore takes it, its stubs do not know
    with speaking(bucket, key=key):
        answer = client.upload_part(
            Bucket=bucket, Key=key, UploadId=begun, PartNumber=number, Body=body, ChecksumCRC32=crc32
        )
    return {"PartNumber": number, "ETag": answer["ETag"], "ChecksumCRC32": crc32}


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
