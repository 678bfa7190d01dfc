"""The files a person points at: which they are, and why one of them may not be whole yet.

Owns: what counts as a source file in a folder. A file's name is for the person at work alone: nothing here stores it.
"""

import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from chunks.errors import FileChanged, IngestRefused

SUFFIXES = frozenset({".edf", ".bdf"})
GROWING_S = 600


def find_sources(paths: Iterable[Path]) -> Sequence[Path]:
    """Every file named, and every EDF and BDF file below every folder named, in order of path and each once.

    Raises `IngestRefused` for a path that is not there or a folder without such files.
    """
    found: dict[Path, None] = {}
    for path in paths:
        if path.is_dir():
            below = sorted(each for each in path.rglob("*") if each.suffix.lower() in SUFFIXES and each.is_file())
            if not below:
                raise IngestRefused(f"{path} holds no file that ends in .edf or .bdf. Name the files themselves.")
            found |= dict.fromkeys(below)
        elif path.exists():
            found[path] = None
        else:
            raise IngestRefused(f"There is nothing at {path}. Check the path.")
    return list(found)


def is_growing(path: Path) -> bool:
    """Whether the file changed within the last ten minutes: a copy may still be under way."""
    return changed_lately(path.stat().st_mtime)


def changed_lately(modified_s: float) -> bool:
    """Whether an instant (seconds since 1970) is within ten minutes of now, also after it: clocks of servers differ."""
    return abs(time.time() - modified_s) < GROWING_S


@dataclass(frozen=True, kw_only=True)
class Look:
    """What tells whether a file is still the same and did not change; no name."""

    device: int
    inode: int
    size_bytes: int
    modified_ns: int


def look_of(state: os.stat_result) -> Look:
    return Look(device=state.st_dev, inode=state.st_ino, size_bytes=state.st_size, modified_ns=state.st_mtime_ns)


def refuse_changed(path: Path, *, before: Look) -> None:
    """Raises `FileChanged` where the file is another one by now, or was written to."""
    try:
        same = look_of(path.stat()) == before
    except OSError:
        same = False
    if not same:
        raise FileChanged("The file changed while it was being read: a copy is under way. Nothing of it was kept.")
