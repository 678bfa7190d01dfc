"""What a job of an analysis is given: its windows, and the events of the tasks that were asked for.

Owns: what is asked of the windows; an event as a line of JSON, both ways. Plain Python: the portal writes it, the
driver reads it.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from analysis.errors import NotAManifest

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from analysis.batches import Mapper


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that happened in a session: `at` is an instant of that recording's clock, naive.

    number: counts the events of an analysis from 0. session: the session's file name.
    """

    number: int
    patient: str
    bucket: str
    recording: str
    task: str
    session: str
    code: int
    trial: int
    at: datetime


class Windows(Protocol):
    """The rows of `spark.read.format("chn")`: that table is one, and what the driver gives another (`in_place`)."""

    def mapInArrow(self, func: "Mapper", schema: str) -> "DataFrame":  # noqa: N802 (the name is Spark's)
        """What a job begins with: `func` is given the windows of a task, in batches, and gives rows of this schema."""


@dataclass(frozen=True, kw_only=True)
class Context:
    """events: none for a job that asks for none."""

    events: tuple[Event, ...] = ()


def encode_event(event: Event) -> str:
    """One line in ASCII, its newline included: no name of a session can end it."""
    return json.dumps(asdict(event) | {"at": event.at.isoformat()}) + "\n"


def decode_events(lines: Iterable[str]) -> Iterator[Event]:
    """Raises `NotAManifest`."""
    for line in lines:
        try:
            plain = json.loads(line)
            yield Event(**plain | {"at": datetime.fromisoformat(plain["at"])})
        except (ValueError, TypeError, KeyError) as error:
            raise NotAManifest(f"A line of the events cannot be read: {error}. Ask for the analysis again.") from error
