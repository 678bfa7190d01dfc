"""The names that a lab wants marked in every patient's annotations: its staff, above all.

Owns: their list, one object in the bucket of withheld texts, beside the patients' folders. No patient's ID has `_` in
it, so no folder is in its way. Read whole: a lab has hundreds of names.
"""

import json

from django.conf import settings

from chunks.format.keys import withheld_bucket
from chunks.review.errors import NamesChanged, ReviewRefused
from storage.errors import BucketMissing, ObjectMissing
from storage.objects import Objects

KEY = "_lab/names.json"
MAX_NAMES = 2_000
MAX_CHARACTERS = 60


def read_lab_names(objects: Objects) -> tuple[list[str], str]:
    """The names as they were given, and the ETag of their list, empty where there is none."""
    bucket = withheld_bucket(prefix=settings.BUCKET_PREFIX)
    try:
        etag = objects.head(bucket, KEY).etag
        names = json.loads(objects.get(bucket, KEY))["names"]
        return [str(name) for name in names], etag
    except (ObjectMissing, BucketMissing):
        return [], ""
    except (ValueError, KeyError, TypeError) as error:
        raise ReviewRefused("The list of names to mark cannot be read. Write it again.") from error


def put_lab_names(objects: Objects, names: list[str], *, if_etag: str) -> int:
    """Keeps the list; how many names it has. Raises `NamesChanged` where it is no longer the one that was read."""
    names = sorted({" ".join(name.split()) for name in names} - {""}, key=str.casefold)
    if len(names) > MAX_NAMES or any(len(name) > MAX_CHARACTERS for name in names):
        raise ReviewRefused(f"At most {MAX_NAMES:,} names of {MAX_CHARACTERS} characters are kept: one on each line.")
    if read_lab_names(objects)[1] != if_etag:
        raise NamesChanged("Somebody else has changed the list meanwhile. Look at it as it is now, and write yours in.")
    bucket = withheld_bucket(prefix=settings.BUCKET_PREFIX)
    objects.make_bucket(bucket)
    objects.put(bucket, KEY, json.dumps({"version": 1, "names": names}, ensure_ascii=False).encode())
    return len(names)
