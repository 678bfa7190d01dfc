"""Sessions for tests of downloads: their objects in the bucket, their records, and what is kept beside them."""

from typing import Any

from behavior.keys import attached_key, notes_key, triggers_key
from behavior.record import SessionRecord
from storage.objects import Objects
from tests.selections.sessions import session

BUCKET = "behavioral-data-all"


def play(
    store: Objects,
    patient: str,
    start: int,
    stop: int,
    *,
    task: str = "ToM_Loc",
    name: str = "",
    content: bytes = b'{"meta": {}}',
    attached: tuple[bytes, ...] = (),
    triggers: bytes = b"",
    **more: Any,
) -> SessionRecord:
    """A session with its JSON in the store; `more` becomes its notes."""
    store.make_bucket(BUCKET)
    made = session(patient, start, stop, task=task, name=name, **more)
    store.put(BUCKET, made.file_name, content)
    store.put(BUCKET, notes_key(made.file_name), b"notes that name people")
    for number, each in enumerate(attached, 1):
        store.put(BUCKET, attached_key(made.file_name, number=number, file_name="x.csv"), each)
    if triggers:
        store.put(BUCKET, triggers_key(made.file_name), triggers)
    return made
