"""Reads a question: words, as a form, a URL or a command line gives them, become a `Selection`.

    patient   2002   20*   2002,2003           IDs, or patterns with *; in any case
    day       4   -1..3   4,6   2002-01-03     days since implantation (day 0), from 00:00 to 24:00
    start     day 3 14:05   2002-01-03 14:05   from this instant on
    stop      day 4 02:00   …                  up to this instant, without it
    when      day 3 14:05..day 4 02:00         stretches of time; a side left out is open
    hours     22:00-06:00                      every day, or every day asked for
    task      tom loc   loc   tom*   =ToM_Loc   ToM_Loc, faces   names of tasks, in any spelling (`behavior.names`)
    pad       5   5,10                         minutes before and after each session of the tasks
    triggers  no                               leave away the trigger and DC channels that come along with a task
    channel   LTG1   LTG1..LTG8   LTG*   5   1..16   "EMG, left"

Several values of a field are added up, those of `day`, `when`, `start` with `stop`, `hours` and `task` hold together:
`day 4` with `start` at noon is the afternoon of day 4, and with a task what was played of it then. Times are the
recorder's own clock (`selections.times`), channels are matched as `selections.channels` says. A date with a year is
read for exactly one patient, named by ID.

What cannot be read raises `SelectionError`, which names every fault with its value and how to write it: an unknown
field (a mistyped one would ask for more than was meant), no such time, a stop that is not after its start, days and
times without a common instant, more than 1,000 words in a field, control characters, texts of unreasonable length.

Owns: the fields and how they combine. Plain Python: knows neither database nor permission.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TypeVar
from urllib.parse import parse_qs

from behavior.names import canonical, split_names
from behavior.record import EXPERIMENT_LIMIT
from selections import channels, times
from selections.errors import Problem, SelectionError, WordRefused, shown
from selections.intervals import ALL_TIME, EARLIEST_US, LATEST_US, Interval, Intervals, intersection, union
from selections.padding import NO_PADDING, Padding, padding
from selections.selection import Selection

FIELDS = ("patient", "task", "pad", "triggers", "day", "start", "stop", "when", "hours", "channel")
WORDS_MAX = 1_000
TEXT_MAX = 100_000  # characters of one field together

_PATIENT = re.compile(r"[A-Za-z0-9*]([A-Za-z0-9*-]{0,38}[A-Za-z0-9*])?")

Words = Mapping[str, Sequence[str]]
_Read = TypeVar("_Read")


def parse(words: Words) -> Selection:
    """The question that the words ask; raises `SelectionError` with all that is wrong with them."""
    return _Reading(words).selection()


def parse_url(query: str) -> Selection:
    """The question of a query string, as `Selection.url` writes it. Raises `SelectionError`."""
    try:
        return parse(parse_qs(query, max_num_fields=len(FIELDS) * WORDS_MAX, errors="strict"))
    except UnicodeDecodeError as error:
        raise SelectionError([Problem(field="url", message="the address is not UTF-8: copy it again.")]) from error
    except ValueError as error:
        raise SelectionError([Problem(field="url", message="the address has too many parts.")]) from error


class _Reading:
    """One reading of a question: it goes on after a fault, and remembers each."""

    def __init__(self, words: Words) -> None:
        self._words = words
        self._problems: list[Problem] = []

    def selection(self) -> Selection:
        for field in sorted(set(self._words) - set(FIELDS)):
            self._fault("question", f"{shown(field)} is none of its fields: {', '.join(FIELDS)}.")
        patients = tuple(self._read("patient", _patients))
        when = self._when(clock=Selection(patients=patients).one_patient)
        hours = self._read("hours", times.hours)
        spelled = [str(word) for word in self._read("channel", channels.words)]
        tasks = tuple(self._read("task", _tasks))
        pad, triggers = self._pad(), self._triggers()
        if not tasks and not self._words_of("task"):
            for field, given in (("pad", pad != NO_PADDING), ("triggers", not triggers)):
                if given:
                    self._fault(field, "it belongs to a task: name one, or leave this out.")
        if self._problems:
            raise SelectionError(self._problems)
        return Selection(
            patients=patients,
            when=when,
            hours=union(hours),
            channels=tuple(spelled),
            tasks=tasks,
            pad=pad,
            triggers=triggers,
        )

    def _pad(self) -> Padding:
        found = self._read("pad", lambda text: [padding(text)])
        if len(set(found)) > 1:
            self._fault("pad", "it is there more than once: give one, such as `5,10` for five before and ten after.")
        return found[0] if found else NO_PADDING

    def _triggers(self) -> bool:
        found = set(self._read("triggers", _yes_or_no))
        if len(found) > 1:
            self._fault("triggers", "it says both yes and no: give one.")
        return False not in found

    def _when(self, *, clock: str | None) -> Intervals:
        """All that is asked of time, held together."""
        days = self._read("day", partial(times.days, clock=clock))
        stretches = self._read("when", lambda text: [times.when(text, clock=clock)])
        together: Intervals = (ALL_TIME,)
        for field, found in (("day", days), ("when", stretches), ("start", self._from_to(clock=clock))):
            if not found:
                continue
            common = intersection(together, union(found))
            if not common:
                self._fault(field, "it has no instant in common with the other times asked for: leave one out.")
                break
            together = common
        return together

    def _from_to(self, *, clock: str | None) -> list[Interval]:
        starts = self._read("start", lambda text: [times.instant_us(text, clock=clock)])
        stops = self._read("stop", lambda text: [times.instant_us(text, clock=clock, needs_time=True)])
        for field, found in (("start", starts), ("stop", stops)):
            if len(found) > 1:
                self._fault(field, "it is there more than once: give one, or several stretches with `when`.")
        try:
            return [times.between(starts[0] if starts else EARLIEST_US, stops[0] if stops else LATEST_US)]
        except WordRefused as error:
            self._fault("stop", str(error))
            return []

    def _read(self, field: str, reader: Callable[[str], Iterable[_Read]]) -> list[_Read]:
        """What the reader makes of every text of the field; a text it refuses is a fault."""
        found: list[_Read] = []
        for text in self._texts(field):
            try:
                found += reader(text)
            except WordRefused as error:
                self._fault(field, str(error))
        if len(found) > WORDS_MAX:
            self._fault(field, f"there are {len(found):,} words, {WORDS_MAX:,} at most: write a range or a pattern.")
        return found

    def _texts(self, field: str) -> list[str]:
        """The field's texts that say anything and are fit to be read."""
        texts = [text.strip() for text in self._words.get(field, ()) if text.strip()]
        if sum(map(len, texts)) > TEXT_MAX:
            self._fault(field, f"it is longer than {TEXT_MAX:,} characters: write a range or a pattern.")
            return []
        fit = [text for text in texts if text.isprintable() or not any(map(_is_control, text))]
        for text in texts:
            if text not in fit:
                self._fault(field, f"{shown(text)} holds control characters: type it again.")
        return fit

    def _words_of(self, field: str) -> bool:
        return any(text.strip() for text in self._words.get(field, ()))

    def _fault(self, field: str, message: str) -> None:
        self._problems.append(Problem(field=field, message=message))


def _patients(text: str) -> list[str]:
    found = [word.strip() for word in text.split(",") if word.strip()]
    for word in found:
        if not _PATIENT.fullmatch(word):
            raise WordRefused(
                f"{shown(word)} is no patient ID: write letters, digits and hyphens, such as 2002; 20* is a pattern."
            )
    return found


def _tasks(text: str) -> list[str]:
    found = []
    for name in split_names([text]):
        spelled = canonical(name)
        if spelled in {"", "="} or len(name) > EXPERIMENT_LIMIT:
            raise WordRefused(
                f"{shown(name)} is no name of a task: write it, or a part of it, with up to {EXPERIMENT_LIMIT} "
                "characters; * is any text."
            )
        found.append(spelled)
    return found


def _yes_or_no(text: str) -> list[bool]:
    answers = {"no": False, "yes": True}
    if text.lower() not in answers:
        raise WordRefused(f"{shown(text)} is neither yes nor no.")
    return [answers[text.lower()]]


def _is_control(character: str) -> bool:
    # Cs: half of a surrogate pair, which stands for bytes of the command line that are not text.
    return unicodedata.category(character) in {"Cc", "Cs"}
