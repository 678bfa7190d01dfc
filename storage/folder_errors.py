"""What the system's error numbers mean for objects in a folder, in the words of `storage.errors`.

Owns that table alone.
"""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from storage.errors import (
    AccessDenied,
    BucketMissing,
    KeyUnusable,
    ObjectMissing,
    StorageError,
    StoreFull,
    StoreUnreachable,
)

LINK = "a part of it is a symbolic link in the folder of the objects, and none is followed"
BELOW = "one of its folders is an object already"

_MISSING = {errno.ENOENT, errno.ENOTDIR, errno.EISDIR}
_DENIED = {errno.EACCES, errno.EPERM, errno.EROFS}
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_UNREACHABLE = {errno.EIO, errno.ESTALE, errno.ETIMEDOUT, errno.EHOSTDOWN, errno.ENOTCONN, errno.EREMOTEIO}


@contextmanager
def speaking(bucket: str, *, key: str = "") -> Iterator[None]:
    """Turns an `OSError` of what stands inside into a `StorageError`. The caller's own code must not stand inside."""
    try:
        yield
    except OSError as error:
        raise _in_words(error, bucket=bucket, key=key) from error


def _in_words(error: OSError, *, bucket: str, key: str) -> StorageError:  # noqa: PLR0911  one line per kind
    said = error.strerror or type(error).__name__
    if error.errno in _MISSING:
        return ObjectMissing(bucket, key=key) if key else BucketMissing(bucket)
    if error.errno in _FULL:
        return StoreFull(bucket, key=key, detail=said)
    if error.errno in _DENIED:
        return AccessDenied(bucket, key=key, detail=f" ({said}: look at owner and mode of the folder of the objects)")
    if error.errno == errno.ELOOP:
        return KeyUnusable(bucket, key=key, detail=LINK)
    if error.errno == errno.ENAMETOOLONG:
        return KeyUnusable(bucket, key=key, detail="it is too long for this file system")
    if error.errno in _UNREACHABLE:
        return StoreUnreachable(bucket, key=key, detail=said)
    return StorageError(bucket, key=key, detail=said)
