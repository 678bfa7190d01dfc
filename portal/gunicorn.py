"""How gunicorn serves the portal: `gunicorn -c python:portal.gunicorn` (gunicorn's settings, as it names them).

One process of 64 threads: pages are short, and file bodies, which are not, hold at most half of them. The place to
listen on is given on the command line. No access log: addresses hold what somebody asked for, and that is the audit's.
"""

import os
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
loglevel = "warning"
control_socket_disable = True
# The heartbeat is a file: on a slow disk it would stop the worker.
worker_tmp_dir = str(SHARED_MEMORY) if os.access(SHARED_MEMORY, os.W_OK) else None


class Forked(Protocol):
    """Of gunicorn's worker what is needed here."""

    ppid: int


def post_fork(_server: object, worker: Forked) -> None:
    """A worker ends with its master, even where that is killed."""
    die_with_parent(worker.ppid)
