"""The answer to a question: what a `Selection` finds of the patients that a `Scope` allows.

Owns: the way from question and permission to rows, sums and recordings. A patient outside the scope is never asked
for, and so is in no count, list, warning or suggestion. Patients are asked one by one, each with queries bounded in
time (`selections.rows`); nothing here grows with the number of chunks. With tasks, sessions are asked for first, all
at once, and only the patients who have some are asked further.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

from behavior.catalogue import Catalogue, FoundTasks
from behavior.record import SessionRecord
from chunks.models import ChunkHeader, Recording
from people.scope import Scope
from selections.cursor import Cursor
from selections.doubled import doubled_in
from selections.hints import hints_of, missing_of, warnings_of
from selections.joined import Joined, PatientSessions, join_all
from selections.rows import StayRows, cursor_at
from selections.selection import Selection
from selections.session_hints import session_hints_of, session_warnings_of
from selections.stay import Stay, empty_stay, ok_recordings, stay_of
from selections.task_stay import asked_sessions, task_stay_of
from selections.totals import Totals, totals_of

FETCH_ROWS = 2_000
FETCH_RECORDINGS = 100
PAGE_MAX = 10_000


@dataclass(frozen=True, kw_only=True)
class Page:
    """Chunk headers in order, and where the next page begins; None after the last."""

    rows: list[ChunkHeader]
    next: Cursor | None


class Resolved:
    """A question answered under a scope; lives no longer than the scope."""

    def __init__(self, selection: Selection, *, scope: Scope) -> None:
        self.selection = selection
        self.scope = scope
        self.patients = tuple(sorted(filter(selection.asks_for, scope.patients)))

    @cached_property
    def stays(self) -> tuple[Stay, ...]:
        """What the question means for each patient, sorted by patient; one query a patient (with tasks, three)."""
        return tuple(map(self.stay, self.patients))

    def stay(self, patient: str) -> Stay:
        """What the question means for one of its patients."""
        if not self.selection.tasks:
            return stay_of(patient, self.selection)
        of = self.joined.get(patient)
        return task_stay_of(of, self.selection) if of else empty_stay(patient)

    @cached_property
    def tasks(self) -> FoundTasks:
        """The tasks that the names mean, as far as the asker may see; none where no task is asked for."""
        names = self.selection.tasks
        return self._catalogue.find(names) if names else FoundTasks(tasks=(), unmatched=())

    @cached_property
    def sessions(self) -> tuple[Joined, ...]:
        """Every session of the tasks that lies in the time asked for, in part or by its padding, by patient and start.

        Those of which nothing is recorded too. None where no task is asked for.
        """
        return tuple(each for of in self.joined.values() for each in asked_sessions(of, self.selection))

    @cached_property
    def records(self) -> tuple[SessionRecord, ...]:
        """All sessions of the tasks, at whatever time, of the patients asked for. Raises `SessionsUnavailable`."""
        found = self._catalogue.sessions(self.tasks.tasks, patients=self.patients) if self.tasks.tasks else ()
        return tuple(found)

    @cached_property
    def joined(self) -> Mapping[str, PatientSessions]:
        """`records` with their recordings, by patient."""
        if not self.records:  # a question without tasks needs no sessions at all
            return {}
        joined = join_all(self.records, catalogue=self._catalogue, padding=self.selection.pad)
        return {of.patient: of for of in joined}

    @cached_property
    def warnings(self) -> tuple[str, ...]:
        """What the asker should know about an answer that is not empty."""
        of_sessions = session_warnings_of(self.tasks, self.sessions)
        general = warnings_of(self.selection, stays=self.stays, scope=self.scope)
        of_stays = (text for stay in self.stays for text in stay.warnings)
        return (*of_sessions, *general, *of_stays, *doubled_in(self.stays))

    def hints(self) -> tuple[str, ...]:
        """What would match, for an answer that is empty; of patients in the scope alone."""
        if not self.selection.tasks:
            return tuple(hints_of(self.selection, stays=self.stays, scope=self.scope))
        of_sessions = session_hints_of(self.tasks, self.joined, self.sessions)
        played = {each.record.subject for each in self.sessions}
        stays = [stay for stay in self.stays if stay.patient in played]
        if not stays:
            return (*of_sessions, *missing_of(self.selection, stays=self.stays, scope=self.scope))
        return (*of_sessions, *hints_of(self.selection, stays=stays, scope=self.scope))

    def totals(self) -> Totals:
        """Sums over all that is found; see `Totals`."""
        return totals_of(self.stays)

    def page(self, after: Cursor | None = None, *, size: int) -> Page:
        """At most `size` headers (1 to 10,000) after a cursor, in the order (patient, start, stop, row)."""
        if not 1 <= size <= PAGE_MAX:
            raise ValueError(f"a page has 1 to {PAGE_MAX} rows, not {size}")
        rows: list[ChunkHeader] = []
        for stay in self.stays:
            if after is not None and stay.patient < after.patient:
                continue
            here = after if after is not None and stay.patient == after.patient else None
            rows += StayRows(stay).after(here, limit=size + 1 - len(rows))
            if len(rows) > size:
                return Page(rows=rows[:size], next=cursor_at(rows[size - 1]))
        return Page(rows=rows, next=None)

    def headers(self) -> Iterator[ChunkHeader]:
        """All headers in the same order, read as they are taken."""
        for stay in self.stays:
            stay_rows, after = StayRows(stay), None
            while rows := stay_rows.after(after, limit=FETCH_ROWS):
                yield from rows
                if len(rows) < FETCH_ROWS:
                    break
                after = cursor_at(rows[-1])

    def streams(self) -> Iterator[tuple[Recording, Iterator[ChunkHeader]]]:
        """The recordings that chunks are found of, each with these, in the order of paths: patient, recording, key.

        The chunks are read as they are taken: take them before the next recording. Names and keys are in the order of
        their bytes. A recording that is no longer ok by then is left out.
        """
        for stay in self.stays:
            stay_rows = StayRows(stay)
            in_order = sorted(stay.recordings, key=lambda held: (held.name.encode(), held.bucket))
            for begin in range(0, len(in_order), FETCH_RECORDINGS):
                batch = in_order[begin : begin + FETCH_RECORDINGS]
                still_ok = ok_recordings(stay.patient).in_bulk([held.row for held in batch])
                for held in batch:
                    chunks = stay_rows.of_recording(held, page_rows=FETCH_ROWS)
                    if held.row in still_ok and (first := next(chunks, None)):
                        yield still_ok[held.row], chain([first], chunks)

    def by_recording(self) -> Iterator[tuple[Recording, list[ChunkHeader]]]:
        """As `streams`, with the chunks of one recording at a time in memory."""
        for recording, chunks in self.streams():
            yield recording, list(chunks)

    @cached_property
    def _catalogue(self) -> Catalogue:
        return Catalogue(scope=self.scope)


def resolve(selection: Selection, *, scope: Scope) -> Resolved:
    """The answer to the question, as far as the scope allows. Raises `HeadersUnavailable` once it is read."""
    return Resolved(selection, scope=scope)
