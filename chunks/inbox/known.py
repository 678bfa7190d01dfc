"""What is known of files of the inbox already: by their fingerprints, for which three data records are read.

Owns: how long a page may wait for that (what is not known then is so the next time it is asked), and what is said of
recordings of patients who may not be seen.
"""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from chunks.edf.errors import EdfError
from chunks.edf.reader import read_fingerprint
from chunks.inbox.listing import InboxFile
from chunks.models import Recording, RecordingState
from chunks.sources import Look
from people.scope import Scope

PATIENCE_S = 2.0
_REMEMBERED_MAX = 10_000


@dataclass(frozen=True, kw_only=True)
class Known:
    """What is said of a file: `state` is that of its recording, "unreadable", "new", or empty where it is not known."""

    state: str = ""
    text: str = "not looked at yet"
    patient: str = ""
    recording: str = ""


def known(files: Sequence[InboxFile], *, scope: Scope) -> list[Known]:
    """One answer a file. Raises `HeadersAsleep`."""
    end = time.monotonic() + PATIENCE_S
    prints = [_fingerprints.of(file, until=end) for file in files]
    asked = {each.fingerprint for each in prints if each.fingerprint}
    held: dict[str, list[Recording]] = {}
    for row in Recording.objects.filter(fingerprint__in=asked).order_by("patient", "name"):
        held.setdefault(row.fingerprint, []).append(row)
    return [_said(each, held.get(each.fingerprint, []), scope=scope) for each in prints]


@dataclass(frozen=True, kw_only=True)
class _Print:
    fingerprint: str = ""
    fault: str = ""


def _said(file: _Print, held: Sequence[Recording], *, scope: Scope) -> Known:
    if file.fault:
        return Known(state="unreadable", text=file.fault)
    if not file.fingerprint:
        return Known()
    if not held:
        return Known(state="new", text="new")
    for row in held:
        if scope.allows(row.patient):
            half = "half taken in, as" if row.state == RecordingState.INGESTING else "taken in as"
            return Known(state=row.state, text=half, patient=row.patient, recording=row.name)
    return Known(state="elsewhere", text="held for another patient")


class _Fingerprints:
    """Fingerprints of files that did not change since, in this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._read: dict[Look, _Print] = {}

    def of(self, file: InboxFile, *, until: float) -> _Print:
        with self._lock:
            found = self._read.get(file.look)
        if found is not None:
            return found
        if file.growing or time.monotonic() > until:
            return _Print()
        try:
            made = _Print(fingerprint=read_fingerprint(file.path))
        except EdfError as error:
            made = _Print(fault=str(error))
        with self._lock:
            self._read[file.look] = made
            while len(self._read) > _REMEMBERED_MAX:
                del self._read[next(iter(self._read))]
        return made


_fingerprints = _Fingerprints()
