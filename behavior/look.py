"""What the store knows of one session beyond its record: its trials, its files, who changed what in its notes.

Owns: that what is missing, damaged or too large is a sentence beside the rest, not the end of the page.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from behavior.check import oddities
from behavior.correct import document_of, notes_in_bucket
from behavior.errors import BehaviorError
from behavior.keys import split_file_name
from behavior.models import SessionNote
from behavior.noted import notes_of
from behavior.notes import Change
from behavior.record import SessionRecord
from behavior.session_files import JSON, SessionFile, files_of, objects_here
from behavior.trials import Trials, trials_of
from people.scope import Scope
from storage.errors import StorageError

# A file is read whole for its trials; what is larger is for the download.
READ_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Look:
    """What could be read. `trials` is None where they cannot be shown, and `fault` says why."""

    note: SessionNote | None
    files: Sequence[SessionFile]
    trials: Trials | None
    fault: str
    oddities: Sequence[str]
    history: Sequence[Change]


def look_at(record: SessionRecord, *, scope: Scope) -> Look:
    """Reads the session's objects; the scope has given the record."""
    note = notes_of([record.file_name]).get(record.file_name)
    files: Sequence[SessionFile] = ()
    trials, data, fault = None, None, ""
    history: Sequence[Change] = ()
    key, number = split_file_name(record.file_name)
    try:
        files = files_of(record, scope=scope)
        history = [each for each in notes_in_bucket(key, objects=objects_here()).history if each.session == number]
        size_bytes = next(each.size_bytes for each in files if each.name == JSON)
        if size_bytes > READ_BYTES:
            fault = f"The file has {size_bytes:,} bytes, too many to be shown here: download it."
        else:
            data = document_of(record.file_name, objects=objects_here(), by=scope).data
            trials = trials_of(data)
    except (BehaviorError, StorageError) as error:
        fault = str(error)
    odd = oddities(record, clock_offset_us=note.clock_offset_us if note else 0, data=data)
    return Look(note=note, files=files, trials=trials, fault=fault, oddities=odd, history=history)
