"""Where sessions lie above a picture of coverage, and the same in words.

Owns: their geometry, in percent of the picture's width, and which of them share a link: those that begin so near each
other that a finger could not tell them apart; each is drawn and told apart all the same. How much of a session was
recorded is its shape (full, half, hollow), never its colour alone.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from behavior.trials import shortened
from chunks.format.clock import DAY_US
from selections.joined import Joined, State, share_text
from selections.session_names import session_link
from selections.times import days_touched, spell_instant

WORDS_MAX = 40
NAMED = 4
NEAR_DAYS = 1 / 6  # of a day 44 pixels wide that are seven
NEAR_HOURS = 1 / 48  # of a day across the whole page
_NARROWEST = 0.35
_KINDS = {State.COVERED: "covered", State.PARTLY: "partly", State.NO_RECORDING: "none"}


@dataclass(frozen=True, kw_only=True)
class Tick:
    """One session: `kind` is covered, partly or none; x and width in percent."""

    kind: str
    x: str
    width: str
    title: str


@dataclass(frozen=True, kw_only=True)
class Mark:
    """A link over one session or several; `tip` is shown while it is pointed at, from `tip_x` towards the middle."""

    href: str
    title: str
    ticks: tuple[Tick, ...]
    tip: str
    tip_x: str
    tip_anchor: str


@dataclass(frozen=True, kw_only=True)
class InWords:
    """A session as a line of a list."""

    text: str
    href: str


def session_days(sessions: Sequence[Joined]) -> set[int]:
    """The days on which any of them was played."""
    return {day for each in sessions for day in days_touched(each.own)}


def marks_of(
    sessions: Sequence[Joined],
    places: Mapping[int, int],
    *,
    of: int,
    near: float,
    day_href: Callable[[int], str],
) -> Iterator[Mark]:
    """Sessions by start; `places` says in which of the picture's `of` columns a day is."""
    together: list[tuple[float, Joined]] = []
    for each in sessions:
        day = each.own.start_us // DAY_US
        if day not in places:
            continue
        at = places[day] + each.own.start_us / DAY_US - day
        if together and at - together[0][0] > near:
            yield _mark(together, of=of, day_href=day_href)
            together = []
        together.append((at, each))
    if together:
        yield _mark(together, of=of, day_href=day_href)


def in_words(sessions: Sequence[Joined]) -> tuple[InWords, ...]:
    """The first of them, each with the address of its page."""
    return tuple(InWords(text=_told(each), href=session_link(each.record.file_name)) for each in sessions[:WORDS_MAX])


def _mark(together: Sequence[tuple[float, Joined]], *, of: int, day_href: Callable[[int], str]) -> Mark:
    first_at, first = together[0]
    told = [_told(each) for _, each in together]
    middle = first_at / of
    few = "; ".join(told[:NAMED]) + (f"; and {len(told) - NAMED} more" if len(told) > NAMED else "")
    tasks = ", ".join(dict.fromkeys(shortened(each.task) for _, each in together))
    day = first.own.start_us // DAY_US
    alone = len(together) == 1
    return Mark(
        href=(session_link(first.record.file_name) if alone else "") or day_href(day),
        title=few if alone else f"{len(told)} sessions: {few}",
        ticks=tuple(_tick(at, each, of=of) for at, each in together),
        tip=told[0] if alone else f"{len(told)} sessions on day {day}: {tasks}",
        tip_x=f"{100 * middle:.3f}%",
        tip_anchor="start" if middle < 0.5 else "end",
    )


def _tick(at: float, session: Joined, *, of: int) -> Tick:
    until_midnight = int(at) + 1 - at
    width = max(100 * min(session.own.duration_us / DAY_US, until_midnight) / of, _NARROWEST)
    x = min(100 * at / of, 100 - width)
    return Tick(kind=_KINDS[session.state], x=f"{x:.3f}%", width=f"{width:.3f}%", title=_told(session))


def _told(session: Joined) -> str:
    start, stop = (spell_instant(us // 1_000_000 * 1_000_000) for us in (session.own.start_us, session.own.stop_us))
    if start.rpartition(" ")[0] == stop.rpartition(" ")[0]:
        stop = stop.rpartition(" ")[2]
    how = {
        State.COVERED: "recorded",
        State.PARTLY: f"{share_text(session.covered)} recorded",
        State.NO_RECORDING: "no recording",
    }[session.state]
    return f"{shortened(session.task)}, patient {session.record.subject}, {start} to {stop}, {how}"
