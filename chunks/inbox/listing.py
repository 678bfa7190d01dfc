"""The files of the inbox folder, as they are on the disk at this moment.

Owns: which files those are (EDF and BDF below the folder, three folders deep; what is hidden, or a symbolic link, is
left out), how their names are shown, and which of them are still being copied. What is left out for another reason is
counted, so that nobody misses a file without a word. Names are read for the person who looks: nothing here stores or
logs one.
"""

import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings

from chunks.errors import InboxAway
from chunks.sources import GROWING_S, SUFFIXES, Look, changed_lately, look_of

DEPTH_MAX = 3
FILES_MAX = 20_000
_REMEMBERED_MAX = 50_000


@dataclass(frozen=True, kw_only=True)
class InboxFile:
    """A file at one look. `name` is its path below the inbox; any bytes may be in it."""

    path: Path = field(repr=False)
    name: str = field(repr=False)
    look: Look
    growing: bool

    @property
    def shown(self) -> str:
        """The name in characters that can be shown: others are written out."""
        return shown(self.name)

    @property
    def folder(self) -> str:
        """Of the name; empty in the inbox itself."""
        return self.name.rpartition("/")[0]


@dataclass
class LeftOut:
    """How many folders were not looked into, since they lie too deep or may not be read, and how many files are too
    many."""

    deep: int = 0
    unreadable: int = 0
    files: int = 0


def inbox_files(left_out: LeftOut | None = None) -> list[InboxFile]:
    """Every file of the inbox in the order of names, up to `FILES_MAX`; the rest is counted. Raises `InboxAway`."""
    root: Path = settings.INBOX
    left_out = left_out or LeftOut()
    try:
        found = list(_below(root, prefix="", depth=0, left_out=left_out))
    except OSError as error:
        raise InboxAway(
            f"The inbox folder cannot be read ({error.strerror}). An administrator names it with ECOG_INBOX, makes it, "
            "and lets the portal's account read it."
        ) from None
    left_out.files = max(0, len(found) - FILES_MAX)
    return sorted(found, key=lambda file: os.fsencode(file.name))[:FILES_MAX]


def shown(name: str) -> str:
    """A name of any bytes in characters that show, none of which turns the text around it."""
    text = os.fsencode(name).decode(errors="backslashreplace")
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def _below(folder: Path, *, prefix: str, depth: int, left_out: LeftOut) -> Iterator[InboxFile]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            name = f"{prefix}{entry.name}"
            try:
                if entry.is_dir(follow_symlinks=False):
                    yield from _inside(Path(entry.path), prefix=f"{name}/", depth=depth + 1, left_out=left_out)
                elif entry.is_file(follow_symlinks=False) and Path(entry.name).suffix.lower() in SUFFIXES:
                    state = entry.stat(follow_symlinks=False)
                    look = look_of(state)
                    growing = _looks.changed(look) or changed_lately(state.st_mtime)
                    yield InboxFile(path=Path(entry.path), name=name, look=look, growing=growing)
            except OSError:
                continue  # it went away meanwhile


def _inside(folder: Path, *, prefix: str, depth: int, left_out: LeftOut) -> Iterator[InboxFile]:
    if depth > DEPTH_MAX:
        left_out.deep += 1
        return
    try:
        yield from _below(folder, prefix=prefix, depth=depth, left_out=left_out)
    except FileNotFoundError:
        return
    except OSError:
        left_out.unreadable += 1


class _Looks:
    """What files looked like before: one that differs is being written, whatever its time says.

    A copy that keeps the time of its source says an old one from its first byte on.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: dict[tuple[int, int], tuple[Look, float]] = {}

    def changed(self, look: Look) -> bool:
        """Whether the file was seen to differ within the last ten minutes."""
        now, file = time.monotonic(), (look.device, look.inode)
        with self._lock:
            before, changed_at = self._seen.pop(file, (look, -float("inf")))
            if before != look:
                changed_at = now
            self._seen[file] = (look, changed_at)
            while len(self._seen) > _REMEMBERED_MAX:
                del self._seen[next(iter(self._seen))]
        return now - changed_at < GROWING_S


_looks = _Looks()
