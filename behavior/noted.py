"""The portal's copy of the notes of sessions, so that joins and lists need not read the bucket.

Owns: every write to it. `reindex --sessions` rebuilds it; what is true stands in the bucket.
"""

from collections.abc import Collection, Sequence

from django.db import connection, transaction

from behavior.keys import split_file_name
from behavior.models import SessionNote
from behavior.notes import NONE_YET, Notes
from behavior.record import SessionRecord
from behavior.rows import near, own

NAMES_A_QUERY = 400
_COLUMNS = ["subject", "clock_offset_us", "clock_offset_source", "corrected", "alignment"]


def remember(key: str, *, records: Sequence[SessionRecord], notes: Notes) -> None:
    """Makes the copy of an object's notes equal to these."""
    rows = [_row(record, notes=notes) for record in records if _of(record, notes) != NONE_YET]
    held = own(SessionNote.objects.filter(near(key)).values_list("file_name", flat=True), key=key)
    if not rows and not held:
        return
    with transaction.atomic():
        SessionNote.objects.filter(file_name__in=set(held) - {row.file_name for row in rows}).delete()
        SessionNote.objects.bulk_create(
            rows,
            update_conflicts=True,
            update_fields=_COLUMNS,
            unique_fields=["file_name"] if connection.features.supports_update_conflicts_with_target else None,
        )


def notes_of(file_names: Collection[str]) -> dict[str, SessionNote]:
    """The notes of these sessions, by file name; of those without notes there are none."""
    found: dict[str, SessionNote] = {}
    names = sorted(set(file_names))
    for first in range(0, len(names), NAMES_A_QUERY):
        part = SessionNote.objects.filter(file_name__in=names[first : first + NAMES_A_QUERY])
        found |= {note.file_name: note for note in part}
    return found


def _of(record: SessionRecord, notes: Notes) -> object:
    return notes.of(split_file_name(record.file_name)[1])


def _row(record: SessionRecord, *, notes: Notes) -> SessionNote:
    held = notes.of(split_file_name(record.file_name)[1])
    return SessionNote(
        file_name=record.file_name,
        subject=record.subject,
        clock_offset_us=held.clock_offset_us,
        clock_offset_source=held.clock_offset_source,
        corrected=", ".join(sorted(held.corrections)),
        alignment=None if held.alignment is None else dict(held.alignment),
    )
