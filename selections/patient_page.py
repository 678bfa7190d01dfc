"""What the page of one patient says: her sums, her days, her recordings.

Owns: what belongs on it, page by page. Only recordings in state ok, unless all states are asked for by who may ingest.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from django.db.models import Q, QuerySet
from django.urls import reverse

from chunks.format.clock import since_day_zero_us
from chunks.models import Recording, RecordingState
from jobs.terminal import size_text
from people.scope import Scope
from selections.answer import day_link
from selections.at_a_glance import Glance, glances
from selections.coverage import coverage_of
from selections.doubled import doubled_of
from selections.intervals import measure_us
from selections.joined import Joined
from selections.picture import DayRow, day_rows, days_of, gaps_of, hours_text
from selections.played import played_by
from selections.selection import Selection
from selections.session_names import session_link
from selections.session_table import method_of, session_cells
from selections.times import spell_instant
from selections.totals import HOUR_US

DAYS_AT_ONCE = 45
RECORDINGS_AT_ONCE = 100
SESSIONS_AT_ONCE = 100
DOUBLED_NAMED = 10
_DAY = re.compile(r"-?[0-9]{1,5}")
_ROW = re.compile(r"[0-9]{1,18}")


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A recording in the list."""

    name: str
    start: str
    stop: str
    length: str
    chunks: int
    size: str
    channels: int
    state: str
    state_name: str
    warnings: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class SessionLine:
    """A session in the list; `href` is empty where it has no page."""

    task: str
    start: str
    length: str
    covered: str
    method: str
    href: str


@dataclass(frozen=True, kw_only=True)
class AboutPatient:
    """One page of a patient; those called `more_…` are query strings, empty after the last."""

    glance: Glance
    hours: float
    gaps: int
    size: str
    days: int
    day_rows: tuple[DayRow, ...]
    more_days: str
    sessions: tuple[SessionLine, ...]
    more_sessions: str
    recordings: tuple[Listed, ...]
    more_recordings: str
    later_page: bool
    doubled: tuple[str, ...]
    in_conflict: tuple[str, ...]
    search: str
    ingest: str


def about_patient(
    patient: str, *, scope: Scope, all_states: bool, days_after: str, recordings_after: str, sessions_after: str = ""
) -> AboutPatient:
    """The page; positions that mean nothing are the first page."""
    glance = glances([patient], scope=scope)[0]
    coverage = coverage_of(patient)
    sessions = played_by([patient], scope=scope).get(patient, ())
    days = days_of(coverage, sessions)
    rest = [day for day in days if day > int(days_after)] if _DAY.fullmatch(days_after) else days
    shown = rest[:DAYS_AT_ONCE]
    begun = min(int(sessions_after), len(sessions)) if _ROW.fullmatch(sessions_after) else 0
    lines = sessions[begun : begun + SESSIONS_AT_ONCE]
    listed, following = _listed(patient, all_states=all_states, after=recordings_after)
    return AboutPatient(
        glance=glance,
        hours=measure_us(coverage.held) / HOUR_US,
        gaps=len(gaps_of(coverage.held)),
        size=size_text(glance.size_bytes),
        days=len(days_of(coverage)),
        day_rows=tuple(
            day_rows(
                coverage,
                days=shown,
                day_href=day_link(Selection(), patient),
                recording_href=recording_link(patient),
                sessions=sessions,
            )
        ),
        more_days=f"days={shown[-1]}" if len(rest) > len(shown) else "",
        sessions=tuple(map(_session_line, lines)),
        more_sessions=f"sessions={begun + len(lines)}" if begun + len(lines) < len(sessions) else "",
        recordings=listed,
        more_recordings=f"recordings={following}" if following else "",
        later_page=bool(days_after or recordings_after or sessions_after),
        doubled=_doubled(patient),
        in_conflict=_in_conflict(patient) if all_states else (),
        search=f"{reverse('search')}?{Selection(patients=(patient,)).url()}",
        ingest=f"python manage.py ingest_edf FOLDER --subject {patient} --surgery-date YYYY-MM-DD",
    )


def recording_link(patient: str) -> Callable[[str], str]:
    """The address of a recording of this patient, by its name."""
    return partial(_recording_link, patient)


def recording_row(patient: str, name: str, *, scope: Scope, all_states: bool) -> Recording | None:
    """The recording, where the scope allows its patient and its state may be seen; one in state ok comes first."""
    if not scope.allows(patient):
        return None
    named = list(_visible(patient, all_states=all_states).filter(name=name))
    return min(named, key=lambda row: row.state != RecordingState.OK, default=None)


def _doubled(patient: str) -> tuple[str, ...]:
    """What two recordings hold, the first of it; the rest in a sentence."""
    held = doubled_of([patient]).get(patient, ())
    told = [f"{each.recording}: {each.says}." for each in held[:DOUBLED_NAMED]]
    return (*told, f"And {len(held) - DOUBLED_NAMED} more.") if len(held) > DOUBLED_NAMED else tuple(told)


def _in_conflict(patient: str) -> tuple[str, ...]:
    """The names of recordings that a data manager must settle."""
    rows = Recording.objects.filter(patient=patient, state=RecordingState.CONFLICT).order_by("start", "pk")
    return tuple(rows.values_list("name", flat=True)[:RECORDINGS_AT_ONCE])


def _visible(patient: str, *, all_states: bool) -> QuerySet[Recording]:
    of_patient = Recording.objects.filter(patient=patient)
    return of_patient if all_states else of_patient.filter(state=RecordingState.OK)


def _listed(patient: str, *, all_states: bool, after: str) -> tuple[tuple[Listed, ...], int | None]:
    rows = _visible(patient, all_states=all_states)
    last = rows.filter(pk=int(after)).first() if _ROW.fullmatch(after) else None
    if last is not None:
        rows = rows.filter(Q(start__gt=last.start) | Q(start=last.start, pk__gt=last.pk))
    found = list(rows.order_by("start", "pk")[: RECORDINGS_AT_ONCE + 1])
    shown = found[:RECORDINGS_AT_ONCE]
    return tuple(map(_line, shown)), shown[-1].pk if len(found) > len(shown) else None


def _line(row: Recording) -> Listed:
    start_us, stop_us = (since_day_zero_us(row.patient, moment) for moment in (row.start, row.stop))
    return Listed(
        name=row.name,
        start=spell_instant(start_us),
        stop=spell_instant(stop_us),
        length=hours_text(stop_us - start_us),
        chunks=row.chunks_expected,
        size=size_text(row.bytes_expected),
        channels=len(row.labels),
        state=row.state,
        state_name=row.get_state_display(),
        warnings=tuple(row.warning_texts),
    )


def _session_line(session: Joined) -> SessionLine:
    cells = session_cells(session)
    return SessionLine(
        task=cells["task"],
        start=cells["start"],
        length=hours_text(session.own.duration_us),
        covered=cells["covered"],
        method={"triggers": "by triggers", "hand": "by hand"}.get(method_of(session), "by the clocks"),
        href=session_link(session.record.file_name),
    )


def _recording_link(patient: str, name: str) -> str:
    return reverse("recording", args=[patient, name])
