"""The search form: what a person typed, the question it asks or what is wrong with it, and the question's one address.

Owns: the fields in human words, how a query string fills them, and the address of a question's page: equal questions
have equal addresses. Every patient is a choice of its own (`patient=*` in the address): a form whose patients are left
empty says so instead of asking for all of them. Knows neither database nor permission.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qs, parse_qsl, urlencode

from chunks.format.clock import DAY_US
from selections import times
from selections.errors import Problem, SelectionError
from selections.intervals import Interval
from selections.selection import Selection
from selections.words import FIELDS, WORDS_MAX, parse

EVERYONE = "everyone"
AFTER = "after"
BEYOND = "beyond"
NAMED = 8
NO_PATIENT = "say whose recordings: IDs such as 2002, patterns such as 20*, or every patient you may see."
BOTH = "patients are named, and every patient is asked for too: clear one of the two."

_TO_WRITE = re.compile(r"`([^`]+)`")
_LINES = re.compile(r"[\r\n]+")


@dataclass(frozen=True, kw_only=True)
class Field:
    """One field as the page shows it; `lines`: several values, one a line."""

    name: str
    label: str
    help: str
    example: str
    lines: bool = False
    value: str = ""
    faults: tuple[str, ...] = ()


_SHOWN = (
    Field(name="patient", label="Patients", help="IDs, or patterns with *; commas between.", example="2002, 20*"),
    Field(
        name="task",
        label="Tasks",
        help="Names in any spelling, or parts of them; empty: all time, whatever was played.",
        example="ToM_Loc, faces",
    ),
    Field(
        name="pad", label="Minutes around", help="Before and after each session of the tasks.", example="5   or   5, 10"
    ),
    Field(
        name="channel",
        label="Channels",
        help="Labels, ranges, patterns or numbers; empty: every channel.",
        example="LTG1..LTG8, RPT*, 5",
    ),
    Field(
        name="day",
        label="Days",
        help="Counted from implantation, which is day 0; empty: all.",
        example="3   -1..3   4, 6",
    ),
    Field(name="start", label="From", help="A day and time; empty: the beginning.", example="day 3 14:05"),
    Field(name="stop", label="Up to", help="Without this instant; empty: the end.", example="day 4 02:00"),
    Field(name="hours", label="Hours of each day", help="May pass midnight; empty: all day.", example="22:00-06:00"),
)
_MORE = (
    Field(
        name="when",
        label="Several stretches of time",
        help="One a line, from..up to; a side left out is open.",
        example="day 3 14:05..day 4 02:00",
        lines=True,
    ),
)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a query string asks.

    selection: None where nothing is asked, or where it cannot be read (then `problems` says why).
    values: each field's text; as typed while there are problems, else as it was understood.
    after, beyond: where the page of headers, and that of pictures, begins.
    """

    selection: Selection | None = None
    problems: tuple[Problem, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict)
    everyone: bool = False
    after: str = ""
    beyond: str = ""

    @property
    def fields(self) -> list[Field]:
        return [self._filled(each) for each in _SHOWN]

    @property
    def more(self) -> list[Field]:
        return [self._filled(each) for each in _MORE]

    @property
    def more_is_used(self) -> bool:
        return any(each.value or each.faults for each in self.more)

    @property
    def other_faults(self) -> list[str]:
        """What is wrong with no field that is shown."""
        beside = {each.name for each in (*_SHOWN, *_MORE)}
        return [in_prose(each.message) for each in self.problems if each.field not in beside]

    @property
    def query(self) -> str:
        """The canonical query string of this page."""
        return address(self.selection, after=self.after, beyond=self.beyond)

    def _filled(self, empty: Field) -> Field:
        return Field(
            name=empty.name,
            label=empty.label,
            help=empty.help,
            example=empty.example,
            lines=empty.lines,
            value=self.values.get(empty.name, ""),
            faults=tuple(in_prose(each.message) for each in self.problems if each.field == empty.name),
        )


def address(selection: Selection | None, *, after: str = "", beyond: str = "") -> str:
    """The query string of a question's page (None: of the page to begin with)."""
    parts = []
    if selection is not None:
        question = selection.url()
        parts = [part for part in (question if selection.patients else f"patient=*&{question}").split("&") if part]
    places = {name: value for name, value in ((AFTER, after), (BEYOND, beyond)) if value}
    return "&".join([*parts, *([urlencode(places)] if places else [])])


def in_prose(text: str) -> str:
    """A sentence made for a terminal: what it says to write is in quotation marks, not in backticks."""
    return _TO_WRITE.sub(r"“\1”", text)


def same_address(query: str, other: str) -> bool:
    """Whether two query strings say the same in the same order, however their characters are escaped."""
    return parse_qsl(query, keep_blank_values=True) == parse_qsl(other, keep_blank_values=True)


def read_asked(query: str) -> Asked:
    """What the query string asks; it never fails, what is wrong is in `problems`."""
    try:
        # A server hands on raw bytes as Latin-1; escaped ones are decoded by parse_qs.
        given = parse_qs(
            query.encode("latin-1").decode(),
            keep_blank_values=True,
            max_num_fields=len(FIELDS) * WORDS_MAX,
            errors="strict",
        )
    except UnicodeError:
        return Asked(problems=(Problem(field="url", message="The address is not UTF-8: copy it again."),))
    except ValueError:
        return Asked(problems=(Problem(field="url", message="The address has too many parts."),))
    after, beyond = (given.pop(name, [""])[-1] for name in (AFTER, BEYOND))
    everyone = any(text.strip() for text in given.pop(EVERYONE, ()))
    typed = {name: texts for name, texts in given.items() if name not in FIELDS or any(map(str.strip, texts))}
    if "task" not in typed:  # a box that is ticked means nothing then
        typed.pop("triggers", None)
    if not typed and not everyone:
        return Asked(beyond=beyond)
    problems, selection = _read(typed, everyone=everyone, left_empty="patient" in given and "patient" not in typed)
    if selection is None:
        return Asked(problems=problems, values=_as_typed(typed), everyone=everyone)
    return Asked(
        selection=selection, values=spelled(selection), everyone=not selection.patients, after=after, beyond=beyond
    )


def spelled(selection: Selection) -> dict[str, str]:
    """The fields that ask this question, in as few and as plain words as there are."""
    values = {
        "patient": ", ".join(selection.patients),
        "channel": ", ".join(selection.channels),
        "hours": ", ".join(times.spell_hours(selection.hours)),
        "task": ", ".join(selection.tasks),
        "pad": str(selection.pad) if selection.pad else "",
        "triggers": "" if selection.triggers else "no",
    }
    days = times.as_days(selection.when)
    if days is not None:
        values["day"] = ", ".join(days)
    elif len(selection.when) == 1:
        values["start"], values["stop"] = times.spell_when(selection.when[0]).split("..")
    else:
        values["when"] = "\n".join(map(times.spell_when, selection.when))
    return {name: value for name, value in values.items() if value}


def understood(selection: Selection) -> str:
    """The question in a line, for people; of many words the first."""
    days = times.as_days(selection.when)
    if days:
        when = _some(days, "day", many=len(days) > 1 or ".." in days[0])
    else:
        when = _some([_from_to(each) for each in selection.when]) or "all time"
    channels = selection.channels
    parts = (
        _some(selection.patients, "Patient") or "Every patient you may see",
        _some(selection.tasks, "task"),
        selection.pad.text if selection.pad else "",
        when,
        f"{_some(times.spell_hours(selection.hours))} each day" if selection.hours else "",
        _some(channels, "channel", many=len(channels) > 1 or ".." in channels[0]) if channels else "every channel",
        "" if selection.triggers else "no trigger channels",
    )
    return " · ".join(filter(None, parts))


def _some(texts: Sequence[str], noun: str = "", *, many: bool | None = None) -> str:
    """`days 1, 4`: the texts behind their noun, which is in the plural where they are many."""
    if not texts:
        return ""
    more = f" and {len(texts) - NAMED} more" if len(texts) > NAMED else ""
    plural = len(texts) > 1 if many is None else many
    named = f"{noun}{'s' if plural else ''} " if noun else ""
    return named + ", ".join(texts[:NAMED]) + more


def _from_to(interval: Interval) -> str:
    start, stop = times.spell_when(interval).split("..")
    if not start or not stop:
        return f"from {start}" if start else f"up to {stop}"
    same_day = interval.start_us // DAY_US == interval.stop_us // DAY_US
    return f"{start} to {stop.rpartition(' ')[2] if same_day else stop}"


def _read(
    typed: Mapping[str, Sequence[str]], *, everyone: bool, left_empty: bool
) -> tuple[tuple[Problem, ...], Selection | None]:
    words = {name: list(_values(name, texts)) for name, texts in typed.items()}
    problems: list[Problem] = []
    if everyone and "patient" in typed:
        problems.append(Problem(field="patient", message=BOTH))
    elif left_empty and not everyone:
        problems.append(Problem(field="patient", message=NO_PATIENT))
    selection = None
    try:
        selection = parse(words)
    except SelectionError as error:
        problems += error.problems
    return tuple(problems), None if problems else selection


def _values(name: str, texts: Sequence[str]) -> Iterator[str]:
    """A field of several lines has a value on each."""
    for text in texts:
        yield from _LINES.split(text) if name == "when" else [text]


def _as_typed(typed: Mapping[str, Sequence[str]]) -> dict[str, str]:
    return {name: _showable(("\n" if name == "when" else ", ").join(texts)) for name, texts in typed.items()}


def _showable(text: str) -> str:
    """Without what no page can show: its place stays visible."""
    return "".join(
        each if each == "\n" or unicodedata.category(each) not in {"Cc", "Cs"} else "\N{REPLACEMENT CHARACTER}"
        for each in text
    )
