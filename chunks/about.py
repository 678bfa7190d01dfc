"""All that is known of one recording, for whoever looks at it: its `recording.json` and its annotations.

Owns: that what is missing or damaged there is a sentence beside the rest, not the end of the page.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from django.conf import settings

from chunks.annotations import Annotations, read_annotations
from chunks.document import Document, read_document
from chunks.errors import ChunksError
from chunks.models import Recording
from storage.errors import StorageError
from storage.urls import open_objects

ANNOTATIONS_SHOWN = 100
_Read = TypeVar("_Read")


@dataclass(frozen=True, kw_only=True)
class About:
    """What could be read; each fault is a sentence, empty where there is none."""

    document: Document | None
    document_fault: str
    annotations: Annotations | None
    annotations_fault: str


def read_about(row: Recording) -> About:
    """Reads both objects of the recording. The caller has checked that it may be seen."""
    objects = open_objects(settings.OBJECTS_URL)
    document, document_fault = _read(lambda: read_document(objects, bucket=row.bucket, recording=row.name))
    annotations, annotations_fault = _read(
        lambda: read_annotations(objects, bucket=row.bucket, recording=row.name, first=ANNOTATIONS_SHOWN)
    )
    return About(
        document=document,
        document_fault=document_fault,
        annotations=annotations,
        annotations_fault=annotations_fault,
    )


def _read(read: Callable[[], _Read]) -> tuple[_Read | None, str]:
    try:
        return read(), ""
    except (ChunksError, StorageError) as error:
        return None, str(error)
