"""Who asks by the API: a personal token, shown with every request; no cookie is looked at.

Owns: how a token is shown, and that each operation names the permission it needs. What the person may see is her Scope,
made anew for each request.
"""

from dataclasses import dataclass

from django.http import HttpRequest
from ninja.security import HttpBearer

from people.errors import PeopleError
from people.models import Token
from people.origin import client_address
from people.scope import Scope, scope_for
from people.tokens import good_token

MEANS = "client"


class NotAllowed(PeopleError):
    """The person's role does not hold the permission."""


@dataclass(frozen=True, kw_only=True)
class Asker:
    """A person at her own computer."""

    token: Token
    scope: Scope
    origin: str


class PersonalToken(HttpBearer):
    """`Authorization: Bearer ecog_…`"""

    def authenticate(self, request: HttpRequest, token: str) -> Token:
        """Raises `TokenRefused`."""
        opened = good_token(token.strip(), origin=client_address(request))
        request.user = opened.user
        return opened


def asker_of(request: HttpRequest, *, may: str = "") -> Asker:
    """Who asks; `may`: the permission that is needed. Raises `NotAllowed`, `AccountClosed`."""
    token: Token = request.auth  # type: ignore[attr-defined]
    if may and not token.user.has_perm(f"people.{may}"):
        raise NotAllowed(f"Your account may not {may}. An administrator can give you a role that may.")
    return Asker(token=token, scope=scope_for(token.user, means=MEANS), origin=client_address(request))
