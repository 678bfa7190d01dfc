"""Objects as plain files: bucket `b` is the folder `<root>/b`, its object `r/k.chn` the file `<root>/b/r/k.chn`.

Owns how a write becomes whole (a file `<name>#<number>` beside it, then a rename or, for create-only, a hard link), how
keys stay below their bucket, and the ETag. Imports nothing of ours but the interface, the names and its two neighbours.

Folders are made for their owner alone (0700), files too (0600), whatever the umask. No symbolic link below the root is
followed. ETags and leftovers look like those of obstore's LocalStore, so that a folder may be read by either.
"""

import builtins
import fcntl
import io
import os
import secrets
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from storage.archive import Archived, Tier
from storage.bucket_rules import BucketRules, Fault
from storage.errors import (
    BucketMissing,
    BucketUnusable,
    KeyUnusable,
    ObjectChanged,
    ObjectExists,
    ObjectMissing,
    RangeOutside,
    SizeDiffers,
    StorageError,
)
from storage.folder_errors import BELOW, LINK, speaking
from storage.folder_tree import is_folder, leftovers, objects, shown, subfolders, sync
from storage.names import check_bucket, check_key
from storage.objects import CHUNK_BYTES, Body, Buffer, ObjectInfo, Objects, check_range, pieces

FOLDER_MODE = 0o700
WRITE_BYTES = 1 << 20  # of one write: the system takes 15 MB at once six times as slowly as in pieces like this
FILE_MODE = 0o600
STEM_LIMIT_CHARACTERS = 50  # of an unfinished file's name: with `#<number>` within 255 bytes in any script
TRIES = 20  # to make a file in a folder that others keep removing because it is empty

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class FolderObjects(Objects):
    """The objects below one folder, which need not be there yet: the first bucket makes it."""

    sets_buckets_up = False

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(
        self,
        bucket: str,
        key: str,
        body: Body,
        *,
        create_only: bool = False,
        size_bytes: int | None = None,
        storage_class: str = "",
    ) -> ObjectInfo:
        check_key(bucket, key=key)
        if create_only and self._is_taken(bucket, key=key):  # spares a long write that would be refused at its end
            raise ObjectExists(bucket, key=key)
        with speaking(bucket, key=key):
            unfinished, file = self._open_unfinished(bucket, key=key)
        try:
            try:
                _fill(file, body, bucket=bucket, key=key, size_bytes=size_bytes)
                with speaking(bucket, key=key):
                    info = _info(bucket, key, _stamped(file))
            finally:
                with speaking(bucket, key=key):
                    os.close(file)
            _publish(unfinished, self._root / bucket / key, bucket=bucket, key=key, create_only=create_only)
        except BaseException:
            # What cannot be removed now is a leftover, cleared later; the first error is the one to tell.
            with suppress(OSError):
                unfinished.unlink(missing_ok=True)
                self._prune(unfinished.parent, bucket=bucket)
            raise
        return info

    def replace(self, bucket: str, key: str, body: Buffer, *, etag: str) -> ObjectInfo:
        with self._one_replaces(bucket, key=key):
            try:
                held = self.head(bucket, key)
            except ObjectMissing:
                raise ObjectChanged(bucket, key=key) from None
            if held.etag != etag:
                raise ObjectChanged(bucket, key=key)
            return self.put(bucket, key, body)

    def head(self, bucket: str, key: str) -> ObjectInfo:
        with speaking(bucket, key=key):
            state = self._path(bucket, key=key).lstat()
        if stat.S_ISLNK(state.st_mode):
            raise KeyUnusable(bucket, key=key, detail=LINK)
        if not stat.S_ISREG(state.st_mode):
            raise ObjectMissing(bucket, key=key)
        return _info(bucket, key, state)

    def get(self, bucket: str, key: str) -> bytes:
        with speaking(bucket, key=key), self._open(bucket, key=key) as file:
            return file.readall()

    def get_range(self, bucket: str, key: str, *, start: int, length: int) -> bytes:
        check_range(start=start, length=length)
        with speaking(bucket, key=key), self._open(bucket, key=key) as file:
            size_bytes = os.fstat(file.fileno()).st_size
            _seek(file, start, bucket=bucket, key=key, size_bytes=size_bytes)
            return b"".join(_chunks(file, left=min(length, size_bytes - start), chunk_bytes=length))

    def stream(
        self, bucket: str, key: str, *, chunk_bytes: int = CHUNK_BYTES, start: int = 0, if_match: str | None = None
    ) -> Iterator[bytes]:
        check_range(start=start)
        with speaking(bucket, key=key), self._open(bucket, key=key) as file:
            info = _info(bucket, key, os.fstat(file.fileno()))
            if if_match not in {None, info.etag}:
                raise ObjectChanged(bucket, key=key)
            if start:
                _seek(file, start, bucket=bucket, key=key, size_bytes=info.size_bytes)
            left = info.size_bytes - start
            for chunk in _chunks(file, left=left, chunk_bytes=chunk_bytes):
                left -= len(chunk)
                yield chunk
        if left:
            raise ObjectChanged(bucket, key=key)

    def list(self, bucket: str, *, prefix: str = "") -> Iterator[ObjectInfo]:
        with speaking(bucket):
            for key, entry in objects(self._folder(bucket), prefix=prefix):
                try:
                    state = entry.stat(follow_symlinks=False)
                except FileNotFoundError:  # removed since its folder was read
                    continue
                yield _info(bucket, shown(key), state)

    def folders(self, bucket: str, *, prefix: str = "") -> Iterator[str]:
        above, slash, beginning = prefix.rpartition("/")
        with speaking(bucket):
            folder = self._folder(bucket)
            for part in above.split("/") if slash else []:
                folder /= part
                if part in {"", ".", ".."} or not is_folder(folder):
                    return
            for name in subfolders(folder, beginning=beginning):
                yield shown(f"{above}{slash}{name}")

    def delete(self, bucket: str, key: str) -> None:
        with suppress(ObjectMissing), speaking(bucket, key=key):
            path = self._path(bucket, key=key)
            if not is_folder(path):
                path.unlink()
                self._prune(path.parent, bucket=bucket)

    def make_bucket(self, bucket: str) -> None:
        check_bucket(bucket)
        folder = self._root / bucket
        with speaking(bucket):
            self._root.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
            with suppress(FileExistsError):
                folder.mkdir(mode=FOLDER_MODE)
            if not is_folder(folder):
                raise StorageError(bucket, detail="its place is taken by a file or a symbolic link")

    def bucket_exists(self, bucket: str) -> bool:
        check_bucket(bucket)
        with speaking(bucket):
            return is_folder(self._root / bucket)

    def buckets(self) -> builtins.list[str]:
        names = []
        with speaking(""), suppress(FileNotFoundError), os.scandir(self._root) as entries:
            for entry in entries:
                with suppress(BucketUnusable):
                    check_bucket(entry.name)
                    if entry.is_dir(follow_symlinks=False):
                        names.append(entry.name)
        return sorted(names)

    def set_up(self, bucket: str, *, rules: BucketRules, dry_run: bool = False) -> builtins.list[Fault]:
        """A folder has no set-up beside what `make_bucket` gives it."""
        self._folder(bucket)
        return []

    def archived(self, bucket: str, key: str) -> Archived:
        """Every object that is there can be read."""
        self.head(bucket, key)
        return Archived(state="readable")

    def restore(self, bucket: str, key: str, *, days: int, tier: Tier) -> Archived:
        return self.archived(bucket, key)

    def clear_leftovers(self, bucket: str, *, prefix: str, older_than_s: float) -> int:
        before_ns = time.time_ns() - int(older_than_s * 1e9)
        cleared = 0
        with speaking(bucket):
            for _, entry in leftovers(self._folder(bucket), prefix=prefix):
                with suppress(FileNotFoundError):
                    if entry.stat(follow_symlinks=False).st_mtime_ns <= before_ns:
                        Path(entry.path).unlink()
                        cleared += 1
                self._prune(Path(entry.path).parent, bucket=bucket)
        return cleared

    def settle(self, bucket: str, *, prefix: str) -> None:
        with speaking(bucket):
            folder = self._folder(bucket)
            places = {self._root, folder}
            for _, entry in objects(folder, prefix=prefix):
                with suppress(FileNotFoundError):
                    sync(entry.path)
                places.update(place for place in Path(entry.path).parents if place.is_relative_to(folder))
            for place in places:
                with suppress(FileNotFoundError):
                    sync(place)

    @contextmanager
    def _one_replaces(self, bucket: str, *, key: str) -> Iterator[None]:
        """Within it no other process or thread replaces an object of this bucket; a lock goes with its process."""
        with speaking(bucket, key=key):
            folder = os.open(self._folder(bucket), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)

    def _folder(self, bucket: str) -> Path:
        check_bucket(bucket)
        folder = self._root / bucket
        with speaking(bucket):
            if not is_folder(folder):
                raise BucketMissing(bucket)
        return folder

    def _path(self, bucket: str, *, key: str) -> Path:
        """The file of a key, reached through folders alone."""
        check_key(bucket, key=key)
        path = self._folder(bucket)
        *above, name = key.split("/")
        for part in above:
            path /= part
            mode = path.lstat().st_mode
            if stat.S_ISLNK(mode):
                raise KeyUnusable(bucket, key=key, detail=LINK)
            if not stat.S_ISDIR(mode):
                raise ObjectMissing(bucket, key=key)
        return path / name

    def _is_taken(self, bucket: str, *, key: str) -> bool:
        try:
            with speaking(bucket, key=key):
                return not stat.S_ISDIR(self._path(bucket, key=key).lstat().st_mode)
        except ObjectMissing:
            return False

    def _open(self, bucket: str, *, key: str) -> io.FileIO:
        file = io.FileIO(self._path(bucket, key=key), opener=_open_file)
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            file.close()
            raise ObjectMissing(bucket, key=key)
        return file

    def _open_unfinished(self, bucket: str, *, key: str) -> tuple[Path, int]:
        stem = key.rpartition("/")[2][:STEM_LIMIT_CHARACTERS]
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        for _ in range(TRIES):
            # Whoever removes the last object of a folder removes the folder, perhaps between these two lines.
            with suppress(FileNotFoundError, FileExistsError):
                unfinished = self._make_folders(bucket, key=key) / f"{stem}#{secrets.randbelow(10**9)}"
                return unfinished, os.open(unfinished, flags, FILE_MODE)
        raise StorageError(bucket, key=key, detail="somebody removes its folder again and again")

    def _make_folders(self, bucket: str, *, key: str) -> Path:
        folder = self._folder(bucket)
        for part in key.split("/")[:-1]:
            folder /= part
            with suppress(FileExistsError):
                folder.mkdir(mode=FOLDER_MODE)
            mode = folder.lstat().st_mode
            if not stat.S_ISDIR(mode):
                raise KeyUnusable(bucket, key=key, detail=LINK if stat.S_ISLNK(mode) else BELOW)
        return folder

    def _prune(self, folder: Path, *, bucket: str) -> None:
        """Removes folders that have become empty, so that they are no longer in the way of a key of that name."""
        with suppress(OSError):  # not empty, the usual end
            while folder != self._root / bucket:
                folder.rmdir()
                folder = folder.parent


def _open_file(path: str, flags: int) -> int:
    # Non-blocking: a pipe that somebody put there must not hold us.
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)


def _fill(file: int, body: Body, *, bucket: str, key: str, size_bytes: int | None) -> None:
    """Writes the body; the body's own exceptions pass through as they are."""
    written = 0
    for piece in pieces(body):
        written += piece.nbytes
        with speaking(bucket, key=key):
            while piece:
                piece = piece[os.write(file, piece[:WRITE_BYTES]) :]  # noqa: PLW2901  what is left of it
    if size_bytes not in {None, written}:
        raise SizeDiffers(bucket, key=key, detail=f"{written} bytes instead of {size_bytes}")


def _stamped(file: int) -> os.stat_result:
    """The state of a written file, its time set to the microsecond: the system's own would be the same for 4 ms."""
    now_ns = time.time_ns() // 1000 * 1000
    os.utime(file, ns=(now_ns, now_ns))
    return os.fstat(file)


def _publish(unfinished: Path, path: Path, *, bucket: str, key: str, create_only: bool) -> None:
    with speaking(bucket, key=key):
        try:
            if not create_only:
                unfinished.rename(path)
                return
            path.hardlink_to(unfinished)
        except (FileExistsError, IsADirectoryError):
            if is_folder(path):
                raise KeyUnusable(bucket, key=key, detail="other objects lie below it") from None
            raise ObjectExists(bucket, key=key) from None
        except FileNotFoundError:
            raise StorageError(bucket, key=key, detail="its unfinished file was cleared away meanwhile") from None
        unfinished.unlink(missing_ok=True)


def _seek(file: io.FileIO, start: int, *, bucket: str, key: str, size_bytes: int) -> None:
    if start >= size_bytes:
        raise RangeOutside(bucket, key=key, detail=f"byte {start} of {size_bytes}")
    file.seek(start)


def _chunks(file: io.FileIO, *, left: int, chunk_bytes: int) -> Iterator[bytes]:
    while left and (chunk := file.read(min(chunk_bytes, left))):
        left -= len(chunk)
        yield chunk


def _info(bucket: str, key: str, state: os.stat_result) -> ObjectInfo:
    modified_us = state.st_mtime_ns // 1000
    return ObjectInfo(
        bucket=bucket,
        key=key,
        size_bytes=state.st_size,
        etag=f"{state.st_ino:x}-{modified_us:x}-{state.st_size:x}",
        modified=_EPOCH + timedelta(microseconds=modified_us),
    )
