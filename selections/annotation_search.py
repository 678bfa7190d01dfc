"""Released annotations, searched by what they say: whose, when, in which recording, and the selection around each.

Owns: the form of that query. Only what a data manager has released is a row at all; only patients of the scope and
recordings in state ok are asked for. Case, accents and blanks make no difference, and every character means itself.
"""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.db.models import Exists, OuterRef, QuerySet
from django.urls import reverse

from chunks.format.clock import since_day_zero_us
from chunks.models import Recording, RecordingState, ReleasedText
from chunks.review.released_rows import searched_form
from people.scope import Scope
from selections.form import address
from selections.intervals import Interval
from selections.picture import hours_text
from selections.selection import Selection
from selections.times import spell_instant

AT_ONCE = 100
TEXT_MAX = 200
PAD_US = 5 * 60 * 1_000_000


@dataclass(frozen=True, kw_only=True)
class Found:
    """One released annotation; `search` asks for the time around it."""

    patient: str
    recording: str
    start: str
    length: str
    channel: str
    text: str
    selection: Selection

    @property
    def search(self) -> str:
        return f"{reverse('search')}?{address(self.selection)}"


@dataclass(frozen=True, kw_only=True)
class FoundPage:
    """Those of one page, by patient and time; `number` counts from 1."""

    found: tuple[Found, ...]
    count: int
    number: int
    pages: int

    def question(self, text: str, *, patient: str, recording: str) -> str:
        """What the audit keeps of what was asked: the text only where it is in one that is released, for whoever looks
        for a name types it."""
        said = {"text": text if self.count else "…" * bool(text), "patient": patient, "recording": recording}
        return urlencode({name: value for name, value in said.items() if value and (self.count or name == "text")})


def search_annotations(
    text: str, *, scope: Scope, patient: str = "", recording: str = "", number: int = 1, at_once: int = AT_ONCE
) -> FoundPage:
    """The released annotations that hold the text; an empty word asks for all. A page beyond the last is the last."""
    rows = _rows(text, scope=scope, patient=patient, recording=recording)
    count = rows.count()
    pages = max(1, -(-count // at_once))
    number = min(max(number, 1), pages)
    some = rows.order_by("patient", "start", "recording", "place")[(number - 1) * at_once : number * at_once]
    return FoundPage(found=tuple(map(_found, some)), count=count, number=number, pages=pages)


def _rows(text: str, *, scope: Scope, patient: str, recording: str) -> QuerySet[ReleasedText]:
    wanted = [each for each in scope.patients if not patient or each.lower() == patient.lower()]
    ok = Recording.objects.filter(bucket=OuterRef("bucket"), name=OuterRef("recording"), state=RecordingState.OK)
    rows = ReleasedText.objects.filter(Exists(ok), patient__in=scope.visible(wanted))
    if recording:
        rows = rows.filter(recording=recording)
    looked_for = searched_form(text[:TEXT_MAX])
    return rows.filter(folded__contains=looked_for) if looked_for else rows


def _found(row: ReleasedText) -> Found:
    start_us = since_day_zero_us(row.patient, row.start)
    around = Interval(start_us=start_us - PAD_US, stop_us=start_us + (row.duration_us or 0) + PAD_US)
    return Found(
        patient=row.patient,
        recording=row.recording,
        start=spell_instant(start_us),
        length="" if row.duration_us is None else hours_text(row.duration_us),
        channel=row.label,
        text=row.text,
        selection=Selection(patients=(row.patient,), when=(around,)),
    )
