"""The one interface to the records of sessions: what every home of them promises.

Two homes fulfil it, a table of the portal database (`behavior.table`) and DynamoDB (`behavior.dynamodb`);
`behavior.place.open_sessions` opens either. Plain Python. Nothing here knows who may see what: `behavior.catalogue`
asks with a Scope.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar, NamedTuple

from behavior.record import SessionRecord

# A session ends before it is a day old: its stop is a time of day that comes after its start.
LONGEST = timedelta(days=1)


class TaskCount(NamedTuple):
    """How many sessions of a task one patient has. A tuple, since each question reads thousands."""

    experiment: str
    subject: str
    sessions: int


@dataclass(frozen=True, kw_only=True)
class Stored:
    """A record as it stands in its home, readable or not: its keys, and its attributes by name."""

    experiment: str
    file_name: str
    item: Mapping[str, Any]


class Sessions(ABC):
    """Records of sessions. Methods raise `behavior.errors.SessionsUnavailable`; iterators are lazy, their errors come
    with the first item. Records that cannot be read are left out everywhere but in `everything`."""

    # So long what `counts` said may be shown again by who lists tasks with every letter typed.
    counts_last_s: ClassVar[float] = 0.0

    @abstractmethod
    def replace(self, key: str, records: Sequence[SessionRecord]) -> bool:
        """Makes these all the records of the object of that key, whatever task a former one was filed under; whether
        anything changed. The same again, or twice at once, changes nothing. Their `file_name`s are the key and its
        numbered documents."""

    def remove(self, key: str) -> bool:
        """Removes every record of the object; whether there was one."""
        return self.replace(key, [])

    @abstractmethod
    def of_object(self, key: str) -> Sequence[SessionRecord]:
        """The records of the object, in the order of its documents."""

    @abstractmethod
    def of_tasks(
        self, experiments: Collection[str], *, subjects: Collection[str] | None = None
    ) -> Iterator[SessionRecord]:
        """Every record of these tasks (names exactly as they are filed), of these subjects alone where any are given;
        in no promised order."""

    @abstractmethod
    def of_subject(
        self, subject: str, *, start: datetime | None = None, stop: datetime | None = None
    ) -> Iterator[SessionRecord]:
        """The subject's records in the order of their start; those that overlap [start, stop) where both are given."""

    @abstractmethod
    def counts(self) -> Sequence[TaskCount]:
        """How many sessions each subject has of each task, without reading the records; sorted."""

    @abstractmethod
    def recount(self) -> int:
        """Makes `counts` true by reading all records; how many were not. What is written meanwhile may be counted
        wrong until the next time."""

    @abstractmethod
    def everything(self) -> Iterator[Stored]:
        """All that is there, in no promised order."""


def overlaps(record: SessionRecord, *, start: datetime | None, stop: datetime | None) -> bool:
    """Whether the record shares time with [start, stop); one without duration does where it lies inside."""
    if start is not None and record.stop <= start and not record.start == record.stop == start:
        return False
    return stop is None or record.start < stop
