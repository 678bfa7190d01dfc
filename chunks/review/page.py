"""What the page of a patient's texts shows: those to review, released or kept, marked or not, page by page.

Owns: how the address asks for them. It has no word of any text: what is looked at is the state of a text and whether
anything in it is marked.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from chunks.format.clock import day_of
from chunks.review.gather import Gathered, Group
from chunks.review.verdicts import Standing

TEXTS_AT_ONCE = 100
TO_REVIEW, OUT, KEPT = "review", "released", "kept"
ALL, UNMARKED, MARKED = "", "no", "yes"
_SHOWN = {TO_REVIEW: "To review", OUT: "Released", KEPT: "Kept withheld"}
_MARKS = {ALL: "All", UNMARKED: "Nothing marked", MARKED: "With marks"}


@dataclass(frozen=True, kw_only=True)
class Look:
    """What the address asks for. `ticked`: all texts of the page are chosen beforehand."""

    show: str = TO_REVIEW
    marked: str = ALL
    number: int = 1
    ticked: bool = False

    def query(self, **other: object) -> str:
        asked = {"show": self.show, "marked": self.marked, "page": self.number, "ticked": ""} | other
        plain = {"show": TO_REVIEW, "marked": ALL, "page": 1, "ticked": ""}
        return urlencode({name: value for name, value in asked.items() if value != plain[name]})


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A link to another part of the texts."""

    title: str
    count: int
    query: str
    here: bool


@dataclass(frozen=True, kw_only=True)
class Row:
    """One text, as it is shown."""

    group: Group
    place: str
    recordings: int


@dataclass(frozen=True, kw_only=True)
class ReviewPage:
    """The texts of one page, and what else there is."""

    look: Look
    shows: tuple[Choice, ...]
    marks: tuple[Choice, ...]
    rows: tuple[Row, ...]
    texts: int
    pages: int
    earlier: str | None
    later: str | None
    here: str
    tick: str
    untick: str


def read_look(words: Mapping[str, str]) -> Look:
    """Of an address or a form; what it does not know counts as not said."""
    number = words.get("page", "")
    return Look(
        show=words.get("show", "") if words.get("show", "") in _SHOWN else TO_REVIEW,
        marked=words.get("marked", "") if words.get("marked", "") in _MARKS else ALL,
        number=int(number) if number.isascii() and number.isdigit() and 0 < len(number) <= 6 else 1,
        ticked=words.get("ticked") == "1",
    )


def review_page(gathered: Gathered, *, look: Look, patient: str) -> ReviewPage:
    """One page; where it would be beyond the last, the last."""
    of_show = {show: [group for group in gathered.groups if _show_of(group.standing) == show] for show in _SHOWN}
    of_mark = {marked: [each for each in of_show[look.show] if _fits(each, marked)] for marked in _MARKS}
    wanted = of_mark[look.marked]
    pages = max(1, -(-len(wanted) // TEXTS_AT_ONCE))
    number = min(max(look.number, 1), pages)
    look = Look(show=look.show, marked=look.marked, number=number, ticked=look.ticked)
    first = (number - 1) * TEXTS_AT_ONCE
    return ReviewPage(
        look=look,
        shows=tuple(
            Choice(title=title, count=len(of_show[show]), query=Look(show=show).query(), here=show == look.show)
            for show, title in _SHOWN.items()
        ),
        marks=tuple(
            Choice(
                title=title,
                count=len(of_mark[marked]),
                query=Look(show=look.show, marked=marked).query(),
                here=marked == look.marked,
            )
            for marked, title in _MARKS.items()
        ),
        rows=tuple(_row(group, patient=patient) for group in wanted[first : first + TEXTS_AT_ONCE]),
        texts=len(wanted),
        pages=pages,
        earlier=look.query(page=number - 1) if number > 1 else None,
        later=look.query(page=number + 1) if number < pages else None,
        here=look.query(),
        tick=look.query(ticked="1"),
        untick=look.query(),
    )


def spelled(moment: datetime | None, *, patient: str) -> str:
    """A patient's time as pages write it: `day 3 14:05:20`."""
    if moment is None:
        return "at no time that a clock shows"
    return f"day {day_of(patient, moment)} {moment:%H:%M:%S}"


def _row(group: Group, *, patient: str) -> Row:
    return Row(group=group, place=spelled(group.first, patient=patient), recordings=len(group.recordings))


def _show_of(standing: Standing) -> str:
    return {Standing.TO_REVIEW: TO_REVIEW, Standing.KEPT: KEPT}.get(standing, OUT)


def _fits(group: Group, marked: str) -> bool:
    return marked == ALL or group.marked == (marked == MARKED)
