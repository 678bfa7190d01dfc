"""Reading a tree of folders as a bucket: in the byte order of keys, without links and unfinished writes.

Owns the order (S3's: the UTF-8 bytes of whole keys) and what counts as an object. Knows nothing of buckets; raises the
system's `OSError`, which `storage.folder` puts into words. A file or folder that vanishes while it is read is left out.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from storage.names import is_leftover

Found = tuple[str, os.DirEntry[str]]  # a key (surrogates for bytes that are no UTF-8) and its file


def objects(folder: Path, *, prefix: str) -> Iterator[Found]:
    """The objects below a folder whose key begins with the prefix, sorted."""
    return (found for found in _files(str(folder), above="", prefix=prefix) if not _is_leftover(found[1]))


def leftovers(folder: Path, *, prefix: str) -> Iterator[Found]:
    """What killed writes left below a folder, of keys that begin with the prefix."""
    return (found for found in _files(str(folder), above="", prefix=prefix) if _is_leftover(found[1]))


def subfolders(folder: Path, *, beginning: str) -> Iterator[str]:
    """The names of the folders directly in one that hold an object at any depth, sorted as keys are."""
    with os.scandir(folder) as entries:
        names = [e.name for e in entries if e.name.startswith(beginning) and e.is_dir(follow_symlinks=False)]
    for name in sorted(names, key=lambda name: os.fsencode(f"{name}/")):
        if _holds_object(str(folder / name)):
            yield name


def is_folder(path: Path) -> bool:
    """Whether this is a folder itself, not a link to one."""
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False


def shown(key: str) -> str:
    """A key as people and databases can take it: bytes that are no UTF-8 become `\\xe9`."""
    return os.fsencode(key).decode("utf-8", "backslashreplace")


def sync(path: str | Path) -> None:
    """Waits until a file's bytes, or a folder's names, are on the disk itself."""
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def _files(folder: str, *, above: str, prefix: str) -> Iterator[Found]:
    for key, entry in sorted(_entries(folder, above=above, prefix=prefix), key=lambda found: os.fsencode(found[0])):
        if key.endswith("/"):
            with suppress(FileNotFoundError):
                yield from _files(entry.path, above=key, prefix=prefix)
        else:
            yield key, entry


def _entries(folder: str, *, above: str, prefix: str) -> Iterator[Found]:
    """Files, and folders with a slash behind their key: so sorting the keys of one folder sorts the whole tree."""
    with os.scandir(folder) as entries:
        for entry in entries:
            key = above + entry.name
            if entry.is_dir(follow_symlinks=False):
                if f"{key}/".startswith(prefix) or prefix.startswith(f"{key}/"):
                    yield f"{key}/", entry
            elif key.startswith(prefix) and entry.is_file(follow_symlinks=False):
                yield key, entry


def _holds_object(folder: str) -> bool:
    """Looks only as far as the first; a killed write or a removed recording leaves folders without any."""
    with suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_file(follow_symlinks=False) and not _is_leftover(entry):
                return True
            if entry.is_dir(follow_symlinks=False) and _holds_object(entry.path):
                return True
    return False


def _is_leftover(entry: os.DirEntry[str]) -> bool:
    return is_leftover(os.fsencode(entry.name))
