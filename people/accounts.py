"""Accounts: making one, its role, and closing it. Users are never deleted.

Owns: what a name and a password must be, and that `is_staff` follows from the roles. Imports nothing of ours outside
`people`.
"""

from collections.abc import Collection, Iterable

from django.contrib.auth.models import Group, User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Lower

from people import audit
from people.account_words import CHANGE, MAKE, AccountState
from people.errors import AccountRefused, PasswordRefused
from people.roles import STAFF, Role
from people.scope import NOBODY, SERVER, Scope

UNKNOWN = "unknown"
# What the audit calls those who are no account: one of this name would pass for them.
RESERVED = frozenset({SERVER, NOBODY, UNKNOWN})

# So many are named to somebody who needs one of them.
NAMED = 5


def make_account(
    username: str, *, password: str, role: Role, email: str = "", by: Scope, origin: str = ""
) -> tuple[User, bool]:
    """The account of this name, and whether it was made just now; one that exists is left as it is.

    Raises `AccountRefused` for a name or address that cannot be one, or a name that differs from another by case only;
    `PasswordRefused` with the validators' sentences.
    """
    known = find_account(username)
    if known is not None:
        return known, False
    user = User(username=User.normalize_username(username), email=email)
    _check(user)
    check_password(password, user=user)
    user.set_password(password)
    save_account(user, roles=[role], by=by, origin=origin)
    return user, True


def save_account(user: User, *, roles: Collection[Role], by: Scope, origin: str = "") -> None:
    """Writes an account that is new or changed, and has been checked, with exactly these roles."""
    user.is_staff = user.is_superuser or is_staff_by(roles)
    name = MAKE if user.pk is None else CHANGE
    state = AccountState(
        username=user.username, roles=frozenset(roles), active=user.is_active, superuser=user.is_superuser
    )
    with audit.act(name, scope=by, question=str(state), origin=origin), transaction.atomic():
        user.save()
        user.groups.set(Group.objects.filter(name__in=[role.value for role in roles]))


def find_account(username: str) -> User | None:
    """The account of this name.

    Raises `AccountRefused` where there is one whose name differs by case only, and for a name that no account may have.
    """
    name = User.normalize_username(username)
    if name.lower() in RESERVED:
        raise AccountRefused(f"{name!r} is what the audit calls somebody without an account: choose another name.")
    # Not `iexact`, which a binary collation of MySQL takes for `exact`; SQLite's LOWER knows ASCII alone.
    known = User.objects.alias(folded=Lower("username")).filter(Q(username=name) | Q(folded=name.lower())).first()
    if known is not None and known.username != name:
        raise AccountRefused(
            f"There is an account {known.username!r}, and names that differ only by case are too easy to mistake. "
            f"Write it like this, or choose another name than {name!r}."
        )
    return known


def check_password(password: str, *, user: User) -> None:
    """Raises `PasswordRefused` where the password is too easy to guess."""
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise PasswordRefused(" ".join(error.messages)) from error


def is_staff_by(roles: Iterable[Role]) -> bool:
    """Whether who has these roles sees all patients and may open the Django admin."""
    return not STAFF.isdisjoint(roles)


def roles_of(user: User) -> list[Role]:
    """The user's roles, the lesser first."""
    names = set(user.groups.values_list("name", flat=True))
    return [role for role in Role if role.value in names]


def has_administrator() -> bool:
    """Whether anybody can administer the portal by its pages."""
    active = User.objects.filter(is_active=True)
    return active.filter(groups__name=Role.ADMINISTRATOR.value).exists() or active.filter(is_superuser=True).exists()


def _check(user: User) -> None:
    try:
        user.clean_fields(exclude=["password"])
    except ValidationError as error:
        told = "; ".join(f"{name} {messages[0]}" for name, messages in error.message_dict.items())
        raise AccountRefused(f"The account {user.username[:150]!r} cannot be made: {told}") from error


def names_of(role: Role) -> list[str]:
    """How the people of a role are called, as somebody who needs one of them asks for them; at most five."""
    users = User.objects.filter(groups__name=role.value, is_active=True).order_by("pk")[:NAMED]
    return [user.get_full_name() or user.get_username() for user in users]
