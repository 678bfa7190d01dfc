"""Asking for a bundle: what is refused at once, and the room that is kept for what is not.

Owns: the limits of a bundle, and that room is reserved before its job is sent. The sums here are those of the search;
the job finds out the exact ones, under what the asker may see then.
"""

from dataclasses import dataclass

from django.conf import settings
from django.utils import timezone

from downloads.bundles.errors import NoRoom, NothingToBundle, TooLarge
from downloads.bundles.keeping import check_room
from downloads.models import Bundle
from jobs.asking import Send, enqueue, question_key
from jobs.models import Job, State
from jobs.terminal import size_text
from selections.command_line import options_of
from selections.resolve import Resolved
from selections.selection import Selection
from selections.totals import Totals, totals_of

KIND = "bundle"
# What a file takes beside its bytes, at most: its headers in the zip, its row of the manifest.
BESIDE_BYTES = 2_000
# What the files of a session take, about; the job finds out.
SESSION_BYTES = 100_000


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a question finds: `patients` are those of whom there is anything, a chunk or a session."""

    totals: Totals
    patients: tuple[str, ...]
    sessions: int = 0

    @property
    def zip_bytes(self) -> int:
        """The size of its zip, or a little more."""
        beside = BESIDE_BYTES * (self.totals.chunks + self.totals.recordings + 1)
        return self.totals.size_bytes + beside + SESSION_BYTES * self.sessions


def wanted(resolved: Resolved) -> Wanted:
    """Sums patient by patient, so that only those who are found are named."""
    found = {stay.patient: totals_of([stay]) for stay in resolved.stays}
    played = {session.record.subject for session in resolved.sessions}
    return Wanted(
        totals=sum(found.values(), Totals()),
        patients=tuple(patient for patient, totals in found.items() if totals.chunks or patient in played),
        sessions=len(resolved.sessions),
    )


def ask(resolved: Resolved, *, found: Wanted, send: Send) -> Job:
    """The job that makes the bundle; the one under way where she asked before.

    Raises `NothingToBundle`, `TooLarge`, `NoRoom`. Call it outside transactions.
    """
    _check_size(resolved.selection, found=found)
    question = resolved.selection.url()
    under_way = question_key(KIND, question=question, scope=resolved.scope)
    if same := Job.objects.filter(under_way_key=under_way).first():
        return same  # and no room is needed twice
    check_room(found.zip_bytes, job_id=None)

    def reserve_and_send(job_id: int) -> None:
        # Reserved first and looked at then: of two who ask at once, each counts the other.
        Bundle.objects.update_or_create(job_id=job_id, defaults={"reserved_bytes": found.zip_bytes})
        try:
            check_room(found.zip_bytes, job_id=job_id)
        except NoRoom as error:
            waiting = Job.objects.filter(pk=job_id, state=State.QUEUED)
            waiting.end(State.FAILED, now=timezone.now(), reason=str(error))
            raise
        send(job_id)

    return enqueue(
        KIND,
        question=question,
        scope=resolved.scope,
        send=reserve_and_send,
        bytes_total=found.totals.size_bytes,
    )


def commands_for(selection: Selection) -> tuple[str, ...]:
    """What does it instead: on one's own computer, and on the server."""
    options = options_of(selection)
    return (f"ecog download --to data {options}", f"python manage.py download --to data {options}")


def _check_size(selection: Selection, *, found: Wanted) -> None:
    if not found.totals.chunks:
        raise NothingToBundle("Nothing matches this question, so there is nothing to bundle.")
    if found.zip_bytes > settings.BUNDLE_MAX_BYTES:
        raise TooLarge(
            f"The bundle would have {size_text(found.zip_bytes)}; this portal makes bundles of up to "
            f"{size_text(settings.BUNDLE_MAX_BYTES)}. Ask for less, or take it home file by file with a command, which "
            "can be interrupted and goes on where it stopped.",
            commands=commands_for(selection),
        )
