"""Which names buckets and keys may have, alike in both homes, so that what one home takes the other can keep.

Owns the rules; the length and form of bucket names are S3's (docs.aws.amazon.com, bucketnamingrules), those of keys are
S3's and a file system's together. Imports only the errors.
"""

import re

from storage.errors import BucketUnusable, KeyUnusable

KEY_LIMIT_BYTES = 1024
PART_LIMIT_BYTES = 255

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+")
_RESERVED_STARTS = ("xn--", "sthree-", "amzn-s3-demo-")
_RESERVED_ENDS = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_LEFTOVER = re.compile(rb"#[0-9]+\Z")


def check_bucket(bucket: str) -> None:
    """Raises `BucketUnusable` unless S3 would take this as a bucket's name."""
    if not _BUCKET.fullmatch(bucket):
        raise BucketUnusable(
            bucket, detail="it is not 3 to 63 of a-z, 0-9, '-' and '.', or has no letter or digit at an end"
        )
    if ".." in bucket or _ADDRESS.fullmatch(bucket):
        raise BucketUnusable(bucket, detail="it holds two dots in a row or looks like a network address")
    if bucket.startswith(_RESERVED_STARTS) or bucket.endswith(_RESERVED_ENDS):
        raise BucketUnusable(bucket, detail="its beginning or end is reserved by AWS")


def check_key(bucket: str, *, key: str) -> None:
    """Raises `KeyUnusable` unless the key can be a file below a folder and an object that every client can address."""
    problem = _problem(key)
    if problem:
        raise KeyUnusable(bucket, key=key, detail=problem)


def is_plain(key: str) -> bool:
    """Whether we could have made this key. Others make keys as well: `a//b`, `../x`, with a tab, ending in `/`."""
    return not _problem(key)


def is_leftover(name: bytes) -> bool:
    """Whether a file's name is that of an unfinished write (`<name>#<number>`), so never an object's."""
    return bool(_LEFTOVER.search(name))


def fits(key: str) -> bool:
    """Whether S3 takes this as a key at all, of whoever it is: some text, not too long."""
    try:
        return 0 < len(key.encode()) <= KEY_LIMIT_BYTES
    except UnicodeEncodeError:
        return False


def _problem(key: str) -> str:
    """What is wrong with a key, or nothing."""
    if not fits(key):
        return f"it is empty, no text, or longer than {KEY_LIMIT_BYTES} bytes"
    if _CONTROL.search(key) or "\\" in key:
        return "it holds a control character or a backslash"
    parts = key.encode().split(b"/")
    if any(part in {b"", b".", b".."} for part in parts):
        return "a part between slashes is empty, '.' or '..'"
    if any(len(part) > PART_LIMIT_BYTES for part in parts):
        return f"a part between slashes is longer than {PART_LIMIT_BYTES} bytes"
    if is_leftover(parts[-1]):
        return "names ending in '#' and digits are those of unfinished writes"
    return ""
