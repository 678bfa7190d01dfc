"""Attempts to log in, as the limit on them (django-axes) counts them: by whom and from where.

Owns: that what was typed as a name is counted by its keyed hash and stored nowhere, for it may be a password; what
counts as one address; that attempts which would be counted together are made one after the other; and when they are
forgotten. Imports nothing of ours outside `people`.
"""

import ipaddress
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

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
# Longer than a password takes to check twice, and too short to hold many of the web server's threads for long.
TURN_S = 1.0
_under_way: set[tuple[str, str]] = set()
_turn = threading.Condition()


def name_of(request: HttpRequest, credentials: Mapping[str, str] | None = None) -> str:
    """The hash of the name that was typed, or of the user who is logged in; equal for names equal but for case."""
    typed = (credentials or {}).get("username") or request.POST.get("username", "")
    return keyed_hash(User.normalize_username(typed).strip().casefold(), purpose="login name", patient="")


def address_of(request: HttpRequest) -> str:
    """Where the attempt comes from: of IPv6 the network. Never empty: the limit would not hold for an empty address."""
    address = ipaddress.ip_address(client_address(request) or NO_ADDRESS)
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:  # as a socket for both writes an address of IPv4
        return str(address.ipv4_mapped)
    return str(ipaddress.IPv6Network((int(address), IPV6_PREFIX), strict=False).network_address)


@contextmanager
def one_by_one(request: HttpRequest) -> Iterator[bool]:
    """Holds the turn of this name from this address in this process; False where others have it for too long.

    Of many attempts at once each would else be let through before the first is counted.
    """
    who = (name_of(request), address_of(request))
    with _turn:
        mine = _turn.wait_for(lambda: who not in _under_way, timeout=TURN_S)
        if mine:
            _under_way.add(who)
    try:
        yield mine
    finally:
        if mine:
            with _turn:
                _under_way.discard(who)
                _turn.notify_all()


def forget_attempts() -> int:
    """Removes the attempts that count no more: nobody has come back since; how many."""
    wait = get_cool_off()
    if wait is None:
        return 0
    removed: int
    removed, _ = AccessAttempt.objects.filter(attempt_time__lt=timezone.now() - wait).delete()
    return removed
