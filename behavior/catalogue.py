"""What a person may know of tasks and sessions: everything here takes a Scope.

Owns: the one way from a name as typed to the sessions it means. A task, a spelling or an alias that exists only in
patients outside the scope is in no list, count or suggestion, as if it did not exist. Names are matched over the kept
counts (`Sessions.counts`), never over the records.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from behavior.errors import SessionMissing
from behavior.kept_counts import counts_of
from behavior.keys import split_file_name
from behavior.models import TaskAlias
from behavior.names import Aliases, Group, fold, groups_of, matching, nearest, split_names
from behavior.place import sessions_here
from behavior.record import SessionRecord
from behavior.sessions import Sessions
from people.scope import Scope

SUGGESTIONS = 20


@dataclass(frozen=True, kw_only=True)
class Task:
    """A task as the asker may see it: its name, the names it is filed under, its other names, and how many sessions
    each patient has of it."""

    name: str
    filed: tuple[str, ...]
    aliases: tuple[str, ...]
    by_patient: Mapping[str, int]

    @property
    def sessions(self) -> int:
        return sum(self.by_patient.values())

    @property
    def patients(self) -> tuple[str, ...]:
        return tuple(sorted(self.by_patient))


@dataclass(frozen=True, kw_only=True)
class Unmatched:
    """A name that means no task, and the names it may have been meant for."""

    name: str
    did_you_mean: tuple[str, ...]

    def __str__(self) -> str:
        meant = f" Did you mean {' or '.join(self.did_you_mean)}?" if self.did_you_mean else ""
        return f"No task is called {self.name!r}.{meant}"


@dataclass(frozen=True, kw_only=True)
class FoundTasks:
    """What names as typed mean: tasks, each once, and the names that mean none."""

    tasks: tuple[Task, ...]
    unmatched: tuple[Unmatched, ...]

    @property
    def filed(self) -> frozenset[str]:
        """Every name under which sessions of these tasks are filed."""
        return frozenset(name for task in self.tasks for name in task.filed)


class Catalogue:
    """The tasks that a scope allows, read once; lives no longer than the scope."""

    def __init__(self, *, scope: Scope, sessions: Sessions | None = None) -> None:
        self.scope = scope
        self._sessions = sessions or sessions_here()
        self._by_name: dict[str, dict[str, int]] = {}
        hidden = set()
        for count in counts_of(self._sessions):
            if scope.allows(count.subject):
                self._by_name.setdefault(count.experiment, {})[count.subject] = count.sessions
            else:
                hidden.add(fold(count.experiment))
        hidden -= set(map(fold, self._by_name))
        pairs = TaskAlias.objects.values_list("alias", "task")
        self._aliases = Aliases([pair for pair in pairs if not hidden.intersection(map(fold, pair))])
        weights = {name: sum(patients.values()) for name, patients in self._by_name.items()}
        self._groups = groups_of(weights, aliases=self._aliases)
        self._names = {name: group.name for group in self._groups for name in group.filed}

    def tasks(self) -> list[Task]:
        """Every task, by name."""
        return [self._task(group) for group in self._groups]

    def find(self, names: Sequence[str]) -> FoundTasks:
        """The tasks that these names as typed mean (see `behavior.names`)."""
        found: dict[str, Group] = {}
        unmatched = []
        for name in split_names(names):
            meant = matching(name, self._groups, aliases=self._aliases)
            found |= {group.name: group for group in meant}
            if not meant:
                near = tuple(nearest(name, self._groups, aliases=self._aliases))
                unmatched.append(Unmatched(name=name, did_you_mean=near))
        tasks = tuple(self._task(found[name]) for name in sorted(found))
        return FoundTasks(tasks=tasks, unmatched=tuple(unmatched))

    def suggest(self, typed: str, *, limit: int = SUGGESTIONS) -> list[Task]:
        """Tasks to complete what is being typed: those it means, names that begin so first, then by sessions; all
        where nothing is typed."""
        names = split_names([typed])
        groups = matching(names[-1], self._groups, aliases=self._aliases) if names else self._groups
        begins = [group.name.casefold().startswith(names[-1].casefold()) if names else True for group in groups]
        ranked = sorted(
            zip(begins, map(self._task, groups), strict=True), key=lambda each: (not each[0], -each[1].sessions)
        )
        return [task for _, task in ranked[:limit]]

    def sessions(self, tasks: Sequence[Task], *, patients: Collection[str] | None = None) -> Iterator[SessionRecord]:
        """Every session of these tasks, of every patient the scope allows, or of those among `patients`; streamed, in
        no promised order."""
        known = {patient for task in tasks for patient in task.by_patient if self.scope.allows(patient)}
        wanted = known if patients is None else known.intersection(patients)
        if not wanted:
            return iter(())
        filed = {name for task in tasks for name in task.filed}
        return self._sessions.of_tasks(filed, subjects=wanted)

    def task_of(self, record: SessionRecord) -> str:
        """The name for people of the task that a session is filed under."""
        return self._names.get(record.experiment) or self._aliases.task(record.experiment)

    def _task(self, group: Group) -> Task:
        by_patient: dict[str, int] = {}
        for name in group.filed:
            for patient, sessions in self._by_name[name].items():
                by_patient[patient] = by_patient.get(patient, 0) + sessions
        return Task(
            name=group.name, filed=group.filed, aliases=tuple(self._aliases.of(group.name)), by_patient=by_patient
        )


def sessions_of(
    patient: str, *, scope: Scope, start: datetime | None = None, stop: datetime | None = None
) -> Iterator[SessionRecord]:
    """A patient's sessions in the order of their start, those that overlap [start, stop) where given; none of a
    patient outside the scope."""
    return sessions_here().of_subject(patient, start=start, stop=stop) if scope.allows(patient) else iter(())


def session(file_name: str, *, scope: Scope) -> SessionRecord:
    """One session by its file name. Raises `SessionMissing`, for one outside the scope too."""
    key, _ = split_file_name(file_name)
    for record in sessions_here().of_object(key):
        if record.file_name == file_name and scope.allows(record.subject):
            return record
    raise SessionMissing(f"There is no session {file_name!r}. manage.py tasks lists what there is.")
