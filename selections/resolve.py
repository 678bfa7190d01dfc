"""The answer to a question: what a `Selection` finds of the patients that a `Scope` allows.

Owns: the way from question and permission to rows, sums and recordings. A patient outside the scope is never asked
for, and so is in no count, list, warning or suggestion. Patients are asked one by one, each with queries bounded in
time (`selections.rows`); nothing here grows with the number of chunks.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

from chunks.models import ChunkHeader, Recording
from people.scope import Scope
from selections.cursor import Cursor
from selections.hints import hints_of, warnings_of
from selections.rows import StayRows, cursor_at
from selections.selection import Selection
from selections.stay import Stay, ok_recordings, stay_of
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
        """What the question means for each patient, sorted by patient; one query a patient."""
        return tuple(stay_of(patient, self.selection) for patient in self.patients)

    @cached_property
    def warnings(self) -> tuple[str, ...]:
        """What the asker should know about an answer that is not empty."""
        general = warnings_of(self.selection, stays=self.stays, scope=self.scope)
        return (*general, *(text for stay in self.stays for text in stay.warnings))

    def hints(self) -> tuple[str, ...]:
        """What would match, for an answer that is empty; of patients in the scope alone."""
        return tuple(hints_of(self.selection, stays=self.stays, scope=self.scope))

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


def resolve(selection: Selection, *, scope: Scope) -> Resolved:
    """The answer to the question, as far as the scope allows. Raises `HeadersUnavailable` once it is read."""
    return Resolved(selection, scope=scope)
