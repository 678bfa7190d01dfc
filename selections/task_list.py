"""The list of tasks: of each its patients, sessions and the hours of signal there are of it.

Owns: what the list costs. Names, patients and sessions come from the kept counts, whatever their number. Hours are
added up for the tasks of one page alone, and of these only while their sessions are together at most
`SESSIONS_SUMMED`: then their records and notes are read (on DynamoDB about a unit for 30 of them), and the recordings
of their patients in one statement for every thousand. While the headers database sleeps there are none. Hours are
from each recording's first sample to its last, pauses inside it included, and an instant counts once; what a question
finds exactly, the search says.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.urls import reverse

from behavior.catalogue import Catalogue, Task, Unmatched
from behavior.noted import notes_of
from behavior.record import SessionRecord
from behavior.trials import shortened
from chunks.format.clock import since_day_zero_us
from chunks.headers_db.errors import HeadersAsleep
from chunks.models import Recording, RecordingState
from selections.form import address
from selections.intervals import Interval, Intervals, intersection, measure_us, union
from selections.padding import NO_PADDING, Padding
from selections.selection import Selection
from selections.totals import HOUR_US

TASKS_AT_ONCE = 50
SESSIONS_SUMMED = 3_000
PATIENTS_NAMED = 6
SUGGESTED = 12
_PATIENTS_AT_ONCE = 1_000
_NO_PART_OF_A_NAME = re.compile(r"[,;*?\s]+")


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A task in the list; `hours` is None where they are too many to be added up here."""

    name: str
    others: tuple[str, ...]
    patients: tuple[str, ...]
    patients_left: int
    sessions: int
    hours: float | None
    search: str


@dataclass(frozen=True, kw_only=True)
class TaskList:
    """One page of tasks; `after` is the name after which the next page begins, empty after the last.

    asleep: why no hours are known, where the headers database sleeps.
    """

    rows: tuple[Listed, ...]
    tasks: int
    sessions: int
    patients: tuple[str, ...]
    unmatched: tuple[Unmatched, ...]
    after: str
    asleep: str = ""


@dataclass(frozen=True, kw_only=True)
class Suggested:
    """A task to complete a field with: `typed` is what to write there to mean it."""

    name: str
    typed: str
    sessions: int
    patients: int


def task_list(catalogue: Catalogue, *, filter_by: str, after: str) -> TaskList:
    """Those tasks that the filter means (all where it is empty), from the one after `after` on."""
    found = catalogue.find([filter_by])
    all_tasks = catalogue.tasks()
    means = {task.name for task in found.tasks}
    tasks = [task for task in all_tasks if task.name in means] if filter_by.strip() else all_tasks
    names = [task.name for task in tasks]
    begin = names.index(after) + 1 if after in names else 0
    shown = tasks[begin : begin + TASKS_AT_ONCE]
    asleep, hours = "", dict[str, float]()
    try:
        hours = _hours(shown, catalogue=catalogue)
    except HeadersAsleep as error:
        asleep = str(error)
    return TaskList(
        rows=tuple(_row(task, hours=hours.get(task.name)) for task in shown),
        tasks=len(tasks),
        sessions=sum(task.sessions for task in tasks),
        patients=tuple(sorted({patient for task in tasks for patient in task.by_patient})),
        unmatched=found.unmatched,
        after=shown[-1].name if begin + len(shown) < len(tasks) else "",
        asleep=asleep,
    )


def suggested(catalogue: Catalogue, typed: str) -> list[Suggested]:
    """Tasks for what is being typed, the likeliest first."""
    return [
        Suggested(
            name=shortened(task.name),
            typed=_to_type(task, catalogue=catalogue),
            sessions=task.sessions,
            patients=len(task.patients),
        )
        for task in catalogue.suggest(typed, limit=SUGGESTED)
    ]


def task_search(name: str, *, patients: tuple[str, ...] = (), when: Intervals = (), pad: Padding = NO_PADDING) -> str:
    """The address of the search for this very task."""
    question = Selection(tasks=(f"={name}",), patients=patients, when=when, pad=pad)
    return f"{reverse('search')}?{address(question)}"


def _to_type(task: Task, *, catalogue: Catalogue) -> str:
    """Its name, without what has a meaning of its own in the field; `=` where the name is a part of another's."""
    plain = _NO_PART_OF_A_NAME.sub(" ", task.name).strip().lstrip("=")
    return plain if len(catalogue.find([plain]).tasks) == 1 else f"={plain}"


def _row(task: Task, *, hours: float | None) -> Listed:
    return Listed(
        name=shortened(task.name),
        others=tuple(map(shortened, sorted({*task.filed, *task.aliases} - {task.name}))),
        patients=task.patients[:PATIENTS_NAMED],
        patients_left=max(0, len(task.patients) - PATIENTS_NAMED),
        sessions=task.sessions,
        hours=hours,
        search=task_search(task.name),
    )


def _hours(tasks: Sequence[Task], *, catalogue: Catalogue) -> dict[str, float]:
    """Hours recorded of each task, of as many as may be added up, those of few sessions first."""
    summed: list[Task] = []
    left = SESSIONS_SUMMED
    for task in sorted(tasks, key=lambda each: each.sessions):
        left -= task.sessions
        if left < 0:
            break
        summed.append(task)
    name_of = {filed: task.name for task in summed for filed in task.filed}
    played = _played(catalogue.sessions(summed))
    recorded = _recorded({patient for patient, _ in played})
    hours = {task.name: 0.0 for task in summed}
    for (patient, filed), times in played.items():
        hours[name_of[filed]] += measure_us(intersection(union(times), recorded.get(patient, ()))) / HOUR_US
    return hours


def _played(records: Iterable[SessionRecord]) -> Mapping[tuple[str, str], list[Interval]]:
    """The time of sessions by patient and the name they are filed under, their clock offsets added."""
    held = list(records)
    notes = notes_of([record.file_name for record in held])
    played: dict[tuple[str, str], list[Interval]] = {}
    for record in held:
        note = notes.get(record.file_name)
        offset_us = note.clock_offset_us if note else 0
        start_us, stop_us = (
            since_day_zero_us(record.subject, each) + offset_us for each in (record.start, record.stop)
        )
        if stop_us > start_us:
            played.setdefault((record.subject, record.experiment), []).append(
                Interval(start_us=start_us, stop_us=stop_us)
            )
    return played


def _recorded(patients: set[str]) -> dict[str, Intervals]:
    """When each of these patients was recorded, clock offsets of recordings added."""
    names = sorted(patients)
    recorded: dict[str, list[Interval]] = {}
    for begin in range(0, len(names), _PATIENTS_AT_ONCE):
        rows = Recording.objects.filter(
            patient__in=names[begin : begin + _PATIENTS_AT_ONCE], state=RecordingState.OK
        ).values_list("patient", "start", "stop", "clock_offset_us")
        for patient, start, stop, offset_us in rows:
            start_us, stop_us = (since_day_zero_us(patient, each) + offset_us for each in (start, stop))
            if stop_us > start_us:
                recorded.setdefault(patient, []).append(Interval(start_us=start_us, stop_us=stop_us))
    return {patient: union(times) for patient, times in recorded.items()}
