"""The audit: who did what, when, from where, by which means, to which patients.

Owns: how an act is written down: a row before it (the intent), the outcome after it, neither ever inside another
transaction. Whose process is killed leaves the row open: its outcome is unknown. Imports nothing of ours outside
`people`.
"""

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from enum import StrEnum

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from people.errors import MAX_REASON, AuditIsFinal, kept_reason
from people.models import AuditedPatient, AuditEntry
from people.scope import Scope


class Outcome(StrEnum):
    DONE = "done"
    FAILED = "failed"
    REFUSED = "refused"
    CANCELLED = "cancelled"


class OpenAct:
    """An act under way. Bytes are counted here, from any thread, and written when the act ends."""

    def __init__(self, entry_id: int) -> None:
        self.entry_id = entry_id
        self._lock = threading.Lock()
        self._size_bytes = 0
        self._patients: set[str] = set()
        self._end = (Outcome.DONE, "")
        self._closed = False

    def add_patients(self, patients: Iterable[str]) -> None:
        """Writes down at once that the act touches these patients too. From the thread of the act."""
        self._refuse_closed()
        new = set(patients) - self._patients
        AuditedPatient.objects.bulk_create([AuditedPatient(entry_id=self.entry_id, patient=each) for each in new])
        self._patients |= new

    def add_bytes(self, size_bytes: int) -> None:
        """Counts what was handed out. From any thread."""
        self._refuse_closed()
        with self._lock:
            self._size_bytes += size_bytes

    def ends_as(self, outcome: Outcome, *, reason: str) -> None:
        """The outcome to write if no error comes: an act may fail or be refused without one."""
        self._refuse_closed()
        self._end = (outcome, reason)

    def close(self, outcome: Outcome | None = None, *, reason: str = "") -> None:
        """Writes the outcome, once; `act` does it."""
        self._refuse_closed()
        self._closed = True
        if outcome is None:
            outcome, reason = self._end
        row = AuditEntry.objects.filter(pk=self.entry_id)
        if not row.close(outcome=outcome, reason=reason[:MAX_REASON], size_bytes=self._size_bytes, now=timezone.now()):
            raise AuditIsFinal(f"Audit entry {self.entry_id} was closed by somebody else.")

    def _refuse_closed(self) -> None:
        if self._closed:
            raise AuditIsFinal(f"Audit entry {self.entry_id} is closed. Write a new entry instead.")


@contextmanager
def act(
    name: str, *, scope: Scope, question: str = "", patients: Iterable[str] = (), origin: str = ""
) -> Iterator[OpenAct]:
    """Writes down an act around the block that does it.

    `question`: what was asked, in de-identified words (a selection's URL form); `patients`: those known beforehand;
    `origin`: the address or terminal it comes from. An error is written as its class, and goes on. Raises
    `RuntimeError` inside a transaction, which might take the row back.
    """
    opened = begin(name, scope=scope, question=question, patients=patients, origin=origin)
    try:
        yield opened
    except BaseException as error:
        opened.close(_outcome_of(error), reason=kept_reason(error))
        raise
    opened.close()


def begin(name: str, *, scope: Scope, question: str = "", patients: Iterable[str] = (), origin: str = "") -> OpenAct:
    """Writes down an act that goes on beyond this request or process, as `act` does.

    Whoever sees its end closes it: `OpenAct(entry_id)`, `add_bytes`, `close`.
    """
    with transaction.atomic(durable=True):
        entry = AuditEntry.objects.create(
            act=name, by_name=scope.by, user_id=scope.user_id, means=scope.means, origin=origin, question=question
        )
        opened = OpenAct(entry.pk)
        opened.add_patients(patients)
    return opened


def _outcome_of(error: BaseException) -> Outcome:
    # A generator is closed when the reader of a streamed answer goes away.
    if isinstance(error, KeyboardInterrupt | GeneratorExit):
        return Outcome.CANCELLED
    if isinstance(error, PermissionDenied):
        return Outcome.REFUSED
    return Outcome(getattr(error, "audit_outcome", Outcome.FAILED))
