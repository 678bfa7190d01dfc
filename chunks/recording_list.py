"""What the administrators' list of recordings is asked for, and the rows that answer it.

Owns: the form of these queries; as in `chunks.header_list` one index leads and nothing is sorted. Recordings are few
beside their chunks, so a state may be asked for of all patients: then the rows are passed in the order of their number.
"""

from datetime import timedelta

from django.conf import settings
from django.db.models import Q, QuerySet, Value
from django.db.models.functions import Concat

from chunks.format.clock import day_of
from chunks.format.keys import patient_bucket
from chunks.models import Recording
from people.scope import Scope

_MAX_NAME = 200


def recordings(*, patient: str, state: str, name: str, scope: Scope) -> QuerySet[Recording]:
    """The recordings that are asked for (an empty word asks for all), in order; none outside the scope.

    `name`: `bucket/name`, or the whole name.
    """
    found = visible_recordings(scope)
    if state:
        found = found.filter(state=state)
    if name:
        bucket, _, rest = name[:_MAX_NAME].removeprefix("s3://").rstrip("/").rpartition("/")
        patients = [patient] if patient else scope.visible(scope.patients)
        buckets = {bucket} if bucket else {patient_bucket(each, prefix=settings.BUCKET_PREFIX) for each in patients}
        if patient:
            found = found.filter(Q(of_patient=patient))
        return found.filter(bucket__in=sorted(buckets), name=rest).order_by("bucket", "name")
    if patient:
        return found.filter(patient=patient).order_by("start", "stop", "pk")
    return found.order_by("-pk")


def visible_recordings(scope: Scope) -> QuerySet[Recording]:
    """All recordings of the patients in the scope, without order; no index is chosen by that."""
    seen = scope.visible(scope.patients)
    return Recording.objects.alias(of_patient=Concat("patient", Value(""))).filter(Q(of_patient__in=seen))


def days_of(recording: Recording) -> range:
    """The days in which something of it was recorded, if it has no gaps."""
    last = max(recording.start, recording.stop - timedelta(microseconds=1))
    return range(day_of(recording.patient, recording.start), day_of(recording.patient, last) + 1)
