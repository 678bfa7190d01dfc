"""The Selection: one question for data, as a value. Command line, page, bundle and Spark share it.

Owns: what a question holds and its one canonical form, so that equal questions are equal values and equal URLs.
Plain Python: no database, no patient's data, no permission. Words become a Selection in `selections.words`; what it
finds is worked out in `selections.resolve`.

Every field has a default that means "not asked"; one that is not asked for is not in the URL, so that URLs shared
before there were such fields keep their meaning.
"""

from dataclasses import dataclass
from fnmatch import fnmatchcase
from urllib.parse import quote_plus

from behavior.names import canonical as canonical_name
from selections import times
from selections.channels import Word, canonical, word
from selections.intervals import ALL_TIME, Interval, Intervals, daily, intersection
from selections.padding import NO_PADDING, Padding

EVERY_TASK = "*"


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Which patients, when, which channels; while they played which tasks.

    patients: IDs or patterns with `*`, in lower case (IDs that differ only by case are one patient), sorted; empty:
        every patient the asker may see.
    when: intervals of each patient's own clock, in microseconds since day 0, 00:00; empty: all time.
    hours: windows of every day, in microseconds after midnight; empty: all day.
    channels: canonical channel words, see `selections.channels`; empty: every channel.
    tasks: canonical names of tasks, see `behavior.names`; then only the time of their sessions is asked for, which must
        lie in `when` and `hours` too. Empty: all time, whatever was played.
    pad: the time before and after each session that is asked for with it; none without tasks.
    triggers: whether the trigger and DC channels come along where channels are named; where none are, they are among
        all of them, and without `triggers` they alone are not. Without tasks it is True, and means nothing.

    Built from parts in any order and spelling, it is canonical. Raises `WordRefused` for a channel that is no word.
    """

    patients: tuple[str, ...] = ()
    when: Intervals = ()
    hours: Intervals = ()
    channels: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    pad: Padding = NO_PADDING
    triggers: bool = True

    def __post_init__(self) -> None:
        patients = {patient.lower() for patient in self.patients}
        tasks = {canonical_name(name) for name in self.tasks}
        fields = {
            "patients": () if "*" in patients else tuple(sorted(patients)),
            "when": times.canonical_when(self.when),
            "hours": times.canonical_hours(self.hours),
            "channels": canonical(word(text) for text in self.channels),
            "tasks": (EVERY_TASK,) if EVERY_TASK in tasks else tuple(sorted(tasks)),
            "pad": self.pad if tasks else NO_PADDING,
            "triggers": self.triggers or not tasks,
        }
        for field, value in fields.items():
            object.__setattr__(self, field, value)

    @property
    def one_patient(self) -> str | None:
        """The patient's ID where exactly one is asked for, and by ID; then a date with a year has a meaning."""
        return self.patients[0] if len(self.patients) == 1 and not is_pattern(self.patients[0]) else None

    @property
    def channel_words(self) -> tuple[Word, ...]:
        return tuple(word(text) for text in self.channels)

    def asks_for(self, patient: str) -> bool:
        """Whether this patient (an ID in any case) is among those asked for."""
        return not self.patients or any(fnmatchcase(patient.lower(), asked) for asked in self.patients)

    def intervals_for(self, first_us: int, last_us: int) -> Intervals:
        """What is asked for of a stay from `first_us` to `last_us`: bounded, disjoint, sorted.

        Times and hours hold together, and a daily window counts on the days asked for: `day 4` with `22:00-06:00` is
        day 4 from 00:00 to 06:00 and from 22:00 to 24:00.
        """
        if last_us <= first_us:
            return ()
        stay = Interval(start_us=first_us, stop_us=last_us)
        within = intersection(self.when or (ALL_TIME,), (stay,))
        return intersection(within, daily(self.hours, within=stay)) if self.hours else within

    def url(self) -> str:
        """The question as a query string; equal questions give equal strings, and `words.parse_url` reads it back."""
        fields = {
            "channel": self.channels,
            "hours": times.spell_hours(self.hours),
            "pad": (str(self.pad),) if self.pad else (),
            "patient": self.patients,
            "task": self.tasks,
            "triggers": () if self.triggers else ("no",),
            "when": [times.spell_when(interval) for interval in self.when],
        }
        return "&".join(f"{name}={quote_plus(value, safe=':*')}" for name, values in fields.items() for value in values)

    def __str__(self) -> str:
        """The question as it was understood, for people: `patient 2002; day 4 00:00..day 5 00:00; ltg1..ltg8`."""
        parts = [
            ("patients " if len(self.patients) > 1 else "patient ") + ", ".join(self.patients)
            if self.patients
            else "every patient",
            ", ".join(times.spell_when(interval) for interval in self.when) or "all time",
        ]
        if self.hours:
            parts.append("daily " + ", ".join(times.spell_hours(self.hours)))
        if self.tasks:
            parts.append(("tasks " if len(self.tasks) > 1 else "task ") + ", ".join(self.tasks) + self._padded())
        parts.append(f"channels {', '.join(self.channels)}" if self.channels else "every channel")
        if not self.triggers:
            parts.append("without trigger channels")
        return "; ".join(parts)

    def _padded(self) -> str:
        return f" with {self.pad.text}" if self.pad else ""


def is_pattern(patient: str) -> bool:
    """Whether a patient's word is a pattern, not an ID."""
    return "*" in patient
