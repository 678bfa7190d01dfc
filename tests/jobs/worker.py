"""A worker process for tests: `python -m tests.jobs.worker MODE …`; it speaks in lines on standard output.

claim ID…     claims each of these jobs once a line comes on standard input, and prints those it won
work ID       claims the job with a short lease and works until a line comes on standard input, or the lease is lost
sleep ID      as `work`, but never looks at its lease before it finishes
command       runs a command's job until a line comes on standard input
"""

import select
import sys
import time

import django

django.setup()

from jobs.errors import JobCancelled, LeaseLost  # noqa: E402 - after setup
from jobs.here import run_here  # noqa: E402
from jobs.lease import Timing, claim  # noqa: E402
from people.scope import server_scope  # noqa: E402

SHORT = Timing(lease_s=1.0, renew_s=0.5, write_s=0.05)


def say(*words: object) -> None:
    print(*words, flush=True)  # noqa: T201 - this is how it speaks


def told_to_finish() -> bool:
    return bool(select.select([sys.stdin], [], [], 0.02)[0])


def claim_all(job_ids: list[int]) -> None:
    say("ready")
    sys.stdin.readline()
    for job_id in job_ids:
        lease = claim(job_id)
        if lease is not None:
            say("won", job_id, lease.attempt)


def work(job_id: int, *, looks: bool) -> None:
    lease = claim(job_id, timing=SHORT)
    assert lease is not None
    try:
        with lease.kept():
            lease.progress(bytes_done=lease.attempt, note="at work")
            # A process stopped in the middle of a write would hold SQLite's lock: speak between two writes.
            time.sleep(0.25)
            say("claimed", lease.attempt)
            while not told_to_finish():
                if looks:
                    lease.progress()
            lease.finish({"attempt": lease.attempt})
            say("finished")
    except LeaseLost:
        say("lost")
    except JobCancelled:
        say("cancelled")


def command() -> None:
    try:
        with run_here(kind="ingest", question="", scope=server_scope(means="command"), timing=SHORT) as lease:
            say("claimed", lease.job_id)
            while not told_to_finish():
                lease.progress(note="reading")
    except (KeyboardInterrupt, JobCancelled) as error:
        say(type(error).__name__)


if __name__ == "__main__":
    mode, *rest = sys.argv[1:]
    if mode == "claim":
        claim_all([int(each) for each in rest])
    elif mode == "command":
        command()
    else:
        work(int(rest[0]), looks=mode == "work")
