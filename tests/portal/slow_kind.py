"""A kind of job for tests: it works as many seconds as its question says, and tells who it is in its note."""

import os
import time

from jobs.kinds import Kind, register
from jobs.lease import Lease


def work(lease: Lease) -> None:
    end = time.monotonic() + float(lease.question)
    while time.monotonic() < end:
        lease.progress(note=f"process {os.getpid()}")
        time.sleep(0.05)
    lease.finish({"attempt": lease.attempt})


register(Kind(name="slow", title="Slow work", run=work))
