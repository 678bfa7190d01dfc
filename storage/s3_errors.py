"""What the answers of S3 and the failures of its two clients mean, in the words of `storage.errors`.

Owns the table of S3's error codes (docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html) and where each client
puts them. A server's own sentence, an address or a header is never passed on: they hold signatures and keys. Does not
import obstore: where that is not installed this is used with boto3 alone.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from botocore import exceptions as boto
from botocore.exceptions import BotoCoreError, ClientError

from storage.errors import (
    AccessDenied,
    BucketMissing,
    BucketTaken,
    BucketUnusable,
    ClockWrong,
    CredentialsExpired,
    CredentialsUnusable,
    KeyUnusable,
    NotKnownThere,
    ObjectArchived,
    ObjectChanged,
    ObjectMissing,
    RangeOutside,
    StorageClassUnusable,
    StorageError,
    StoreFull,
    StoreUnreachable,
    TransferDamaged,
    WriteConflict,
    WrongRegion,
)

_CODES: Mapping[str, type[StorageError]] = {
    "NoSuchBucket": BucketMissing,
    "NoSuchKey": ObjectMissing,
    "PreconditionFailed": ObjectChanged,
    "ConditionalRequestConflict": WriteConflict,
    "OperationAborted": WriteConflict,
    "InvalidRange": RangeOutside,
    "AccessDenied": AccessDenied,
    "AllAccessDisabled": AccessDenied,
    "AccountProblem": AccessDenied,
    "InvalidObjectState": ObjectArchived,
    "ExpiredToken": CredentialsExpired,
    "ExpiredTokenException": CredentialsExpired,
    "RequestExpired": CredentialsExpired,
    "TokenRefreshRequired": CredentialsExpired,
    "InvalidAccessKeyId": CredentialsUnusable,
    "InvalidToken": CredentialsUnusable,
    "SignatureDoesNotMatch": CredentialsUnusable,
    "NotSignedUp": CredentialsUnusable,
    "RequestTimeTooSkewed": ClockWrong,
    "InvalidStorageClass": StorageClassUnusable,
    "NotImplemented": NotKnownThere,
    "MethodNotAllowed": NotKnownThere,
    "PermanentRedirect": WrongRegion,
    "TemporaryRedirect": WrongRegion,
    "Redirect": WrongRegion,
    "AuthorizationHeaderMalformed": WrongRegion,
    "IllegalLocationConstraintException": WrongRegion,
    "IncorrectEndpoint": WrongRegion,
    "InvalidLocationConstraint": WrongRegion,
    "BucketAlreadyExists": BucketTaken,
    "InvalidBucketName": BucketUnusable,
    "KeyTooLongError": KeyUnusable,
    "InvalidURI": KeyUnusable,
    "BadDigest": TransferDamaged,
    "InvalidDigest": TransferDamaged,
    "XAmzContentSHA256Mismatch": TransferDamaged,
    "XAmzContentChecksumMismatch": TransferDamaged,
    "IncompleteBody": TransferDamaged,
    "QuotaExceeded": StoreFull,
    "EntityTooLarge": StoreFull,
    "TooManyBuckets": StoreFull,
    "InsufficientStorage": StoreFull,
    "XMinioStorageFull": StoreFull,
    "RequestTimeout": StoreUnreachable,
    "SlowDown": StoreUnreachable,
}
_STATUSES: Mapping[int, type[StorageError]] = {
    301: WrongRegion,
    307: WrongRegion,
    401: CredentialsUnusable,
    403: AccessDenied,
    404: ObjectMissing,
    408: StoreUnreachable,
    409: WriteConflict,
    412: ObjectChanged,
    416: RangeOutside,
    429: StoreUnreachable,
    501: NotKnownThere,
    507: StoreFull,
}
_CREDENTIALS_UNUSABLE = (
    boto.NoCredentialsError,
    boto.PartialCredentialsError,
    boto.CredentialRetrievalError,
    boto.ProfileNotFound,
    boto.ConfigNotFound,
    boto.InvalidConfigError,
    boto.NoAuthTokenError,
)
_CREDENTIALS_EXPIRED = (
    boto.TokenRetrievalError,
    boto.UnauthorizedSSOTokenError,
    boto.SSOTokenLoadError,
    boto.RefreshWithMFAUnsupportedError,
)
_DAMAGED = (boto.FlexibleChecksumError, boto.ChecksumError)
_UNREACHABLE = (boto.HTTPClientError, boto.ConnectionError, boto.IncompleteReadError, boto.ResponseStreamingError)

# object_store's texts: "Server returned non-2xx status code: 404 Not Found: <?xml …><Error><Code>NoSuchKey</Code>…"
_STATUS = re.compile(r"status code: (\d{3})")
_CODE = re.compile(r"<Code>(\w{1,64})</Code>")
_REGION = re.compile(r"<Region>([a-z0-9-]{1,30})</Region>")
_RUST_UNREACHABLE = re.compile(
    r"HTTP error|Connect|TimedOut|timed out|error sending request|error decoding|IncompleteBody"
)
_RUST_REDIRECT = "redirect without LOCATION"
_RUST_NO_PARTS = re.compile(r"non-partial response|Content-Range header not present")


@contextmanager
def speaking(bucket: str, *, key: str = "") -> Iterator[None]:
    """Turns what boto3 raises inside into a `StorageError`. The caller's own code must not stand inside."""
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        # The original may quote an address with a signature, so it is not chained.
        raise in_words(error, bucket=bucket, key=key) from None


def in_words(error: ClientError | BotoCoreError, *, bucket: str, key: str = "") -> StorageError:
    """What boto3 raised, as ours."""
    if isinstance(error, ClientError):
        about: dict[str, Any] = dict(error.response.get("Error", {}))
        answer: dict[str, Any] = dict(error.response.get("ResponseMetadata", {}))
        region = answer.get("HTTPHeaders", {}).get("x-amz-bucket-region") or about.get("Region") or ""
        status = int(answer.get("HTTPStatusCode") or 0)
        return from_answer(str(about.get("Code", "")), status=status, bucket=bucket, key=key, region=str(region))
    said = type(error).__name__
    if isinstance(error, _CREDENTIALS_UNUSABLE):
        return CredentialsUnusable(bucket, key=key, detail=said)
    if isinstance(error, _CREDENTIALS_EXPIRED):
        return CredentialsExpired(bucket, key=key)
    if isinstance(error, _DAMAGED):
        return TransferDamaged(bucket, key=key, detail=said)
    if isinstance(error, _UNREACHABLE):
        return StoreUnreachable(bucket, key=key, detail=said)
    return StorageError(bucket, key=key, detail=said)


def from_text(text: str, *, bucket: str, key: str) -> StorageError:
    """What obstore raised, by the text of its error: it keeps status and answer nowhere else."""
    status, code = _STATUS.search(text), _CODE.search(text)
    if status:
        found = code[1] if code else ""
        region = _REGION.search(text)
        return from_answer(found, status=int(status[1]), bucket=bucket, key=key, region=region[1] if region else "")
    if _RUST_REDIRECT in text:
        return WrongRegion(bucket, key=key)
    if _RUST_NO_PARTS.search(text):
        return StorageError(bucket, key=key, detail="this server does not know ranges")
    if _RUST_UNREACHABLE.search(text):
        return StoreUnreachable(bucket, key=key, detail="no connection, or it broke off or stood still")
    return StorageError(bucket, key=key, detail="obstore failed")


def from_answer(code: str, *, status: int, bucket: str, key: str, region: str = "") -> StorageError:
    """An answer of the server: its error code where it gave one, else its status."""
    kind = _CODES.get(code) or _STATUSES.get(status) or (StoreUnreachable if status >= 500 else StorageError)
    if kind is ObjectMissing and not key:
        kind = BucketMissing
    said = f"{code or 'no reason given'}, status {status}"
    if kind is WrongRegion:
        said = f": it is in {region}" if region else ""
    elif kind is AccessDenied:
        said = f" ({said})"
    return kind(bucket, key=key, detail=said)
