"""Attempts to log in, as the limit on them (django-axes) counts them: by whom and from where.

Owns: that what was typed as a name is counted by its keyed hash and stored nowhere, for it may be a password; what
counts as one address; and when attempts are forgotten. Imports nothing of ours outside `people`.
"""

import ipaddress
from collections.abc import Mapping

from axes.helpers import get_cool_off
from axes.models import AccessAttempt
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.utils import timezone

from people.identity import keyed_hash
from people.origin import client_address

NO_ADDRESS = "0.0.0.0"  # noqa: S104 (no interface: all clients without an address are one client)
# One customer of IPv6 has a network of at least 64 bits, and so as many addresses as she likes (RFC 6177).
IPV6_PREFIX = 64


def name_of(request: HttpRequest, credentials: Mapping[str, str] | None = None) -> str:
    """The hash of the name that was typed, or of the user who is logged in; equal for names equal but for case."""
    typed = (credentials or {}).get("username") or request.POST.get("username", "")
    return keyed_hash(User.normalize_username(typed).casefold(), purpose="login name", patient="")


def address_of(request: HttpRequest) -> str:
    """Where the attempt comes from: of IPv6 the network. Never empty: the limit would not hold for an empty address."""
    address = ipaddress.ip_address(client_address(request) or NO_ADDRESS)
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:  # as a socket for both writes an address of IPv4
        return str(address.ipv4_mapped)
    return str(ipaddress.IPv6Network((int(address), IPV6_PREFIX), strict=False).network_address)


def forget_attempts() -> int:
    """Removes the attempts that count no more: nobody has come back since; how many."""
    wait = get_cool_off()
    if wait is None:
        return 0
    removed: int
    removed, _ = AccessAttempt.objects.filter(attempt_time__lt=timezone.now() - wait).delete()
    return removed
