"""Which request and which job the present thread is busy with, for the lines of the log.

Owns: these two numbers. Whoever begins says so here; how a line shows them is the formatter's. Threads that the work
starts have lines without them. Imports nothing of ours.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_request: ContextVar[str] = ContextVar("request", default="")
_job: ContextVar[int | None] = ContextVar("job", default=None)


def begin_request(request_id: str) -> None:
    """Until `end_request`; a body that is streamed is sent after the view has returned."""
    _request.set(request_id)


def end_request() -> None:
    _request.set("")


@contextmanager
def in_job(job_id: int) -> Iterator[None]:
    """Lines of the block are those of this job."""
    token = _job.set(job_id)
    try:
        yield
    finally:
        _job.reset(token)


def ids() -> dict[str, str | int]:
    """`request` and `job`, each where there is one."""
    found: dict[str, str | int] = {}
    if request := _request.get():
        found["request"] = request
    job = _job.get()
    if job is not None:
        found["job"] = job
    return found
