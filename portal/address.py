"""Where the portal listens, and whether it answers there.

Owns: how the place follows from `ECOG_URL` and `--bind`. The socket is opened here, so that a port that is taken is
told before anything starts, and stays open while the web server is started again. Imports no Django.
"""

import os
import socket
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

from portal.environment import LOOPBACK
from portal.errors import AddressRefused

BEHIND_PROXY = ("127.0.0.1", 8000)
BACKLOG = 2048
HTTP_PORT = 80
PORTS = 65536


def place_of(url: str, *, bind: str = "") -> tuple[str, int]:
    """Host and port: those of `bind`, else of an http `url`; behind https, which a proxy speaks, 127.0.0.1:8000.

    Raises `AddressRefused` where `bind` cannot be read, or would show an http portal to other machines.
    """
    parts = urlsplit(url)
    if not bind:
        return BEHIND_PROXY if parts.scheme == "https" else (parts.hostname or "", parts.port or HTTP_PORT)
    host, colon, port = bind.rpartition(":")
    host = host.strip("[]")
    if not colon or not host or not port.isascii() or not port.isdigit() or int(port) >= PORTS:
        raise AddressRefused(f"--bind is {bind!r}: write an address and a port, such as 127.0.0.1:8001.")
    if parts.scheme != "https" and host not in LOOPBACK:
        raise AddressRefused(
            f"--bind is {bind!r}, but {url} is http, which is for this machine only (127.0.0.1). Serve other machines "
            "over https: set ECOG_URL to its https address."
        )
    return host, int(port)


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. Raises `AddressRefused` where the port is taken or is not ours to take."""
    try:
        family, _, _, _, where = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(where[:2], family=family, backlog=BACKLOG)
    except OSError as error:
        raise AddressRefused(
            f"The portal cannot listen on {host}:{port} ({_why(error)}). Choose another port: ECOG_URL, or --bind."
        ) from error


def answers(at: socket.socket, *, url: str) -> bool:
    """Whether a portal says there that it lives, asked as its proxy or a browser would ask."""
    host, port = at.getsockname()[:2]
    parts = urlsplit(url)
    headers = {"Host": parts.netloc, "X-Forwarded-Proto": parts.scheme}
    with closing(HTTPConnection(host, port, timeout=2)) as connection:
        try:
            connection.request("GET", "/health/live", headers=headers)
            return connection.getresponse().status == 200
        except (OSError, HTTPException):
            return False


def _why(error: OSError) -> str:
    if isinstance(error, socket.gaierror) or not error.errno:
        return str(error.strerror)
    return os.strerror(error.errno)  # Python's own text repeats the address
