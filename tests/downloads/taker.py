"""A process that downloads what a manifest lists, for tests that kill or interrupt it: `taker OBJECTS MANIFEST TO`.

The store is slow (about 100 MB/s), so that a test can act in the middle; `begun` is said once a file is whole.
"""

import sys
import time
from collections.abc import Iterator
from pathlib import Path

from downloads.folder import TreeFolder
from downloads.manifest import read_csv
from downloads.take import take
from storage.folder import FolderObjects
from tests.downloads.made import Seen

INTERRUPTED = 130
BEGUN_BYTES = 45_000_000  # of files of 5 MB, eight at a time


class SlowFolder(FolderObjects):
    def stream(self, bucket: str, key: str, **options) -> Iterator[bytes]:
        for piece in super().stream(bucket, key, **(options | {"chunk_bytes": 1 << 16})):
            time.sleep(0.005)
            yield piece


def main(objects: str, manifest: str, to: str) -> None:
    seen = Seen()
    said = False

    def on_tick(done_bytes: int) -> None:
        nonlocal said
        if done_bytes > BEGUN_BYTES and not said:
            said = True
            print("begun", flush=True)  # noqa: T201

    with Path(manifest).open(encoding="utf-8", newline="") as file:
        take(
            read_csv(file),
            store=SlowFolder(Path(objects)),
            folder=TreeFolder(Path(to)),
            begin=lambda _plan: seen,
            on_tick=on_tick,
        )


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
