"""What the administrators' list of chunk headers is asked for, and the rows that answer it.

Owns: the form of these queries. Of ten million rows each reads about what it shows: one index leads to the rows in the
order in which they are shown, so that nothing is sorted, and every other condition is hidden from the database's
choice. In turn, the first that is asked for leads:

    key                 (bucket, objectKey)          in the order of keys; without a bucket, the first 500
    recording           (bucket, objectKey)          in the order of keys: it is the folder of its chunks
    patient, channel    (patient, channel, start)    in the order of time
    patient, day        (patient, start, stop)       in the order of time
    nothing             the row's number             newest first

Recording, channel and day mean something for one patient, and without one they are left out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.conf import settings
from django.db.models import Max, Min, Q, QuerySet, Value
from django.db.models.functions import Coalesce, Concat

from chunks.format.clock import DAY_FIRST, DAY_LAST, day_of, day_zero
from chunks.format.keys import patient_bucket
from chunks.headers_db.fields import YEAR_FIRST
from chunks.models import ChunkHeader, Recording
from people.scope import Scope

Rows = QuerySet[ChunkHeader]
PATIENT, RECORDING, CHANNEL, DAY, KEY = "patient", "recording", "channel", "day", "q"
_LAST_CHARACTER = "\U0010ffff"
_MAX_KEY = 800
FOUND_BY_KEY = 500  # MariaDB turns a list of 1,000 numbers into a table
# The columns as expressions, which no index serves. None of them is ever NULL but the channel.
_HIDDEN = {
    "of_patient": Concat("patient", Value("")),
    "of_recording": Concat("recording", Value("")),
    "of_channel": Coalesce("channel", Value(0)),
    "begins": Coalesce("start", "stop"),
}


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The words of the list's address; a word that cannot be read is `fault`, a sentence, and finds nothing."""

    patient: str = ""
    recording: str = ""
    channel: int | None = None
    day: int | None = None
    key: str = ""
    fault: str = ""

    def words(self) -> str:
        """As the audit keeps it. A key that was typed may be anything, so of one it is only said that it was."""
        said = {PATIENT: self.patient, RECORDING: self.recording, CHANNEL: self.channel, DAY: self.day}
        said["key"] = "asked for" if self.key else None
        return urlencode({name: value for name, value in said.items() if value not in {"", None}})


def read(words: Mapping[str, str]) -> Asked:
    """The question in the parameters of an address."""
    patient, key = words.get(PATIENT, ""), words.get(KEY, "").strip().removeprefix("s3://")[:_MAX_KEY]
    if not patient:
        return Asked(key=key)
    try:
        channel, day = _number(words, CHANNEL), _number(words, DAY)
    except ValueError:
        return Asked(patient=patient, key=key, fault="Channel and day are whole numbers: choose them from the list.")
    if day is not None and not DAY_FIRST <= day <= DAY_LAST:
        return Asked(patient=patient, key=key, fault=f"Days are counted from {DAY_FIRST} to {DAY_LAST}; {day} is none.")
    return Asked(patient=patient, recording=words.get(RECORDING, ""), channel=channel, day=day, key=key)


def rows(asked: Asked, *, scope: Scope) -> Rows:
    """The headers that are asked for, in order; none of a patient outside the scope."""
    if asked.fault or (asked.patient and not scope.allows(asked.patient)):
        return ChunkHeader.objects.none()
    if asked.key:
        return _rest(_of_key(asked, scope=scope), asked, scope=scope)
    if asked.recording and asked.channel is None and asked.day is None:
        folder = _between(f"{asked.recording}/", f"{asked.recording}0")  # "0" comes right after "/"
        return _rest(folder.filter(bucket=_bucket_of(asked)).order_by("object_key"), asked, scope=scope)
    if asked.patient:
        return _of_patient(asked)
    return _rest(ChunkHeader.objects.all(), asked, scope=scope).order_by("-pk")


def visible(scope: Scope) -> Rows:
    """All headers of the patients in the scope, without order; no index is chosen by that."""
    return _rest(ChunkHeader.objects.all(), Asked(), scope=scope)


def first_and_last_day(patient: str) -> tuple[int, int] | None:
    """The days of the patient's first and last chunk: looks at the ends of an index."""
    found = ChunkHeader.objects.filter(patient=patient)
    first, last = _first_day(found, patient=patient), _last_day(found, patient=patient)
    return None if first is None or last is None else (first, last)


def neighbours(patient: str, day: int) -> tuple[int | None, int | None]:
    """The recorded days before and after this one: looks into an index."""
    begin, end = _day(patient, day)
    found = ChunkHeader.objects.filter(patient=patient)
    before = _last_day(found.filter(start__lt=begin), patient=patient)
    return None if before is None else min(before, day - 1), _first_day(found.filter(start__gte=end), patient=patient)


def _first_day(found: Rows, *, patient: str) -> int | None:
    first = found.aggregate(first=Min("start"))["first"]
    return None if first is None else day_of(patient, first)


def _last_day(found: Rows, *, patient: str) -> int | None:
    """Of the chunk that begins last, the day in which it ends."""
    last = found.aggregate(last=Max("start"))["last"]
    if last is None:
        return None
    stop = found.filter(start=last).aggregate(stop=Max("stop"))["stop"]
    return day_of(patient, max(last, stop - timedelta(microseconds=1)))


def _of_key(asked: Asked, *, scope: Scope) -> Rows:
    """By `bucket/key`, or by a key's beginning in every bucket that may be seen."""
    patients = [asked.patient] if asked.patient else scope.visible(scope.patients)
    buckets = sorted(patient_bucket(each, prefix=settings.BUCKET_PREFIX) for each in patients)
    named, _, key = asked.key.partition("/")
    if named not in buckets:
        named, key = "", asked.key
    found = _between(key, key + _LAST_CHARACTER).order_by("object_key")
    if named or len(buckets) == 1:
        return found.filter(bucket=named or buckets[0])
    # Bucket by bucket: asked for all at once, a database may find it cheaper to sort the whole table.
    rows: list[int] = []
    for bucket in buckets:
        rows += found.filter(bucket=bucket).values_list("pk", flat=True)[: FOUND_BY_KEY - len(rows)]
        if len(rows) == FOUND_BY_KEY:
            break
    return ChunkHeader.objects.filter(pk__in=rows).order_by("pk")


def _of_patient(asked: Asked) -> Rows:
    found = ChunkHeader.objects.filter(patient=asked.patient)
    if asked.day is not None:
        begin, end = _day(asked.patient, asked.day)
        longest_us = found.aggregate(longest=Max("duration_us"))["longest"] or 0
        earliest = max(begin - timedelta(microseconds=longest_us), datetime(YEAR_FIRST, 1, 1))
        found = found.filter(start__gte=earliest, start__lt=end).alias(ends=Coalesce("stop", "start"))
        found = found.filter(Q(ends__gt=begin))
    if asked.recording:
        found = found.alias(of_recording=_HIDDEN["of_recording"]).filter(Q(of_recording=asked.recording))
    if asked.channel is not None:
        return found.filter(channel=asked.channel).order_by("start", "pk")
    return found.order_by("start", "stop", "pk")


def _rest(found: Rows, asked: Asked, *, scope: Scope) -> Rows:
    """What leads nowhere: the conditions besides the one whose index was chosen."""
    found = found.alias(**_HIDDEN)
    seen = [asked.patient] if asked.patient else scope.visible(scope.patients)
    found = found.filter(Q(of_patient__in=seen))
    if asked.recording:
        found = found.filter(Q(of_recording=asked.recording))
    if asked.channel is not None:
        found = found.filter(Q(of_channel=asked.channel))
    if asked.day is not None:
        begin, end = _day(asked.patient, asked.day)
        found = found.alias(ends=Coalesce("stop", "start")).filter(Q(begins__lt=end, ends__gt=begin))
    return found


def _bucket_of(asked: Asked) -> str:
    """Where the recording lies, which its own row says."""
    named = Recording.objects.filter(patient=asked.patient, name=asked.recording).values_list("bucket", flat=True)
    return named.first() or patient_bucket(asked.patient, prefix=settings.BUCKET_PREFIX)


def _between(first: str, beyond: str) -> Rows:
    return ChunkHeader.objects.filter(object_key__gte=first, object_key__lt=beyond)


def _day(patient: str, day: int) -> tuple[datetime, datetime]:
    begin = day_zero(patient) + timedelta(days=day)
    return max(begin, datetime(YEAR_FIRST, 1, 1)), begin + timedelta(days=1)


def _number(words: Mapping[str, str], name: str) -> int | None:
    text = words.get(name, "")
    return int(text) if text else None
