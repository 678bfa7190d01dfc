"""The filters that the lists of headers and recordings offer beside them.

Owns: where their values come from: the patients that may be seen, and the rows of one patient's recordings. Never from
the chunk headers, of which there are too many to look for what is different in them.
"""

import json
from collections.abc import Sequence
from typing import Any

from django.contrib.admin import ModelAdmin
from django.http import HttpRequest

from chunks.header_list import CHANNEL, DAY, PATIENT, RECORDING
from chunks.models import Recording, RecordingState
from chunks.recording_list import days_of
from people.asking import page_scope
from people.readonly_admin import OfferedFilter

Choices = list[tuple[str, str]]


class PatientFilter(OfferedFilter):
    title = "patient"
    parameter_name = PATIENT
    clears = (RECORDING, CHANNEL, DAY, "q")

    def lookups(self, request: HttpRequest, _admin: "ModelAdmin[Any]") -> Choices:
        scope = page_scope(request)
        return [(each, each) for each in scope.visible(scope.patients)]


class DayFilter(OfferedFilter):
    title = "day"
    parameter_name = DAY

    def lookups(self, request: HttpRequest, _admin: "ModelAdmin[Any]") -> Choices:
        days: set[int] = set()
        for each in _recordings(request):
            days.update(days_of(each))
        return [(str(day), f"day {day}") for day in sorted(days)]


class RecordingFilter(OfferedFilter):
    title = "recording"
    parameter_name = RECORDING

    def lookups(self, request: HttpRequest, _admin: "ModelAdmin[Any]") -> Choices:
        return [(each.name, _with_state(each)) for each in _recordings(request)]


class ChannelFilter(OfferedFilter):
    title = "channel"
    parameter_name = CHANNEL

    def lookups(self, request: HttpRequest, _admin: "ModelAdmin[Any]") -> Choices:
        name = request.GET.get(RECORDING, "")
        labels: dict[int, dict[str, None]] = {}
        for text in {each.channels for each in _recordings(request) if name in {"", each.name}}:
            for number, label in json.loads(text):
                if number is not None:
                    labels.setdefault(number, {})[label] = None
        return [(str(number), f"{number} · {', '.join(labels[number])}") for number in sorted(labels)]


class StateFilter(OfferedFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, _request: HttpRequest, _admin: "ModelAdmin[Any]") -> Choices:
        return [(str(value), str(label)) for value, label in RecordingState.choices]


def _with_state(recording: Recording) -> str:
    return recording.name if recording.state == RecordingState.OK else f"{recording.name} ({recording.state})"


def _recordings(request: HttpRequest) -> Sequence[Recording]:
    """Those of the patient that was chosen, read once for a request; none without one."""
    found: Sequence[Recording] | None = getattr(request, "_recordings", None)
    if found is None:
        patient = request.GET.get(PATIENT, "")
        seen = patient and page_scope(request).allows(patient)
        found = list(Recording.objects.filter(patient=patient).order_by("start", "stop", "pk")) if seen else []
        request._recordings = found  # type: ignore[attr-defined]
    return found
