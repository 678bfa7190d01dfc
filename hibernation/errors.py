"""What can go wrong while the headers database is put to sleep or woken, in sentences that say the way on.

Owns: the tree below `HibernationError`. Imports no Django. The marks `may_be_kept` and `audit_outcome` are those of
`people.errors`: no message here holds anything of a patient.
"""

from typing import ClassVar


class HibernationError(Exception):
    """Base; every message says what is there and what to do."""

    may_be_kept: ClassVar[bool] = True


class NothingToHibernate(HibernationError):
    """No RDS instance is named."""

    audit_outcome: ClassVar[str] = "refused"


class SomebodyElse(HibernationError):
    """Somebody is at it already."""

    audit_outcome: ClassVar[str] = "refused"


class WorkUnderWay(HibernationError):
    """Others write, or the instance cannot be touched now."""

    audit_outcome: ClassVar[str] = "refused"


class InstanceBroken(HibernationError):
    """The instance is in a state from which AWS allows nothing we need."""


class NothingThere(HibernationError):
    """There is no instance to put to sleep."""


class SnapshotUnfit(HibernationError):
    """A snapshot is not what it must be: nothing is deleted for its sake, nothing restored from it."""


class SnapshotUnclear(HibernationError):
    """It is not clear which snapshot is meant, or whether one is."""

    audit_outcome: ClassVar[str] = "refused"


class ConfigurationUnknown(HibernationError):
    """A new instance cannot be made: not all is known of how it should be."""

    audit_outcome: ClassVar[str] = "refused"


class HostRefused(HibernationError):
    """The host that should be stopped is one that must stay on."""

    audit_outcome: ClassVar[str] = "refused"


class AwsRefused(HibernationError):
    """AWS did not do what it was asked for."""


class NotProved(HibernationError):
    """The database was woken, but does not answer where it should."""


class TookTooLong(HibernationError):
    """A step did not come to its end in the time that it may take."""


class PricesUnreadable(HibernationError):
    """The table of prices cannot be read."""


class KeepRefused(HibernationError):
    """So many snapshots cannot be kept."""

    audit_outcome: ClassVar[str] = "refused"
