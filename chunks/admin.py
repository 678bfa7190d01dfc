"""Headers and recordings in the Django admin: to look at, never to change; the buckets are the truth.

Owns: what these pages show. Looking is written into the audit with the patients shown. While the headers database
sleeps they answer as every page does.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from chunks import header_list
from chunks.admin_filters import ChannelFilter, DayFilter, PatientFilter, RecordingFilter, StateFilter
from chunks.format.clock import day_of
from chunks.format.keys import recording_key
from chunks.header_list import DAY, PATIENT, Asked
from chunks.models import ChunkHeader, HeadersState, Recording
from chunks.recording_list import days_of, recordings, visible_recordings
from jobs.terminal import size_text, time_text
from people.asking import page_scope
from people.readonly_admin import ReadOnlyAdmin
from storage.errors import ObjectMissing, StorageError
from storage.objects import ObjectInfo
from storage.urls import open_objects


class HeaderChanges(ChangeList):
    """The list of headers, and the way from one recorded day of a patient to the next."""

    asked: Asked

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Any]:  # noqa: ANN401
        super().get_queryset(request, exclude_parameters)  # reads the filters
        self.asked = header_list.read(request.GET)
        if self.asked.fault:
            messages.warning(request, self.asked.fault)
        self._scope = page_scope(request)
        return header_list.rows(self.asked, scope=self._scope)

    @property
    def days(self) -> list[tuple[str, int, str]]:
        """Where to go from here: words, day and address."""
        patient, day = self.asked.patient, self.asked.day
        if not patient or not self._scope.allows(patient):
            return []
        if day is None:
            ends = header_list.first_and_last_day(patient)
            ways = [("First recorded day", ends[0]), ("Last recorded day", ends[1])] if ends else []
        else:
            before, after = header_list.neighbours(patient, day)
            ways = [(words, to) for words, to in (("← Day", before), ("Day", after)) if to is not None]
        return [(words, to, self.get_query_string({DAY: to}, ["p"])) for words, to in ways]


class OfPatients(ReadOnlyAdmin):
    """Rows that tell about the patient they name."""

    act = "look"

    def patients_shown(self, rows: Iterable[Any], request: HttpRequest) -> Iterable[str]:
        """Also the patient asked for of whom nothing is there: that was looked for."""
        asked = request.GET.get(PATIENT, "")
        return {row.patient for row in rows} | ({asked} if page_scope(request).allows(asked) else set())


@admin.register(ChunkHeader)
class ChunkHeaderAdmin(OfPatients):
    list_display = (
        "object_key",
        "patient",
        "recording",
        "number",
        "label",
        "day",
        "from_",
        "length",
        "size",
        "version",
    )
    list_filter = (PatientFilter, DayFilter, RecordingFilter, ChannelFilter)
    search_fields = ("object_key",)
    search_help_text = "bucket/key, or a key's beginning, such as day3_140500/LTG12: then the first 500"
    change_list_template = "admin/chunks/headers.html"
    fields = ("place", "recording_page", "channel", "label", "label_norm", "chunk", "begins", "ends", "length",
              "samples", "samps_per_record", "record_duration", "dtype", "bytes_", "object_now", "etag", "crc32",
              "file_crc32", "version", "indexed")  # fmt: skip

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:  # noqa: ANN401
        return HeaderChanges

    def get_queryset(self, request: HttpRequest) -> QuerySet[Model]:
        return header_list.visible(page_scope(request))

    def question(self, request: HttpRequest) -> str:
        return header_list.read(request.GET).words()

    @admin.display(description="channel")
    def number(self, row: ChunkHeader) -> str:
        return "" if row.channel is None else str(row.channel)

    @admin.display(description="day")
    def day(self, row: ChunkHeader) -> str:
        return str(day_of(row.patient, row.start))

    @admin.display(description="from")
    def from_(self, row: ChunkHeader) -> str:
        return row.start.time().isoformat()

    @admin.display(description="length")
    def length(self, row: ChunkHeader) -> str:
        return time_text(row.duration_us / 1e6)

    @admin.display(description="size")
    def size(self, row: ChunkHeader) -> str:
        return size_text(row.size_bytes)

    @admin.display(description="bytes")
    def bytes_(self, row: ChunkHeader) -> str:
        return f"{row.size_bytes:,}"

    @admin.display(description="start")
    def begins(self, row: ChunkHeader) -> str:
        return moment(row.patient, row.start)

    @admin.display(description="stop")
    def ends(self, row: ChunkHeader) -> str:
        return moment(row.patient, row.stop)

    @admin.display(description="indexed")
    def indexed(self, row: ChunkHeader) -> str:
        return utc(row.indexed_at)

    @admin.display(description="place in the store")
    def place(self, row: ChunkHeader) -> str:
        return f"{row.bucket}/{row.object_key}"

    @admin.display(description="recording")
    def recording_page(self, row: ChunkHeader) -> str:
        return recording_link(row.patient, row.recording)

    @admin.display(description="the object now")
    def object_now(self, row: ChunkHeader) -> str:
        return object_now(row.bucket, key=row.object_key, etag=row.etag, size_bytes=row.size_bytes)


@admin.register(Recording)
class RecordingAdmin(OfPatients):
    list_display = ("name", "patient", "state", "days", "channels_held", "chunks_expected", "size", "recording_page")
    list_filter = (PatientFilter, StateFilter)
    search_fields = ("name",)
    search_help_text = "bucket/name, or a recording's whole name, such as day3_140500"
    fields = ("place", "recording_page", "chunks", "state", "begins", "ends", "clock_offset_us", "chunks_expected",
              "size", "fingerprint", "data_sha256", "channel_list", "warning_list", "object_now", "etag",
              "indexed")  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Model]:
        return visible_recordings(page_scope(request))

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:  # noqa: ANN401
        return RecordingChanges

    def question(self, request: HttpRequest) -> str:
        return header_list.read(request.GET).words()

    @admin.display(description="days")
    def days(self, row: Recording) -> str:
        days = days_of(row)
        return str(days[0]) if len(days) == 1 else f"{days[0]} to {days[-1]}"

    @admin.display(description="start")
    def begins(self, row: Recording) -> str:
        return moment(row.patient, row.start)

    @admin.display(description="stop")
    def ends(self, row: Recording) -> str:
        return moment(row.patient, row.stop)

    @admin.display(description="indexed")
    def indexed(self, row: Recording) -> str:
        return utc(row.indexed_at)

    @admin.display(description="channels")
    def channels_held(self, row: Recording) -> int:
        return len(row.labels)

    @admin.display(description="size")
    def size(self, row: Recording) -> str:
        return f"{size_text(row.bytes_expected)} ({row.bytes_expected:,} bytes)"

    @admin.display(description="place in the store")
    def place(self, row: Recording) -> str:
        return f"{row.bucket}/{recording_key(row.name)}"

    @admin.display(description="page")
    def recording_page(self, row: Recording) -> str:
        return recording_link(row.patient, row.name)

    @admin.display(description="chunk headers")
    def chunks(self, row: Recording) -> str:
        address = reverse("admin:chunks_chunkheader_changelist", query={"patient": row.patient, "recording": row.name})
        return format_html('<a href="{}">All of this recording</a>', address)

    @admin.display(description="channels")
    def channel_list(self, row: Recording) -> str:
        return ", ".join(f"{number} {label}" for number, label in row.labels)

    @admin.display(description="warnings")
    def warning_list(self, row: Recording) -> str:
        return " ".join(row.warning_texts) or "none"

    @admin.display(description="the object now")
    def object_now(self, row: Recording) -> str:
        return object_now(row.bucket, key=recording_key(row.name), etag=row.etag)


class RecordingChanges(ChangeList):
    """The list of recordings."""

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Any]:  # noqa: ANN401
        super().get_queryset(request, exclude_parameters)  # reads the filters
        return recordings(
            patient=request.GET.get(PATIENT, ""),
            state=request.GET.get("state", ""),
            name=self.query.strip(),
            scope=page_scope(request),
        )


@admin.register(HeadersState)
class HeadersStateAdmin(ReadOnlyAdmin):
    list_display = ("state", "since", "who", "generation", "note")
    fields = ("state", "since", "who", "host", "port", "generation", "note")


def moment(patient: str, at: datetime) -> str:
    """A time on the patient's clock, by the day and as the row has it."""
    return f"day {day_of(patient, at)} {at.time().isoformat()} ({at.isoformat(sep=' ')})"


def utc(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def recording_link(patient: str, name: str) -> str | SafeString:
    """To the recording's own page; its name alone where the portal has no such page."""
    try:
        address = reverse("recording", args=[patient, name])
    except NoReverseMatch:
        return name
    return format_html('<a href="{}">{}</a>', address, name)


def object_now(bucket: str, *, key: str, etag: str, size_bytes: int | None = None) -> str:
    """What the store says of the object at this moment, beside what the row says."""
    try:
        info: ObjectInfo = open_objects(settings.OBJECTS_URL).head(bucket, key)
    except ObjectMissing:
        return "The object is gone: this row is old, and the next indexing removes it."
    except StorageError as error:
        return f"Not known: {error}"
    found = f"{info.size_bytes:,} bytes, ETag {info.etag}"
    same = info.etag == etag and size_bytes in {None, info.size_bytes}
    return f"{found}: as this row says." if same else f"{found}: not what this row says. Index it again."
