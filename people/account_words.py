"""What an account was made to be, as acts of the audit say it: written and read here.

Owns: the form of these words, and the names of the two acts. Imports nothing of ours but the roles.
"""

import re
from dataclasses import dataclass

from people.roles import STAFF, Role

MAKE, CHANGE = "make account", "change account"
NO_ROLE = "none"
_WORDS = re.compile(r"user=(?P<user>\S+) roles=(?P<roles>.+) active=(?P<active>yes|no)(?P<superuser> superuser=yes)?")


@dataclass(frozen=True, kw_only=True)
class AccountState:
    """An account as an act left it."""

    username: str
    roles: frozenset[Role]
    active: bool
    superuser: bool

    @property
    def is_staff(self) -> bool:
        return self.superuser or not STAFF.isdisjoint(self.roles)

    @property
    def sees_all(self) -> bool:
        """Whether such an account sees all patients, as `people.scope` has it."""
        return self.active and self.is_staff

    def __str__(self) -> str:
        roles = ",".join(sorted(self.roles)) or NO_ROLE
        active = "yes" if self.active else "no"
        return f"user={self.username} roles={roles} active={active}{' superuser=yes' if self.superuser else ''}"


def read_state(question: str) -> AccountState | None:
    """The state that such words say; None where they are others. A role that there is no more is left out."""
    found = _WORDS.fullmatch(question)
    if found is None:
        return None
    named = set(found["roles"].split(","))
    return AccountState(
        username=found["user"],
        roles=frozenset(role for role in Role if role.value in named),
        active=found["active"] == "yes",
        superuser=bool(found["superuser"]),
    )
