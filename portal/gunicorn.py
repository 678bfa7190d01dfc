"""How gunicorn serves the portal: `gunicorn -c python:portal.gunicorn` (gunicorn's settings, as it names them).

One process of 64 threads: pages are short, and file bodies, which are not, hold at most half of them. The place to
listen on is given on the command line. No access log: addresses hold what somebody asked for, and that is the audit's.
Who asks for a file and does not read it, as a browser whose download was paused, holds its thread for minutes, not for
ever: the kernel ends the connection (tcp(7), TCP_USER_TIMEOUT), and the download goes on with another one.
"""

import os
import socket
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from portal.parent_death import die_with_parent

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 (gunicorn makes an unnamed file in it)

wsgi_app = "portal.wsgi:application"
worker_class = "gthread"
workers = 1
threads = 64
timeout = 60  # of the worker's heartbeat, not of a request
graceful_timeout = 30
keepalive = 5
limit_request_line = 8190  # a question with many channels is a long address
accesslog = None
errorlog = "-"
loglevel = "error"  # a warning repeats what cannot be read of a request, such as a name with a blank in its address
control_socket_disable = True
# The heartbeat is a file: on a slow disk it would stop the worker.
worker_tmp_dir = str(SHARED_MEMORY) if os.access(SHARED_MEMORY, os.W_OK) else None

UNREAD_S = 300


class Ready(Protocol):
    """Of gunicorn's master what is needed here."""

    LISTENERS: Iterable[socket.socket]


class Forked(Protocol):
    """Of gunicorn's worker what is needed here."""

    ppid: int


def when_ready(server: Ready) -> None:
    """Connections have it from where they were taken."""
    for listener in server.LISTENERS:
        end_what_is_not_read(listener, after_s=UNREAD_S)


def end_what_is_not_read(listener: socket.socket, *, after_s: float) -> None:
    """For connections over TCP taken from now on. Does nothing outside Linux."""
    if hasattr(socket, "TCP_USER_TIMEOUT") and listener.family in {socket.AF_INET, socket.AF_INET6}:
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(after_s * 1000))


def post_fork(_server: object, worker: Forked) -> None:
    """A worker ends with its master, even where that is killed."""
    die_with_parent(worker.ppid)
