"""Rows of released texts in the headers database, made equal to the public `annotations.json` as it is now.

Owns: every write to `annotation_text`. The object is looked at, its rows are written in place of the earlier ones, and
the object is looked at once more; so whoever writes last, the rows follow the object. Rows have the object's ETag once
all of them are there, so that a repair finds what was left half way.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from itertools import islice

from django.db import transaction

from chunks.annotations import WITHHELD, Beginning, Noted, open_annotations, read_beginning
from chunks.errors import AnnotationsUnreadable
from chunks.format.keys import annotations_key
from chunks.headers_db.router import HEADERS
from chunks.review.marks import shown_text
from chunks.review.names import folded
from chunks.review.tables import ReleasedText
from storage.errors import AccessDenied, BucketMissing, KeyUnusable, ObjectArchived, ObjectChanged, ObjectMissing
from storage.objects import ObjectInfo, Objects

LOOKS = 5
ROWS_AT_ONCE = 500
LABEL_MAX = 64


def searched_form(text: str) -> str:
    """A text, or what is looked for in it, as rows are compared: case, accents and blanks make no difference."""
    return " ".join(folded(shown_text(text)).split())


def index_released(objects: Objects, *, bucket: str, recording: str) -> int:
    """Makes the rows of one recording; how many there are. Raises `AnnotationsUnreadable` and `HeadersAsleep`.

    Of an object that cannot be read there are none: the recording's page says so.
    """
    key = annotations_key(recording)
    for _ in range(LOOKS):
        try:
            etag = objects.head(bucket, key).etag
            written = _replace(objects, bucket=bucket, recording=recording)
            ReleasedText.objects.filter(bucket=bucket, recording=recording).update(etag=etag)
            if objects.head(bucket, key).etag == etag:
                return written
        except ObjectChanged:
            continue
        except (ObjectMissing, BucketMissing, AnnotationsUnreadable):
            forget_released(bucket=bucket, recordings=[recording])
            return 0
    raise AnnotationsUnreadable(f"{key} in {bucket} is being written again and again. Look who writes it.")


def outdated(objects: Objects, infos: Iterable[ObjectInfo], *, bucket: str) -> list[str]:
    """The recordings of a bucket whose rows are not those of their object; `infos`: every `annotations.json` in it.

    Objects are read, their beginning alone, where a recording has no rows; one that may not be read is told, since what
    it holds is not known.
    """
    known: dict[str, set[str]] = {}
    for recording, etag in ReleasedText.objects.filter(bucket=bucket).values_list("recording", "etag").distinct():
        known.setdefault(recording, set()).add(etag)
    late = []
    for info in infos:
        recording = info.key.rpartition("/")[0]
        etags = known.pop(recording, set())
        if etags != {info.etag} and (etags or _has_released(objects, info)):
            late.append(recording)
    return sorted([*late, *known])


def _has_released(objects: Objects, info: ObjectInfo) -> bool:
    try:
        return read_beginning(objects, bucket=info.bucket, key=info.key).texts != WITHHELD
    except (ObjectMissing, AnnotationsUnreadable, ObjectArchived):
        return False
    except (AccessDenied, KeyUnusable):
        return True


def forget_released(*, bucket: str, recordings: Sequence[str]) -> None:
    ReleasedText.objects.filter(bucket=bucket, recording__in=recordings).delete()


def _replace(objects: Objects, *, bucket: str, recording: str) -> int:
    """A few hundred annotations at a time: memory does not grow with their number, and no transaction reads objects."""
    mine = ReleasedText.objects.filter(bucket=bucket, recording=recording)
    beginning, noted = open_annotations(objects, bucket=bucket, key=annotations_key(recording))
    numbered = enumerate(noted)
    place = written = 0
    while some := list(islice(numbered, ROWS_AT_ONCE)):
        rows = [row for at, each in some if (row := _row(each, place=at, beginning=beginning, bucket=bucket))]
        here = mine.filter(place__gte=place, place__lt=place + len(some))
        if rows or here.exists():
            with transaction.atomic(using=HEADERS):
                here.delete()
                ReleasedText.objects.bulk_create(rows)
        place += len(some)
        written += len(rows)
    mine.filter(place__gte=place).delete()
    return written


def _row(each: Noted, *, place: int, beginning: Beginning, bucket: str) -> ReleasedText | None:
    if each.withheld:
        return None
    try:
        start = beginning.origin + timedelta(microseconds=each.onset_us)
    except OverflowError:  # no time that any clock shows, so nobody looks for it there
        return None
    return ReleasedText(
        bucket=bucket,
        recording=beginning.recording,
        place=place,
        patient=beginning.patient,
        start=start,
        duration_us=each.duration_us,
        label=(each.channel or "")[:LABEL_MAX],
        text=each.text,
        folded=searched_form(each.text),
    )
