"""A worker process that makes one bundle, for tests that kill or stop it: `bundler JOB`; it speaks in lines.

Its store is slow, so that a test can act in the middle; its lease is short. `begun` is said once some of the zip is
written, then how it ended. On SIGTERM it stops as a worker does; on
SIGUSR1 as a worker's child does that gets a SIGTERM.
"""

import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import django

django.setup()

from django.conf import settings  # noqa: E402 - after setup

from downloads.bundles import work  # noqa: E402
from jobs import stopping  # noqa: E402
from jobs.errors import HandedBack, JobCancelled, LeaseLost  # noqa: E402
from jobs.lease import Timing, claim  # noqa: E402
from storage.folder import FolderObjects  # noqa: E402

SHORT = Timing(lease_s=1.5, renew_s=0.5, write_s=0.05)
BEGUN_BYTES = 400_000


class SlowFolder(FolderObjects):
    """About 1.5 MB/s."""

    def stream(self, bucket: str, key: str, **options) -> Iterator[bytes]:
        for piece in super().stream(bucket, key, **(options | {"chunk_bytes": 1 << 14})):
            time.sleep(0.01)
            yield piece


def say(word: str) -> None:
    print(word, flush=True)  # noqa: T201 - this is how it speaks


def slowly(members) -> Iterator[bytes]:
    """The zip in small pieces; `begun` is said when some of them must have been written."""
    said, done_bytes = False, 0
    for piece in zipped(members):
        for start in range(0, len(piece), 1 << 14):
            yield piece[start : start + (1 << 14)]
        done_bytes += len(piece)
        if done_bytes > BEGUN_BYTES and not said:
            said = True
            time.sleep(0.2)
            say("begun")


zipped = work.zipped


def main(job_id: int) -> None:
    signal.signal(signal.SIGTERM, lambda *_: stopping.tell())
    signal.signal(signal.SIGUSR1, lambda *_: sys.exit(-241))
    work.zipped = slowly
    work.open_objects = lambda url: SlowFolder(Path(urlsplit(url).path))
    lease = claim(job_id, timing=SHORT)
    assert lease is not None
    assert settings.OBJECTS_URL
    try:
        with lease.kept():
            work.run(lease)
        say("done")
    except (HandedBack, JobCancelled, LeaseLost, SystemExit) as ended:
        say(type(ended).__name__)


if __name__ == "__main__":
    main(int(sys.argv[1]))
