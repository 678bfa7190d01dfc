"""Attempts to log in, as the limit on them (django-axes) counts them: by whom and from where.

Owns: that what was typed as a name is counted by its keyed hash and stored nowhere, for it may be a password.
Imports nothing of ours outside `people`.
"""

from collections.abc import Mapping

from django.contrib.auth.models import User
from django.http import HttpRequest

from people.identity import keyed_hash
from people.origin import client_address

NO_ADDRESS = "0.0.0.0"  # noqa: S104 (no interface: all clients without an address are one client)


def name_of(request: HttpRequest, credentials: Mapping[str, str] | None = None) -> str:
    """The hash of the name that was typed, or of the user who is logged in; equal for names equal but for case."""
    typed = (credentials or {}).get("username") or request.POST.get("username", "")
    return keyed_hash(User.normalize_username(typed).casefold(), purpose="login name", patient="")


def address_of(request: HttpRequest) -> str:
    """Where the attempt comes from. Never empty: the limit would not hold for an empty address."""
    return client_address(request) or NO_ADDRESS
