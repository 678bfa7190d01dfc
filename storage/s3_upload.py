"""A body in parts becomes one object on S3 (a multipart upload), whole or not at all, one part in memory at a time.

Owns the sizes of parts and the requests of an upload. Every part carries a CRC-32 that the server compares.
"""

from contextlib import suppress
from io import BytesIO
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
    """A body cut into parts of equal size, the last one shorter. Holds one, and none that was taken."""

    def __init__(self, body: Body, *, size_bytes: int | None) -> None:
        self._part_bytes = max(PART_BYTES, -(-(size_bytes or 0) // PARTS_LIMIT))
        self._pieces = pieces(body)
        self._piece = memoryview(b"")  # what has no room yet
        self._part = BytesIO()  # hands its bytes out without a copy

    def fill(self) -> int:
        """Reads on until the part is full or the body ends; how many bytes the part has then."""
        while missing := self._part_bytes - self._part.tell():
            self._piece = self._piece or next(self._pieces, memoryview(b""))
            if not self._piece:
                break
            self._part.write(self._piece[:missing])
            # An empty view would keep the whole piece.
            self._piece = self._piece[missing:] or memoryview(b"")
        return self._part.tell()

    def take(self) -> bytes:
        """The part, which makes room for the next one."""
        part, self._part = self._part, BytesIO()
        return part.getvalue()


def upload(
    client: "S3Client",
    bucket: str,
    key: str,
    *,
    parts: Parts,
    create_only: bool,
    size_bytes: int | None,
) -> tuple[str, int]:
    """Uploads the parts; ETag and size in bytes. Where anything fails, the parts' own errors too, nothing is left."""
    with speaking(bucket, key=key):
        begun = client.create_multipart_upload(Bucket=bucket, Key=key, ChecksumAlgorithm="CRC32")["UploadId"]
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


def _send(client: "S3Client", bucket: str, key: str, *, begun: str, number: int, part: bytes) -> "CompletedPartTypeDef":
    with speaking(bucket, key=key):
        answer = client.upload_part(
            Bucket=bucket, Key=key, UploadId=begun, PartNumber=number, Body=part, ChecksumAlgorithm="CRC32"
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
