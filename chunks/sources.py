"""The files a person points at: which they are, and why one of them may not be whole yet.

Owns: what counts as a source file in a folder. A file's name is for the person at work alone: nothing here stores it.
"""

import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from chunks.errors import IngestRefused

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
    return time.time() - path.stat().st_mtime < GROWING_S
