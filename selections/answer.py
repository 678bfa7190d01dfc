"""What the search page says in one go: sums, warnings or hints, one page of headers, one page of pictures.

Owns: what belongs together on the page, and how much of it there is. All of it is read under the scope of the question.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from django.conf import settings
from django.urls import reverse

from chunks.format.clock import DAY_US, since_day_zero_us
from chunks.models import ChunkHeader
from jobs.terminal import size_text, time_text
from people.scope import Scope
from selections.command_line import options_of
from selections.coverage import coverage_of
from selections.cursor import Cursor
from selections.form import address, in_prose
from selections.intervals import Interval
from selections.joined import Joined, State
from selections.picture import Strip, strip
from selections.played import by_patient, played_by
from selections.resolve import Resolved
from selections.selection import Selection
from selections.session_names import session_link
from selections.session_table import session_cells, sessions_summary
from selections.stay import Stay
from selections.table import cells_of
from selections.times import spell_instant
from selections.totals import Totals

PAGE_ROWS = 50
PAGE_SESSIONS = 100
PICTURES = 12
# Each day of a picture repeats the question in its link: of long questions there are fewer pictures on a page.
_LINKS_BYTES = 30_000
_DAYS_AS_A_RULE = 10


@dataclass(frozen=True, kw_only=True)
class Pictures:
    """Strips of some patients; `more` is the query string of the page with the next ones, `left` how many those are."""

    strips: tuple[Strip, ...]
    left: int
    more: str

    @property
    def with_sessions(self) -> bool:
        return any(each.marks for each in self.strips)


@dataclass(frozen=True, kw_only=True)
class Row:
    """A header as the table shows it."""

    patient: str
    recording: str
    cells: Mapping[str, str]
    start: str
    stop: str


@dataclass(frozen=True, kw_only=True)
class SessionRow:
    """A session as the table shows it; `href` is empty where it has no page."""

    cells: Mapping[str, str]
    state: State
    href: str


@dataclass(frozen=True, kw_only=True)
class Sessions:
    """The sessions of the tasks asked for, as the page shows them; `left` are further ones."""

    summary: str
    rows: tuple[SessionRow, ...]
    left: int


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An answer's first page: `totals` and pictures; or a later one, which has rows alone."""

    totals: Totals | None
    rows: tuple[Row, ...]
    next: str
    warnings: tuple[str, ...]
    hints: tuple[str, ...]
    pictures: Pictures | None
    sessions: Sessions | None = None

    @property
    def size(self) -> str:
        return size_text(self.totals.size_bytes) if self.totals else ""

    @property
    def duration(self) -> str:
        """How long the bytes take at the stated rate."""
        return time_text(self.totals.seconds_at(settings.DOWNLOAD_MB_PER_S * 1e6)) if self.totals else ""

    @property
    def rate(self) -> str:
        return f"{size_text(settings.DOWNLOAD_MB_PER_S * 1e6)}/s"


def first_page(resolved: Resolved, *, beyond: str) -> Answer:
    """All that is said of a question; `beyond` is the patient after whom the pictures begin."""
    totals = resolved.totals()
    if not totals.chunks:
        patients = resolved.patients or tuple(resolved.scope.visible(resolved.scope.patients))
        return Answer(
            totals=totals,
            rows=(),
            next="",
            warnings=(),
            hints=tuple(map(in_prose, resolved.hints())),
            pictures=pictures(
                patients,
                question=resolved.selection,
                scope=resolved.scope,
                beyond=beyond,
                sessions=resolved.sessions,
            ),
            sessions=_sessions(resolved.sessions),
        )
    found = {stay.patient: stay for stay in resolved.stays if stay.recordings}
    rows, after = _rows(resolved, after=None)
    return Answer(
        totals=totals,
        rows=rows,
        next=after,
        warnings=tuple(map(in_prose, resolved.warnings)),
        hints=(),
        sessions=_sessions(resolved.sessions),
        pictures=pictures(
            tuple(found),
            question=resolved.selection,
            scope=resolved.scope,
            beyond=beyond,
            found_by=found,
            sessions=resolved.sessions,
        ),
    )


def _sessions(sessions: Sequence[Joined]) -> Sessions | None:
    if not sessions:
        return None
    return Sessions(
        summary=sessions_summary(sessions),
        rows=tuple(map(_session_row, sessions[:PAGE_SESSIONS])),
        left=max(0, len(sessions) - PAGE_SESSIONS),
    )


def _session_row(session: Joined) -> SessionRow:
    return SessionRow(cells=session_cells(session), state=session.state, href=session_link(session.record.file_name))


def later_page(resolved: Resolved, *, after: Cursor) -> Answer:
    """The headers after a cursor; no sums, which the first page has."""
    rows, following = _rows(resolved, after=after)
    return Answer(totals=None, rows=rows, next=following, warnings=(), hints=(), pictures=None)


def pictures(
    patients: Sequence[str],
    *,
    question: Selection | None,
    scope: Scope,
    beyond: str,
    found_by: Mapping[str, Stay] | None = None,
    sessions: Sequence[Joined] = (),
) -> Pictures:
    """Pictures of patients after `beyond`; each day leads to the same question about that day alone. Above each lie the
    sessions that a question with tasks found, else all there are."""
    rest = [patient for patient in scope.visible(patients) if patient > beyond]
    shown = rest[: max(1, min(PICTURES, _LINKS_BYTES // (_DAYS_AS_A_RULE * (1 + len(address(question))))))]
    stays, anything = found_by or {}, question or Selection()
    played = by_patient(sessions) if anything.tasks else played_by(shown, scope=scope)
    return Pictures(
        strips=tuple(
            strip(
                coverage_of(patient, found_by=stays.get(patient)),
                day_href=day_link(anything, patient),
                sessions=played.get(patient, ()),
            )
            for patient in shown
        ),
        left=len(rest) - len(shown),
        more=address(question, beyond=shown[-1]) if len(rest) > len(shown) else "",
    )


def day_link(question: Selection, patient: str) -> Callable[[int], str]:
    """The address of the question narrowed to this patient and a whole day."""
    return partial(_day_link, question, patient)


def commands(selection: Selection) -> dict[str, str]:
    """The same question on the command line: on the server, and on one's own computer."""
    options = options_of(selection)
    return {
        "search": f"python manage.py search {options}",
        "download": f"python manage.py download --to . {options}",
        "ecog": f"./ecog download {options}",
    }


def _day_link(question: Selection, patient: str, day: int) -> str:
    that_day = (Interval(start_us=day * DAY_US, stop_us=(day + 1) * DAY_US),)
    return f"{reverse('search')}?{address(replace(question, patients=(patient,), when=that_day))}"


def _rows(resolved: Resolved, *, after: Cursor | None) -> tuple[tuple[Row, ...], str]:
    page = resolved.page(after, size=PAGE_ROWS)
    following = address(resolved.selection, after=str(page.next)) if page.next else ""
    return tuple(map(_row, page.rows)), following


def _row(header: ChunkHeader) -> Row:
    start_us, stop_us = (since_day_zero_us(header.patient, moment) for moment in (header.start, header.stop))
    start_day, stop_day = start_us // DAY_US, stop_us // DAY_US
    stop = spell_instant(stop_us)
    return Row(
        patient=header.patient,
        recording=header.recording,
        cells=cells_of(header),
        start=spell_instant(start_us),
        stop=stop if stop_day != start_day else stop.rpartition(" ")[2],
    )
