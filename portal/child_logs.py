"""What the portal's own processes write, in `logs/` of the data folder: one file each, for its owner's eyes.

Owns: the place, its modes, and that a file stays small: what is over is kept once under `.1`. The writers append, so a
file can be emptied under their hands; a line that comes in between is lost.
"""

import os
import shutil
from pathlib import Path
from typing import BinaryIO

MAX_BYTES = 5_000_000


def log_path(name: str, *, data_dir: Path) -> Path:
    return data_dir / "logs" / f"{name}.log"


def open_log(path: Path) -> BinaryIO:
    """The file to append to, made with mode 600 in a folder of mode 700."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "ab")


def keep_small(path: Path, *, max_bytes: int = MAX_BYTES) -> bool:
    """Moves what is written into `<name>.log.1` where it is more than `max_bytes`; whether it did.

    On a disk that is full it stays as it is: a portal must not end for its logs.
    """
    if not path.exists() or path.stat().st_size <= max_bytes:
        return False
    earlier = path.with_name(f"{path.name}.1")
    try:
        shutil.copyfile(path, earlier)
        earlier.chmod(0o600)
        os.truncate(path, 0)
    except OSError:
        earlier.unlink(missing_ok=True)  # no more than a part of it
        return False
    return True
