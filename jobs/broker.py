"""The way of a job's number to a worker: Celery's broker.

Owns: the names of the two messages, that an unreachable broker is `NotSent` within seconds, never an error page, and
how many messages wait there.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from celery import current_app
from kombu import Connection
from kombu.exceptions import ChannelError, OperationalError
from redis.exceptions import RedisError

from jobs.errors import NotSent

RUN = "jobs.run"
SWEEP = "jobs.sweep"


def send(job_id: int) -> None:
    """Sends the number of a job. Raises `NotSent` where the broker does not take it: the sweeper sends it later."""
    try:
        current_app.send_task(RUN, args=[job_id], ignore_result=True)
    except (OperationalError, RedisError, OSError) as error:
        raise NotSent(f"The broker does not take the number of job {job_id} ({type(error).__name__}).") from error


def waiting() -> int:
    """How many messages no worker has taken yet; 0 where the broker does not answer."""
    try:
        with connected() as broker:
            channel = broker.default_channel
            queue = channel.queue_declare(current_app.conf.task_default_queue, passive=True)  # type: ignore[attr-defined] # of every channel
            return int(queue.message_count)
    except (ChannelError, OperationalError, RedisError, OSError):
        return 0  # ChannelError: there is no queue before its first message, nor after its last


@contextmanager
def connected() -> Iterator[Connection]:
    """The broker, which answers: looked for twice at most. Raises what Celery's library does where it does not."""
    with current_app.connection_for_write() as broker:
        broker.ensure_connection(max_retries=1, interval_start=0, interval_step=0)
        yield broker
