"""A worker process that works on one job, for tests that kill it: `submitter JOB`. Says `begun` once a driver runs."""

import sys

import django

django.setup()

from analysis import work  # noqa: E402 - after setup
from analysis.masters import Child  # noqa: E402
from jobs.lease import Timing, claim  # noqa: E402

SHORT = Timing(lease_s=1.5, renew_s=0.5, write_s=0.05)


def main(job_id: int) -> None:
    begin = work.begin

    def begin_and_say(words, **more):
        application = begin(words, **more)
        assert isinstance(application, Child)
        print(f"begun {application.pid}", flush=True)  # noqa: T201 - this is how it speaks
        return application

    work.begin = begin_and_say
    lease = claim(job_id, timing=SHORT)
    assert lease is not None
    with lease.kept():
        work.run(lease)


if __name__ == "__main__":
    main(int(sys.argv[1]))
