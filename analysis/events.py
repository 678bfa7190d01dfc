"""The events of the sessions that a question finds, on the clock of the recording that holds them.

Owns: that events come from aligned sessions alone: by their triggers, or by hand, where the trials of the session's
JSON tell when they were. What the two clocks say is good to seconds at best, and is refused.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from analysis.context import Event
from analysis.errors import AnalysisRefused
from behavior.alignment import Alignment, from_json
from behavior.alignment_errors import AlignmentError
from behavior.correct import document_of
from behavior.errors import BehaviorError
from behavior.expected import expected_codes
from behavior.keys import triggers_key
from behavior.trigger_table import read_triggers
from people.scope import Scope
from selections.joined import Joined
from selections.resolve import Resolved
from storage.errors import ObjectMissing
from storage.objects import Objects

ALIGNED = {"triggers", "hand"}
NAMES_SHOWN = 5


@dataclass(frozen=True, kw_only=True)
class Found:
    """The events, and the sessions that give none because they are not aligned, or their files cannot be used."""

    events: tuple[Event, ...]
    refused: tuple[str, ...]

    @property
    def warning(self) -> str:
        """One sentence; empty where every session gives its events."""
        if not self.refused:
            return ""
        shown = ", ".join(self.refused[:NAMES_SHOWN]) + (", …" if len(self.refused) > NAMES_SHOWN else "")
        return f"{len(self.refused)} sessions are not aligned and give no epochs: {shown}. Align them on their pages."


def events_of(resolved: Resolved, *, objects: Objects) -> Found:
    """Raises `AnalysisRefused` where the question asks for no task, or no session of it is aligned."""
    if not resolved.selection.tasks:
        raise AnalysisRefused("Epochs are cut around the events of a task: ask for one (--task), such as ToM_Loc.")
    events: list[Event] = []
    refused: list[str] = []
    for joined in resolved.sessions:
        moments = _moments(joined, objects=objects, scope=resolved.scope)
        if not moments:
            refused.append(joined.record.file_name)
            continue
        for touched in joined.recordings:
            for at, code, trial in moments:
                events.append(
                    Event(
                        number=len(events),
                        patient=joined.record.subject,
                        bucket=touched.bucket,
                        recording=touched.name,
                        task=joined.task,
                        session=joined.record.file_name,
                        code=code,
                        trial=trial,
                        at=at,
                    )
                )
    if not events:
        raise AnalysisRefused(
            "Epochs come only from aligned sessions, and none of those found is aligned: align them on their pages, or "
            "with manage.py align_session."
        )
    return Found(events=tuple(events), refused=tuple(refused))


def _moments(joined: Joined, *, objects: Objects, scope: Scope) -> Sequence[tuple[datetime, int, int]]:
    """(instant, code, trial) of each event; none where the session is not aligned."""
    if joined.alignment is None or not joined.recordings:
        return ()
    try:
        alignment = from_json(joined.alignment)
        if alignment.method not in ALIGNED:
            return ()
        if alignment.method == "hand":
            return tuple(_by_hand(joined, alignment, objects=objects, scope=scope))
        table = objects.get(settings.SESSIONS_BUCKET, triggers_key(joined.record.file_name))
        return [(each.time, each.code, each.trial) for each in read_triggers(table) if each.trial is not None]
    except (AlignmentError, BehaviorError, ObjectMissing):
        return ()


def _by_hand(
    joined: Joined, alignment: Alignment, *, objects: Objects, scope: Scope
) -> Iterator[tuple[datetime, int, int]]:
    data = document_of(joined.record.file_name, objects=objects, by=scope).data
    for each in expected_codes(data, task=joined.record.experiment):
        yield alignment.recorder_time(each.time_s), each.code, each.trial
