"""The tree as it lies on a disk: whose folder it is, what is there already, and where the next file goes.

Owns: the places of files under a person's folder, the refusal of symbolic links that lead out of it, the leftovers
(`.part`) of a run that was killed, and the lock that keeps two downloads out of one tree. Knows no store.
"""

import errno
import fcntl
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from chunks.format.keys import ANNOTATIONS_OBJECT, CHUNK_SUFFIX
from downloads.errors import FolderRefused
from downloads.tree import MANIFEST_NAME, ROOT, SESSIONS_FOLDER, SESSIONS_NAME

PART = ".part"
# Only what this app leaves is removed, never another program's `.part`.
_LEFTOVER = re.compile(
    rf"(?:.*{re.escape(CHUNK_SUFFIX)}|{re.escape(ANNOTATIONS_OBJECT)}|{re.escape(MANIFEST_NAME)}|{re.escape(SESSIONS_NAME)})"
    rf"{re.escape(PART)}"
)


@dataclass(frozen=True, kw_only=True)
class Survey:
    """What lies in a tree: how many files (without both lists and leftovers), and what a killed run has left."""

    files: int
    leftovers: tuple[Path, ...]
    leftover_bytes: int


class TreeFolder:
    """`<directory>/s3_download`; `directory` itself may be anything, and need not exist yet."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.root = directory / ROOT
        self.manifest = self.root / MANIFEST_NAME
        self.sessions = self.root / SESSIONS_NAME
        self._ready: set[Path] = set()

    def place(self, path: str) -> Path:
        """Where a path of the tree (checked by `downloads.tree`) lies on this disk."""
        return self.directory.joinpath(*path.split("/"))

    def size_there(self, path: str) -> int | None:
        """The size in bytes of what lies under that name; None where nothing does."""
        with _sentences(self.root), suppress(FileNotFoundError, NotADirectoryError):
            return self.place(path).lstat().st_size
        return None

    def make_room(self, place: Path) -> None:
        """Makes the folder of a place. Raises `FolderRefused` where a link or a file stands in the way."""
        if place.parent in self._ready:
            return
        for folder in reversed([above for above in place.parents if above == self.root or self.root in above.parents]):
            if folder.is_symlink() and folder != self.root:
                raise FolderRefused(f"{folder} is a symbolic link, where a download makes a folder: remove the link.")
            with _sentences(folder):
                folder.mkdir(exist_ok=True)
        self._ready.add(place.parent)

    def survey(self) -> Survey:
        """Looks at what is there, and changes nothing. Raises `FolderRefused` where a link leads out of the tree."""
        with _sentences(self.root):
            inside = self.root.resolve()
            if self.root.is_symlink() and not inside.is_relative_to(self.directory.resolve()):
                raise _leads_out(self.root)
            files, leftovers, leftover_bytes = 0, list[Path](), 0
            for entry in _all_below(self.root):
                if entry.is_symlink() and not Path(entry.path).resolve().is_relative_to(inside):
                    raise _leads_out(Path(entry.path))
                if entry.is_file(follow_symlinks=False) and self._is_leftover(entry):
                    leftovers.append(Path(entry.path))
                    leftover_bytes += entry.stat(follow_symlinks=False).st_size
                elif Path(entry.path) not in {self.manifest, self.sessions}:
                    files += 1
        return Survey(files=files, leftovers=tuple(leftovers), leftover_bytes=leftover_bytes)

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Makes the tree's folder and keeps other downloads out of it. Raises `FolderRefused` where one is under way.

        In the end no empty folder is left of those that were used.
        """
        with _sentences(self.root):
            self.directory.mkdir(parents=True, exist_ok=True)
            self.root.mkdir(exist_ok=True)
            lock = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY)
        try:
            self._lock(lock)
            try:
                yield
            finally:
                self._remove_empty()
        finally:
            os.close(lock)

    def free_bytes(self) -> int:
        """What is free on the disk the tree lies on, or will lie on."""
        with _sentences(self.directory):
            return shutil.disk_usage(self.nearest()).free

    def nearest(self) -> Path:
        """The tree's folder, or the nearest above it that exists."""
        return next(folder for folder in (self.root, *self.root.absolute().parents) if folder.exists())

    def _is_leftover(self, entry: os.DirEntry[str]) -> bool:
        """Among files of sessions, which have all kinds of names, every `.part` is one."""
        of_sessions = self.root / SESSIONS_FOLDER in Path(entry.path).parents
        return bool(_LEFTOVER.fullmatch(entry.name)) or (of_sessions and entry.name.endswith(PART))

    def _lock(self, lock: int) -> None:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            # Some network file systems lock no folder: there two downloads at once are the person's own affair.
            if error.errno in {errno.EWOULDBLOCK, errno.EACCES}:
                raise FolderRefused(
                    f"Another download into {self.directory} is under way: wait for it, or choose another folder."
                ) from error

    def _remove_empty(self) -> None:
        folders = {above for used in self._ready for above in (used, *used.parents) if self.root in above.parents}
        for folder in [*sorted(folders, key=lambda each: len(each.parts), reverse=True), self.root]:
            with suppress(OSError):  # it holds something, as it should
                folder.rmdir()


def _all_below(root: Path) -> Iterator[os.DirEntry[str]]:
    """Every entry below a folder that is no folder itself; links are not followed."""
    waiting = [os.fspath(root)] if root.is_dir() else []
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                else:
                    yield entry


def _leads_out(link: Path) -> FolderRefused:
    return FolderRefused(
        f"{link} is a symbolic link that leads out of the tree: files would be written elsewhere. "
        "Remove it, or give --to the folder it leads to."
    )


@contextmanager
def _sentences(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise FolderRefused(f"{folder} cannot be used: {error.strerror}. Choose another folder.") from error
