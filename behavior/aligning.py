"""A session aligned from the portal: a job proposes, a person looks at it and keeps it.

Owns: that job: its question, what it leaves in its row (the proposal, nothing kept yet), and how a kept proposal is
read back. Reading ten minutes around a session from the store may take a while, so it is no part of a request.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode

from behavior.align import SEARCH, Asked, Proposal, keep, propose
from behavior.alignment import Alignment, from_json, to_json
from behavior.alignment_errors import AlignmentError, AlignmentUnreadable
from behavior.catalogue import session
from behavior.errors import BehaviorError, SessionMissing
from behavior.record import SessionRecord
from behavior.session_files import objects_here
from behavior.trigger_table import Trigger
from jobs.asking import enqueue
from jobs.broker import send
from jobs.errors import JobUnknown
from jobs.lease import Lease
from jobs.models import Job, State
from people.scope import Scope
from storage.errors import StorageError

KIND = "alignment"


@dataclass(frozen=True, kw_only=True)
class Proposed:
    """A proposal as it stands in the row of its job."""

    alignment: Alignment
    triggers: tuple[Trigger, ...]


def ask(record: SessionRecord, *, asked: Asked, scope: Scope) -> Job:
    """The job that proposes an alignment for the session; the same one while it is under way."""
    words = {
        "session": record.file_name,
        "channel": asked.channel or "",
        "search": "" if asked.search == SEARCH else f"{asked.search / timedelta(minutes=1):g}",
        "bit": "" if asked.bit_s is None else repr(asked.bit_s),
    }
    question = urlencode({name: value for name, value in words.items() if value})
    return enqueue(KIND, question=question, scope=scope, send=send)


def run(lease: Lease) -> None:
    """The work of the job. What cannot be aligned ends it with the sentence that says why."""
    words = {name: values[0] for name, values in parse_qs(lease.question).items()}
    scope = lease.scope(means="page")
    lease.progress(note="looking for codes")
    try:
        record = session(words["session"], scope=scope)
        asked = Asked(
            channel=words.get("channel"),
            bit_s=float(words["bit"]) if "bit" in words else None,
            search=timedelta(minutes=float(words["search"])) if "search" in words else SEARCH,
        )
        proposal = propose(record, asked=asked, objects=objects_here(), scope=scope)
    except (BehaviorError, StorageError) as error:
        lease.fail(_sentence(error))
        return
    lease.finish(_result(record, proposal))


def proposal_of(job_id: int, *, file_name: str, scope: Scope) -> Proposed:
    """What the job proposes for this session. Raises `JobUnknown` for a job of somebody else, of another session, or
    without a proposal, and `AlignmentUnreadable`."""
    jobs = Job.objects.filter(pk=job_id, kind=KIND, state=State.DONE)
    job = (jobs if scope.sees_all else jobs.filter(asker_id=scope.user_id)).first()
    result: Mapping[str, Any] = (job.result if job else None) or {}
    if result.get("session") != file_name:
        raise JobUnknown(f"Job {job_id} proposes no alignment for this session. Align it again.")
    try:
        triggers = tuple(
            Trigger(time=datetime.fromisoformat(time), sample=int(sample), code=int(code), trial=trial)
            for time, sample, code, trial in result["triggers"]
        )
        return Proposed(alignment=from_json(result["alignment"]), triggers=triggers)
    except (KeyError, TypeError, ValueError):
        raise AlignmentUnreadable("The proposal cannot be read any more. Align the session again.") from None


def keep_proposal(record: SessionRecord, proposed: Proposed, *, reason: str, by: Scope) -> None:
    """Keeps it in the session's notes, as `behavior.align.keep` does."""
    keep(record, proposed.alignment, triggers=proposed.triggers, reason=reason, objects=objects_here(), by=by)


def _result(record: SessionRecord, proposal: Proposal) -> dict[str, Any]:
    decoded, alignment = proposal.decoded, proposal.alignment
    return {
        "session": record.file_name,
        "patient": record.subject,
        "task": record.experiment,
        "alignment": to_json(alignment),
        "doubts": list(alignment.doubts),
        "median_ms": (alignment.residual_median_s or 0) * 1e3,
        "largest_ms": (alignment.residual_max_s or 0) * 1e3,
        "codes": len(decoded.codes),
        "unreadable": decoded.unreadable,
        "polarity": "inverted" if decoded.inverted else "upright",
        "triggers": [[each.time.isoformat(), each.sample, each.code, each.trial] for each in proposal.triggers],
    }


def _sentence(error: Exception) -> str:
    if isinstance(error, SessionMissing):
        return "The session is not there any more."
    if isinstance(error, AlignmentError):
        return str(error).replace("with --channel", "on the session's page")
    return str(error)
