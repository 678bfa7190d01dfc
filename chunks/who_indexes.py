"""Who writes the rows of what is put: this portal at once (`ECOG_INDEX=direct`), or the Lambda S3 wakes (`events`).

Owns: that question. Whoever puts or removes objects calls these, not `chunks.index`: where rows are the Lambda's, or
the headers database sleeps, nothing is written and nothing fails, and the rows follow. `reindex`, which lets them
follow, writes by `chunks.index` itself.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from django.conf import settings

from chunks import index
from chunks.document import Document
from chunks.format.header import Header
from chunks.headers_db.errors import HeadersAsleep
from chunks.models import ChunkHeader, Recording
from storage.objects import ObjectInfo, Objects

DIRECT = "direct"
_Answer = TypeVar("_Answer")


def asked(rows: Callable[[], _Answer]) -> _Answer | None:
    """What the rows say, where they can be asked and are as new as the buckets; else None.

    They are not while the headers database sleeps, nor where the Lambda writes them some time after the objects.
    """
    if settings.INDEX != DIRECT:
        return None
    try:
        return rows()
    except HeadersAsleep:
        return None


def index_chunks(chunks: Iterable[tuple[Header, bytes, ObjectInfo]]) -> bool:
    """As `chunks.index` has it; whether the rows were written, as all below."""
    return _written(lambda: index.index_chunks(chunks))


def index_recording(document: Document, *, info: ObjectInfo) -> bool:
    return _written(lambda: index.index_recording(document, info=info))


def index_object(objects: Objects, *, bucket: str, key: str) -> bool:
    return _written(lambda: index.index_object(objects, bucket=bucket, key=key))


def forget(*, bucket: str, keys: Sequence[str]) -> bool:
    return _written(lambda: index.forget(bucket=bucket, keys=keys))


def index_whole(objects: Objects, document: Document, *, info: ObjectInfo) -> int | None:
    """The row of a recording whose objects are all there, after those of its chunks that are missing.

    They are where a run was killed, or while the headers database slept. How many were; None: the rows follow.
    """
    bucket, name = info.bucket, document["recording"]

    def made_whole() -> int:
        missing: int = document["chunks"] - ChunkHeader.objects.filter(bucket=bucket, recording=name).count()
        if missing:
            index.index_all(objects, bucket=bucket, recording=name)
        elif not Recording.objects.filter(bucket=bucket, name=name, etag=info.etag).exists():
            index.index_recording(document, info=info)
        return missing

    return asked(made_whole)


def why_rows_follow() -> str:
    """For whoever has put something whose rows were not written."""
    if settings.INDEX != DIRECT:
        return "Header rows follow: the Lambda writes them (ECOG_INDEX is events)."
    return "Header rows follow when the headers database wakes (manage.py reindex)."


def _written(write: Callable[[], None]) -> bool:
    def done() -> bool:
        write()
        return True

    return asked(done) or False
