"""The time axis of a picture: where an instant lies on it, what is written below, where sessions lie above.

Owns: that stretches which the summary kept apart are drawn apart, and that no two words overlap. Times are the
patient's, in microseconds since day 0, 00:00.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from selections.joined import Joined
from selections.times import spell_instant

BREAK_COLUMNS = 2
STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800)
APART_PX, TICK_PX, LETTER_PX, LEAST_MARK_PX = 75, 38, 6, 3.0
MINUTE_S, SECOND_US = 60, 1_000_000


@dataclass(frozen=True, kw_only=True)
class Tick:
    """A time below the cells; `day` where it is another than the last one's."""

    x: float
    time: str
    day: str


@dataclass(frozen=True, kw_only=True)
class Mark:
    """A session above the cells, as far as one stretch shows it; `name` where there is room for it."""

    x: float
    width: float
    title: str
    name: str


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """column: its first, breaks counted."""

    start_us: int
    column: int
    columns: int


@dataclass(frozen=True, kw_only=True)
class TimeAxis:
    """Columns of equal time, side by side but for the breaks."""

    stretches: tuple[Stretch, ...]
    step_us: float
    width: int

    @classmethod
    def of(cls, begun: Sequence[tuple[int, int]], *, step_us: float, width: int) -> "TimeAxis":
        """`begun`: when each stretch begins, and how many columns it has."""
        stretches: list[Stretch] = []
        at = 0
        for start_us, columns in begun:
            stretches.append(Stretch(start_us=start_us, column=at, columns=columns))
            at += columns + BREAK_COLUMNS
        return cls(stretches=tuple(stretches), step_us=step_us, width=width)

    @property
    def columns(self) -> int:
        last = self.stretches[-1]
        return last.column + last.columns

    @property
    def cell_px(self) -> float:
        return self.width / self.columns

    @property
    def breaks(self) -> tuple[tuple[float, float], ...]:
        """(x, width) of each."""
        size = round(BREAK_COLUMNS * self.cell_px, 1)
        return tuple((round(each.column * self.cell_px - size, 1), size) for each in self.stretches[1:])

    @property
    def names(self) -> tuple[str, ...]:
        """When each column begins; empty for one of a break."""
        found = [""] * self.columns
        for each in self.stretches:
            for place in range(each.columns):
                found[each.column + place] = self._spell(each.start_us + round(place * self.step_us))
        return tuple(found)

    def end_of(self, column: int) -> str:
        """When a column that is no break ends."""
        each = next(each for each in reversed(self.stretches) if each.column <= column)
        return self._spell(each.start_us + round((column + 1 - each.column) * self.step_us))

    @property
    def ticks(self) -> tuple[Tick, ...]:
        """The beginning of each stretch, then round times between, where there is room."""
        places: list[tuple[float, int]] = []
        for x, at_us in (*self._starts(), *self._round()):
            if all(abs(x - other) >= TICK_PX for other, _ in places):
                places.append((x, at_us))
        before = ""
        found: list[Tick] = []
        for x, at_us in sorted(places):
            day, _, time = self._spell(at_us).rpartition(" ")
            found.append(Tick(x=round(x, 1), time=time, day="" if day == before else day))
            before = day
        return tuple(found)

    def marks(self, sessions: Sequence[Joined]) -> tuple[Mark, ...]:
        parts = sorted(
            (x, width, each.task, f"{each.task}: {self._spell(each.own.start_us)} to {self._spell(each.own.stop_us)}")
            for each in sessions
            for x, width in self._parts(each.own.start_us, each.own.stop_us)
        )
        free_px = 0.0
        found: list[Mark] = []
        for x, width, task, title in parts:
            fits = x >= free_px and x + len(task) * LETTER_PX <= self.width
            free_px = x + (len(task) + 1) * LETTER_PX if fits else free_px
            found.append(Mark(x=round(x, 1), width=round(width, 1), title=title, name=task if fits else ""))
        return tuple(found)

    def _parts(self, start_us: int, stop_us: int) -> Iterator[tuple[float, float]]:
        px_a_us = self.cell_px / self.step_us
        for each in self.stretches:
            first, last = (max(0.0, (at_us - each.start_us) * px_a_us) for at_us in (start_us, stop_us))
            room = each.columns * self.cell_px
            if last > 0 and first < room:
                width = max(LEAST_MARK_PX, min(last, room) - first)
                yield min(each.column * self.cell_px + first, self.width - width), width

    def _starts(self) -> Iterator[tuple[float, int]]:
        for each in self.stretches:
            yield each.column * self.cell_px, each.start_us

    def _round(self) -> Iterator[tuple[float, int]]:
        step_us = self._tick_s * SECOND_US
        for each in self.stretches:
            stop_us = each.start_us + each.columns * self.step_us
            at_us = -(-each.start_us // step_us) * step_us
            while at_us < stop_us:
                yield each.column * self.cell_px + (at_us - each.start_us) * self.cell_px / self.step_us, at_us
                at_us += step_us

    @property
    def _tick_s(self) -> int:
        px_a_s = self.cell_px / self.step_us * SECOND_US
        return next((step for step in STEPS_S if step * px_a_s >= APART_PX), STEPS_S[-1])

    def _spell(self, at_us: int) -> str:
        """To the minute, or to the second where columns are short."""
        unit_us = (1 if self._tick_s < MINUTE_S else MINUTE_S) * SECOND_US
        return spell_instant(at_us // unit_us * unit_us)
