"""Where an act comes from, for the audit: a terminal, or the address of a request.

Owns: how an account of the operating system is written, and which of the addresses that a request names is believed.
Imports nothing of ours.
"""

import getpass
import ipaddress
import socket

from django.conf import settings
from django.http import HttpRequest


def terminal_origin() -> str:
    """`account@machine` of who runs this process."""
    try:
        account = getpass.getuser()
    except (KeyError, OSError):  # no such account, as in many containers
        account = "unknown"
    return f"{account}@{socket.gethostname()}"


def client_address(request: HttpRequest) -> str:
    """The client's address: of `X-Forwarded-For` only what proxies of our own (`ECOG_PROXIES`) have written.

    Each proxy appends whom it was asked by, so with `n` of them the n-th from the end is the client. Empty where the
    server listens on a socket without addresses and no proxy says.
    """
    address = request.META.get("REMOTE_ADDR", "")
    if settings.PROXIES:
        named = [each.strip() for each in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")]
        address = named[-settings.PROXIES] if len(named) >= settings.PROXIES else named[0] or address
    try:
        return str(ipaddress.ip_address(address))
    except ValueError:
        return ""
