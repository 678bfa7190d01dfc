"""The way of a job's number to a worker: Celery's broker.

Owns: the names of the two messages, and that an unreachable broker is `NotSent` within seconds, never an error page.
"""

from celery import current_app
from kombu.exceptions import OperationalError
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
