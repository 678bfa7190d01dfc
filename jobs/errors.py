"""The errors of `jobs`.

Owns: the tree below `JobError`. Imports no Django. The marks `may_be_kept` and `audit_outcome` are those of
`people.errors`: no message here holds anything private.
"""

from typing import ClassVar


class JobError(Exception):
    """Base; the message says what happened to which job, and what to do."""

    may_be_kept: ClassVar[bool] = True


class JobUnknown(JobError):
    """No such job among those the asker may touch."""

    audit_outcome: ClassVar[str] = "refused"


class LeaseLost(JobError):
    """The job is no longer this worker's: stop, and write nothing more."""


class JobCancelled(JobError):
    """Somebody asked for the job to end: stop, and remove what it has made so far."""

    audit_outcome: ClassVar[str] = "cancelled"


class HandedBack(JobError):
    """The worker was told to stop: stop, and leave what another attempt goes on with. The job waits again."""


class NotSent(JobError):
    """The message of a job could not be sent; the sweeper sends it later."""


class KindUnknown(JobError):
    """A job whose kind no app of this process knows."""


class NothingSealed(JobError):
    """A job's secret that is wiped, or that this portal cannot read."""
