"""The forms of data managers: what a session is, and what of it is to be otherwise.

Owns: their fields, and which of them say something new. What a value may be is known to `behavior` alone, whose
sentences are shown.
"""

from datetime import timedelta
from typing import Any

from django import forms

from behavior.add import NewSession
from behavior.align import SEARCH, Asked
from behavior.correct import Correction
from behavior.receive import Told
from behavior.record import EXPERIMENT_LIMIT, SessionRecord
from behavior.wall_time import DAY_US, wall_time_text
from chunks.format.clock import since_day_zero_us
from people.models import PATIENT_ID_LENGTH

TIME_HELP = "Hours:minutes:seconds on the clock of the task's computer; after a further colon, microseconds."
SEARCH_MAX_MIN = 180


class SessionWords(forms.Form):
    """The five words of a session."""

    task = forms.CharField(max_length=EXPERIMENT_LIMIT, label="Task")
    patient = forms.CharField(max_length=PATIENT_ID_LENGTH, label="Patient")
    day = forms.IntegerField(label="Day", help_text="Counted from implantation, which is day 0.")
    start = forms.CharField(max_length=20, label="Start", help_text=TIME_HELP)
    stop = forms.CharField(max_length=20, label="Stop", help_text="One before the start is past midnight.")


class NewSessionForm(SessionWords):
    """Makes a session of words."""

    @property
    def new(self) -> NewSession:
        said = self.cleaned_data
        return NewSession(
            experiment=said["task"],
            patient=said["patient"],
            day=said["day"],
            start=said["start"],
            stop=said["stop"],
        )


class CorrectForm(SessionWords):
    """Corrects one; a field left as it is changes nothing."""

    offset_s = forms.FloatField(
        label="Clock offset (s)",
        min_value=-400 * 86_400,
        max_value=400 * 86_400,
        help_text="Added to its times where they meet recordings: -3600 for a laptop that was an hour fast.",
    )
    reason = forms.CharField(max_length=300, label="Why", help_text="Kept in its history.")

    @property
    def correction(self) -> Correction:
        said = {name: self.cleaned_data[name] for name in self.changed_data}
        return Correction(
            experiment=said.get("task"),
            subject=said.get("patient"),
            day=said.get("day"),
            start_time=said.get("start"),
            stop_time=said.get("stop"),
            clock_offset_us=round(said["offset_s"] * 1e6) if "offset_s" in said else None,
        )


class AlignForm(forms.Form):
    """How to look for a session's codes."""

    channel = forms.CharField(
        max_length=64, required=False, label="Channel", help_text="Empty: those that look like a trigger channel."
    )
    search = forms.IntegerField(
        min_value=1,
        max_value=SEARCH_MAX_MIN,
        initial=SEARCH // timedelta(minutes=1),
        label="Minutes to look before and after",
    )

    @property
    def asked(self) -> Asked:
        return Asked(
            channel=self.cleaned_data["channel"].strip() or None,
            search=timedelta(minutes=self.cleaned_data["search"]),
        )


def as_it_is(record: SessionRecord, *, clock_offset_us: int) -> dict[str, Any]:
    """What `CorrectForm` begins with."""
    start_us, stop_us = (since_day_zero_us(record.subject, each) for each in (record.start, record.stop))
    return {
        "task": record.experiment,
        "patient": record.subject,
        "day": record.day,
        "start": wall_time_text(start_us % DAY_US),
        "stop": wall_time_text(stop_us % DAY_US),
        "offset_s": clock_offset_us / 1e6,
    }


def as_told(told: Told) -> dict[str, str]:
    """What `NewSessionForm` begins with for a file that was refused."""
    return {
        "task": told.experiment,
        "patient": told.patient,
        "day": told.day,
        "start": told.start,
        "stop": told.stop,
    }
