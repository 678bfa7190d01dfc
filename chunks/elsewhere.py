"""Whether a file's data records are held for another patient already: the surest sign of a wrong subject.

Owns: that question, asked twice of each file (by its fingerprint before anything is written, by the hash of all its
data before it counts as held), and who is named in the answer. The rows are asked by a scan (a few thousand recordings:
some milliseconds); while the headers database sleeps, and where the Lambda writes rows some time after the objects,
every `recording.json` is read instead, every few minutes of a batch. What was taken in then and has no row yet is found
by listing the buckets, as often.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.conf import settings
from django.db.models import Q

from chunks.data_hash import DataHash
from chunks.document import Document
from chunks.edf.reader import Edf
from chunks.errors import HeldElsewhere
from chunks.format.keys import patient_bucket
from chunks.held import documents, without_rows
from chunks.models import Recording
from chunks.who_indexes import asked
from people.models import Patient
from people.scope import Scope
from storage.errors import BucketMissing
from storage.objects import Objects

FRESH_S = 300


@dataclass(frozen=True, kw_only=True)
class _Held:
    patient: str
    recording: str
    fingerprint: str
    data_sha256: str | None


class Elsewhere:
    """The recordings of all patients but one, for the files of one batch; `scope` decides who may be named."""

    def __init__(self, patient: str, *, scope: Scope, objects: Objects) -> None:
        self._patient = patient
        self._scope = scope
        self._objects = objects
        self._read: list[_Held] | None = None
        self._unindexed: list[_Held] | None = None
        self._read_at = time.monotonic()

    def check_fingerprint(self, edf: Edf) -> None:
        """Raises `HeldElsewhere`; where a fingerprint is held already, all data are hashed to be sure."""
        fingerprint = edf.fingerprint()
        data_sha256 = ""
        for held in self._found(Q(fingerprint=fingerprint)):
            if held.fingerprint != fingerprint:
                continue
            if held.data_sha256 and not data_sha256:
                with DataHash(edf) as data_hash:
                    data_sha256 = data_hash.hexdigest()
            if held.data_sha256 in {None, data_sha256}:
                raise self._refusal(held)

    def check_data(self, data_sha256: str, *, fingerprint: str) -> None:
        """Raises `HeldElsewhere`. One that is half taken in counts by its fingerprint: somebody began at the same time,
        and of two who both see the other none ends."""
        for held in self._found(Q(data_sha256=data_sha256) | Q(fingerprint=fingerprint)):
            if held.data_sha256 == data_sha256 or (held.data_sha256 is None and held.fingerprint == fingerprint):
                raise self._refusal(held)

    def _found(self, wanted: Q) -> Iterator[_Held]:
        """Those that `wanted` asks for among the rows; while they cannot tell, all."""
        among = Recording.objects.filter(wanted).exclude(patient=self._patient).order_by("patient", "name")
        rows = asked(lambda: list(among))
        if time.monotonic() - self._read_at > FRESH_S:
            self._read_at, self._read, self._unindexed = time.monotonic(), None, None
        if rows is None:
            if self._read is None:
                self._read = list(self._documents(documents))
            yield from self._read
            return
        for row in rows:
            yield _Held(
                patient=row.patient, recording=row.name, fingerprint=row.fingerprint, data_sha256=row.data_sha256
            )
        if self._unindexed is None:
            self._unindexed = asked(lambda: list(self._documents(without_rows))) or []
        yield from self._unindexed

    def _documents(self, those: Callable[..., Iterator[Document]]) -> Iterator[_Held]:
        others = Patient.objects.exclude(pk=self._patient).filter(withdrawn_at__isnull=True).order_by("pk")
        for patient in others.values_list("pk", flat=True):
            bucket = patient_bucket(patient, prefix=settings.BUCKET_PREFIX)
            try:
                for document in those(self._objects, bucket=bucket):
                    yield _Held(
                        patient=patient,
                        recording=document["recording"],
                        fingerprint=document["fingerprint"],
                        data_sha256=document.get("data_sha256"),
                    )
            except BucketMissing:
                continue

    def _refusal(self, held: _Held) -> HeldElsewhere:
        named = self._scope.allows(held.patient)
        who = f"patient {held.patient} ({held.recording})" if named else "another patient"
        half = "" if held.data_sha256 else ", half taken in"
        return HeldElsewhere(
            f"The data of this file are held for {who} already{half}. Nothing of it is kept for {self._patient}. Check "
            "whose recording it is: one recording belongs to one patient."
        )
