"""Sessions and their notes for tests, put straight into the portal database. Times count from day 0, 00:00."""

from collections.abc import Sequence
from typing import Any

from behavior.models import SessionNote, SessionRow, TaskAlias
from behavior.names import fold
from behavior.record import SessionRecord
from chunks.format.clock import DAY_US
from people.patients import add_patient
from tests.selections.made import moment


def record(patient: str, start: int, stop: int, *, task: str = "ToM_Loc", name: str = "") -> SessionRecord:
    return SessionRecord(
        experiment=task,
        file_name=name or f"{task}_{patient}_{start}.json",
        start=moment(patient, start),
        stop=moment(patient, stop),
        subject=patient,
        day=start // DAY_US,
    )


def keep(records: Sequence[SessionRecord]) -> None:
    SessionRow.objects.bulk_create(
        [
            SessionRow(
                experiment=each.experiment,
                file_name=each.file_name,
                start=each.start,
                stop=each.stop,
                subject=each.subject,
                day=each.day,
            )
            for each in records
        ],
        batch_size=1_000,
    )


def session(
    patient: str, start: int, stop: int, *, task: str = "ToM_Loc", name: str = "", offset: int = 0, **note: Any
) -> SessionRecord:
    """A session of that patient, with notes where anything of them is given."""
    add_patient(patient)
    made = record(patient, start, stop, task=task, name=name)
    keep([made])
    if offset or note:
        SessionNote.objects.create(file_name=made.file_name, subject=patient, clock_offset_us=offset, **note)
    return made


def alias(other: str, task: str) -> None:
    TaskAlias.objects.create(alias=other, task=task, folded=fold(other))
