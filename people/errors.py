"""The errors of `people`, and the one rule which error texts may be kept.

Owns: the tree below `PeopleError`, and the two marks that an error class of any app may carry:

* `may_be_kept = True`: its message holds nothing private (no name, no real date, no file name, nothing a person typed),
  so audit and job rows may keep it. Of every other error only the class is kept.
* `audit_outcome = "refused"` or `"cancelled"`: how an act that it ends is written down; without it, the act failed.

Imports nothing of ours and no Django.
"""

from collections.abc import Sequence
from typing import ClassVar

MAX_REASON = 500


class PeopleError(Exception):
    """Base of what `people` refuses; the message says what was wrong, the value, and what to do."""

    may_be_kept: ClassVar[bool] = True
    audit_outcome: ClassVar[str] = "refused"


class BadPatientId(PeopleError):
    """A text that cannot be a patient ID."""

    may_be_kept = False  # the message repeats what was typed, which may be a name


class PatientUnknown(PeopleError):
    """No such patient among those the asker may see. `nearest`: the known IDs most like it."""

    may_be_kept = False  # as above

    def __init__(self, message: str, *, nearest: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.nearest = tuple(nearest)


class AskerUnknown(PeopleError):
    """There is no user of the name that a command was given."""

    may_be_kept = False  # as above


class PatientWithdrawn(PeopleError):
    """The patient has withdrawn; nothing of hers may be kept, shown or brought back."""


class OtherSurgeryDate(PeopleError):
    """The date given is not the one remembered for the patient. The message names neither."""


class OtherIdentity(PeopleError):
    """A file's header does not speak of the patient it is taken in for. The message holds nothing of the header."""


class AccountClosed(PeopleError):
    """The user is inactive or not logged in, and so sees nothing."""


class TokenRefused(PeopleError):
    """A personal token that opens nothing: unknown, ended, revoked, or of a closed account. The message says which."""


class AccountRefused(PeopleError):
    """An account that cannot be made or changed like this."""

    may_be_kept = False  # the message repeats what was typed


class PasswordRefused(PeopleError):
    """A password that is too easy to guess; the message says why and never holds it."""

    may_be_kept = False  # it may name the attribute the password resembles


class GrantRefused(PeopleError):
    """A grant that cannot be given or ended like this."""


class AuditIsFinal(PeopleError):
    """Somebody tried to change or remove an audit row."""


def kept_message(error: BaseException) -> str:
    """The message of `error` where that is marked as holding nothing private, else an empty text."""
    return str(error)[:MAX_REASON] if getattr(error, "may_be_kept", False) else ""


def kept_reason(error: BaseException) -> str:
    """What may be stored of `error`: its class, and its message where that may be kept."""
    return ": ".join(filter(None, (type(error).__name__, kept_message(error))))[:MAX_REASON]
