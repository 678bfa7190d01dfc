"""Which recordings are held: asked of the rows or, while those cannot tell, of each `recording.json` itself.

Owns: that both give the same answer, so that files are taken in while the headers database sleeps, and those that came
then are not forgotten before a repair has written their rows. An object that is no
`recording.json` is passed over: a repair names it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from chunks.document import Document, read_document
from chunks.errors import RecordingUnreadable
from chunks.format.keys import patient_bucket
from chunks.models import Recording
from chunks.who_indexes import asked
from storage.errors import BucketMissing, KeyUnusable, ObjectMissing
from storage.objects import Objects


@dataclass(frozen=True, kw_only=True, order=True)
class Held:
    """A recording, by what tells it apart."""

    patient: str
    name: str
    state: str
    fingerprint: str


def names_of(source: Document, *, objects: Objects, bucket: str) -> list[str]:
    """The names under which the source of this document is held already, sorted."""

    def by_rows() -> list[str]:
        known = Recording.objects.filter(
            patient=source["patient"],
            fingerprint=source["fingerprint"],
            start=datetime.fromisoformat(source["start"]),
        )
        return list(known.order_by("name").values_list("name", flat=True))

    by_row = asked(by_rows)
    if by_row is not None:
        return by_row
    return [document["recording"] for document in documents(objects, bucket=bucket) if is_same(document, source)]


def is_same(held: Document, source: Document) -> bool:
    return (held["fingerprint"], held.get("start")) == (source["fingerprint"], source["start"])


class Fingerprints:
    """The recordings of all these patients by fingerprint; the objects are read once, and only where they must be."""

    def __init__(self, patients: Iterable[str], *, objects: Objects) -> None:
        self._patients = sorted(patients)
        self._objects = objects
        self._read: dict[str, list[Held]] | None = None

    def held(self, fingerprint: str) -> list[Held]:
        """Those of one fingerprint, by patient and name."""

        def by_rows() -> list[Held]:
            found = Recording.objects.filter(fingerprint=fingerprint, patient__in=self._patients)
            return sorted(_held(each.patient, each.name, each.state, fingerprint) for each in found)

        by_row = asked(by_rows)
        if by_row is not None:
            return by_row
        if self._read is None:
            self._read = {}
            for each in self._all():
                self._read.setdefault(each.fingerprint, []).append(each)
        return sorted(self._read.get(fingerprint, []))

    def _all(self) -> Iterator[Held]:
        for patient in self._patients:
            try:
                for each in documents(self._objects, bucket=patient_bucket(patient, prefix=settings.BUCKET_PREFIX)):
                    yield _held(patient, each["recording"], str(each.get("state")), each["fingerprint"])
            except BucketMissing:
                continue


def documents(objects: Objects, *, bucket: str) -> Iterator[Document]:
    """Every `recording.json` of a bucket that can be read, in the order of their names."""
    yield from _documents(objects.folders(bucket), objects=objects, bucket=bucket)


def without_rows(objects: Objects, *, bucket: str) -> Iterator[Document]:
    """The same of those that have no row: they were taken in while the headers database slept, say. One listing."""
    known = set(Recording.objects.filter(bucket=bucket).values_list("name", flat=True))
    yield from _documents(
        (name for name in objects.folders(bucket) if name not in known), objects=objects, bucket=bucket
    )


def _documents(names: Iterable[str], *, objects: Objects, bucket: str) -> Iterator[Document]:
    for name in names:
        try:
            document = read_document(objects, bucket=bucket, recording=name)
        except (ObjectMissing, KeyUnusable, RecordingUnreadable):
            continue
        yield document | {"recording": name}


def _held(patient: str, name: str, state: str, fingerprint: str) -> Held:
    return Held(patient=patient, name=name, state=state, fingerprint=fingerprint)
