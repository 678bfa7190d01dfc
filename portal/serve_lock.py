"""One portal a data folder: who serves it holds a lock that ends with the process.

Owns: the file `serve.lock`, which names the holder.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from portal.errors import AlreadyServed


@contextmanager
def only_here(data_dir: Path) -> Iterator[None]:
    """Holds the lock within the block. Raises `AlreadyServed` with the holder's process ID."""
    with os.fdopen(os.open(data_dir / "serve.lock", os.O_RDWR | os.O_CREAT, 0o600), "r+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = file.read().strip() or "not known yet"
            raise AlreadyServed(
                f"The portal of {data_dir} is already served, by process {holder}. Stop that one (kill {holder}), or "
                "set ECOG_DATA_DIR to another folder."
            ) from None
        file.truncate()
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield
