"""Objects in a local folder: the contract, and what only files can do wrong."""

import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from textwrap import dedent

import obstore
import pytest
from obstore.store import LocalStore

from storage.errors import (
    AccessDenied,
    BucketMissing,
    KeyUnusable,
    ObjectChanged,
    ObjectMissing,
    StorageError,
    StoreUnreachable,
)
from storage.folder import FolderObjects
from storage.objects import Objects
from tests.storage.contract import BIG, MIB, ObjectsContract, content_of, keys
from tests.storage.process import run_python, start_python


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "data" / "objects"


@pytest.fixture
def objects(root: Path) -> FolderObjects:
    return FolderObjects(root)


@pytest.fixture
def bucket(objects: FolderObjects, bucket_name: str) -> str:
    objects.make_bucket(bucket_name)
    return bucket_name


class TestFolder(ObjectsContract):
    """The contract, on a folder."""


# Plain files


def test_an_object_is_a_plain_file_under_bucket_and_key(objects: FolderObjects, root: Path, bucket: str) -> None:
    objects.put(bucket, "day3_1/v'1~2 é%_chunk-0.chn", b"samples")
    assert (root / bucket / "day3_1" / "v'1~2 é%_chunk-0.chn").read_bytes() == b"samples"
    assert [path.name for path in (root / bucket / "day3_1").iterdir()] == ["v'1~2 é%_chunk-0.chn"]


def test_nobody_else_can_read_what_is_stored_whatever_the_umask(root: Path) -> None:
    before = os.umask(0)
    try:
        objects = FolderObjects(root)
        objects.make_bucket("edf-chunks-1")
        objects.put("edf-chunks-1", "r/a", b"x")
    finally:
        os.umask(before)
    modes = {path.name: path.stat().st_mode & 0o777 for path in [root, *root.rglob("*")]}
    assert modes == {"objects": 0o700, "edf-chunks-1": 0o700, "r": 0o700, "a": 0o600}


def test_opening_a_folder_touches_nothing(objects: FolderObjects, root: Path) -> None:
    assert objects.buckets() == []
    assert not objects.bucket_exists("edf-chunks-1")
    with pytest.raises(BucketMissing):
        objects.put("edf-chunks-1", "k", b"x")
    assert not root.exists()


def test_what_lies_between_the_buckets_is_left_alone(objects: FolderObjects, root: Path, bucket: str) -> None:
    (root / "lost+found").mkdir()
    (root / "a-file-of-somebody").touch()
    assert objects.buckets() == [bucket]
    with pytest.raises(StorageError, match="taken by a file"):
        objects.make_bucket("a-file-of-somebody")


def test_another_program_reads_the_same_etags(objects: FolderObjects, root: Path, bucket: str) -> None:
    info = objects.put(bucket, "r/a.chn", content_of(1000))
    theirs = obstore.head(LocalStore(root / bucket), "r/a.chn")
    assert (theirs["e_tag"], theirs["size"]) == (f'"{info.etag}"', 1000)


def test_objects_put_in_one_moment_differ_in_their_etags(objects: FolderObjects, bucket: str) -> None:
    # The system gives the number of a removed file to the next one and counts its time in steps of milliseconds.
    etags = []
    for _ in range(500):
        etags.append(objects.put(bucket, "k", b"x").etag)
        objects.delete(bucket, "k")
    assert len(set(etags)) == 500


# Names that would collide or lead away


def test_a_key_below_an_object_is_refused_in_words(objects: FolderObjects, bucket: str) -> None:
    objects.put(bucket, "a", b"x")
    for key in ("a/b", "a/b/c"):
        with pytest.raises(KeyUnusable, match="is an object already"):
            objects.put(bucket, key, b"y")
    assert keys(objects, bucket) == ["a"]


@pytest.mark.parametrize("create_only", [False, True])
def test_a_key_above_objects_is_refused_in_words(objects: FolderObjects, bucket: str, create_only: bool) -> None:
    objects.put(bucket, "a/b", b"x")
    with pytest.raises(KeyUnusable, match="other objects lie below"):
        objects.put(bucket, "a", b"y", create_only=create_only)
    assert keys(objects, bucket) == ["a/b"]
    assert objects.clear_leftovers(bucket, prefix="", older_than_s=-60) == 0


ACTS: list[Callable[[Objects, str, str], object]] = [
    lambda objects, bucket, key: objects.put(bucket, key, b"new"),
    lambda objects, bucket, key: objects.put(bucket, key, b"new", create_only=True),
    lambda objects, bucket, key: objects.head(bucket, key),
    lambda objects, bucket, key: objects.get(bucket, key),
    lambda objects, bucket, key: objects.get_range(bucket, key, start=0, length=1),
    lambda objects, bucket, key: list(objects.stream(bucket, key)),
    lambda objects, bucket, key: objects.delete(bucket, key),
]


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("inside", [True, False])
def test_no_link_is_followed_into_a_folder(
    objects: FolderObjects, root: Path, bucket: str, tmp_path: Path, act: Callable, inside: bool
) -> None:
    aim = (root / bucket if inside else tmp_path) / "aim"
    aim.mkdir()
    (aim / "k").write_bytes(b"theirs")
    (root / bucket / "link").symlink_to(aim)
    with pytest.raises(KeyUnusable, match="symbolic link"):
        act(objects, bucket, "link/k")
    assert [(path.name, path.read_bytes()) for path in aim.iterdir()] == [("k", b"theirs")]
    assert keys(objects, bucket) == (["aim/k"] if inside else [])
    assert list(objects.folders(bucket)) == (["aim"] if inside else [])
    assert list(objects.folders(bucket, prefix="link/")) == []


def test_no_link_is_read_or_written_as_an_object(
    objects: FolderObjects, root: Path, bucket: str, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(b"theirs")
    (root / bucket / "link").symlink_to(outside)
    for act in ACTS[2:6]:
        with pytest.raises(KeyUnusable, match="symbolic link"):
            act(objects, bucket, "link")
    assert keys(objects, bucket) == []
    objects.put(bucket, "link", b"ours")  # takes the link's place
    assert (objects.get(bucket, "link"), outside.read_bytes()) == (b"ours", b"theirs")
    (root / bucket / "link2").symlink_to(outside)
    objects.delete(bucket, "link2")
    assert outside.read_bytes() == b"theirs"


def test_a_link_is_no_bucket(objects: FolderObjects, root: Path, bucket: str, tmp_path: Path) -> None:
    (root / "edf-chunks-link").symlink_to(tmp_path)
    assert objects.buckets() == [bucket]
    assert not objects.bucket_exists("edf-chunks-link")
    with pytest.raises(BucketMissing):
        objects.put("edf-chunks-link", "k", b"x")
    with pytest.raises(StorageError, match="symbolic link"):
        objects.make_bucket("edf-chunks-link")


def test_the_folder_itself_may_be_reached_through_a_link(objects: FolderObjects, root: Path, bucket: str) -> None:
    link = root.with_name("link")
    link.symlink_to(root)
    objects.put(bucket, "r/a", b"x")
    assert FolderObjects(link).get(bucket, "r/a") == b"x"


def test_names_that_are_no_text_do_not_end_a_listing(objects: FolderObjects, root: Path, bucket: str) -> None:
    for key in ("r/a", "r/z", "s/k"):
        objects.put(bucket, key, b"x")
    (root / bucket / os.fsdecode(b"r/caf\xe9.chn")).write_bytes(b"xy")
    (root / bucket / os.fsdecode(b"\xff")).mkdir()
    (root / bucket / os.fsdecode(b"\xff/k")).touch()
    assert keys(objects, bucket) == ["r/a", "r/caf\\xe9.chn", "r/z", "s/k", "\\xff/k"]
    assert list(objects.folders(bucket)) == ["r", "s", "\\xff"]
    with pytest.raises(KeyUnusable, match="backslash"):
        objects.get(bucket, "r/caf\\xe9.chn")


def test_what_is_no_file_is_no_object(objects: FolderObjects, root: Path, bucket: str) -> None:
    os.mkfifo(root / bucket / "pipe")
    assert keys(objects, bucket) == []
    for act in ACTS[2:6]:
        with pytest.raises(ObjectMissing):
            act(objects, bucket, "pipe")


# Unfinished writes

PUT_UNTIL_KILLED = dedent("""
    import pathlib, sys, time
    from storage.folder import FolderObjects

    def body():
        for number in range(10_000):
            yield bytes(1024 * 1024)
            if number == 30:
                print("half", flush=True)
                time.sleep(60)

    FolderObjects(pathlib.Path(sys.argv[1])).put(sys.argv[2], "r/big.chn", body())
""")


@pytest.fixture
def killed(objects: FolderObjects, root: Path, bucket: str) -> Path:
    """What a put left that was killed in the middle: its unfinished file."""
    with start_python(PUT_UNTIL_KILLED, root, bucket) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "half\n"
        process.kill()
    [file] = (root / bucket / "r").iterdir()
    assert file.stat().st_size > 10 * MIB
    return file


def test_a_killed_put_leaves_nothing_that_can_be_seen(
    objects: FolderObjects, root: Path, bucket: str, killed: Path
) -> None:
    assert keys(objects, bucket) == []
    assert list(objects.folders(bucket)) == []
    with pytest.raises(ObjectMissing):
        objects.head(bucket, "r/big.chn")
    with pytest.raises(KeyUnusable):
        objects.get(bucket, f"r/{killed.name}")
    objects.put(bucket, "r/big.chn", b"again")
    assert objects.get(bucket, "r/big.chn") == b"again"


def test_leftovers_are_cleared_by_age_and_prefix(objects: FolderObjects, root: Path, bucket: str, killed: Path) -> None:
    objects.put(bucket, "s/k", b"x")
    assert objects.clear_leftovers(bucket, prefix="r/", older_than_s=3600) == 0
    assert objects.clear_leftovers(bucket, prefix="s/", older_than_s=0) == 0
    assert killed.exists()
    os.utime(killed, (time.time() - 7200, time.time() - 7200))
    assert objects.clear_leftovers(bucket, prefix="r/big", older_than_s=3600) == 1
    assert not killed.parent.exists()
    assert keys(objects, bucket) == ["s/k"]


def test_leftovers_of_obstore_are_known_too(objects: FolderObjects, root: Path, bucket: str) -> None:
    objects.put(bucket, "r/big.chn", b"x")
    (root / bucket / "r" / "big.chn#1").write_bytes(b"half")
    assert keys(objects, bucket) == ["r/big.chn"]
    assert objects.clear_leftovers(bucket, prefix="r/", older_than_s=-60) == 1
    assert keys(objects, bucket) == ["r/big.chn"]


def test_a_write_under_way_cannot_be_seen(objects: FolderObjects, root: Path, bucket: str) -> None:
    def body() -> Iterator[bytes]:
        yield b"half"
        assert keys(objects, bucket) == []
        assert list(objects.folders(bucket)) == []
        assert objects.clear_leftovers(bucket, prefix="", older_than_s=3600) == 0

    objects.put(bucket, "r/k", body())
    assert objects.get(bucket, "r/k") == b"half"


@pytest.mark.parametrize("create_only", [False, True])
def test_a_write_whose_file_was_cleared_says_so(objects: FolderObjects, bucket: str, create_only: bool) -> None:
    def body() -> Iterator[bytes]:
        yield b"half"
        assert objects.clear_leftovers(bucket, prefix="r/", older_than_s=-60) == 1

    with pytest.raises(StorageError, match="cleared away"):
        objects.put(bucket, "r/k", body(), create_only=create_only)
    assert keys(objects, bucket) == []


def test_writers_and_removers_of_one_folder_do_not_trip(objects: FolderObjects, bucket: str) -> None:
    def work(number: int) -> None:
        for _ in range(150):
            objects.put(bucket, f"r/s/{number}", b"x", create_only=True)
            objects.delete(bucket, f"r/s/{number}")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert list(objects.folders(bucket)) == []


def test_a_listing_survives_what_is_removed_under_it(objects: FolderObjects, root: Path, bucket: str) -> None:
    for folder in ("a", "b", "c"):
        for number in range(3):
            objects.put(bucket, f"{folder}/{number}", b"x")
    listing = objects.list(bucket)
    assert next(listing).key == "a/0"
    objects.delete(bucket, "a/1")
    shutil.rmtree(root / bucket / "b")
    assert [info.key for info in listing] == ["a/2", "c/0", "c/1", "c/2"]


def test_a_stream_of_a_file_that_shrinks_is_not_taken_for_whole(
    objects: FolderObjects, root: Path, bucket: str
) -> None:
    objects.put(bucket, "k", content_of(BIG))
    stream = objects.stream(bucket, "k", chunk_bytes=MIB)
    next(stream)
    os.truncate(root / bucket / "k", 3 * MIB)
    with pytest.raises(ObjectChanged):
        list(stream)


def test_settling_waits_for_files_and_folders(
    objects: FolderObjects, root: Path, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for key in ("r/s/a", "r/b", "other/c"):
        objects.put(bucket, key, b"x")
    synced = set()
    real = os.fsync

    def spy(file: int) -> None:
        synced.add(Path(f"/proc/self/fd/{file}").readlink())
        real(file)

    monkeypatch.setattr(os, "fsync", spy)
    objects.settle(bucket, prefix="r/")
    folder = root / bucket
    assert synced == {root, folder, folder / "r", folder / "r/s", folder / "r/s/a", folder / "r/b"}


# What the system refuses


def test_a_full_disk_is_said_and_leaves_nothing(tmp_path: Path) -> None:
    command = ["unshare", "--user", "--map-root-user", "--mount"]
    if subprocess.run([*command, "true"], check=False, capture_output=True).returncode:
        pytest.skip("this machine does not let ordinary processes mount a small disk")
    said = run_python(
        """
        import os, pathlib, subprocess, sys
        from storage.errors import StoreFull
        from storage.folder import FolderObjects

        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "none", sys.argv[1]], check=True)
        objects = FolderObjects(pathlib.Path(sys.argv[1]))
        objects.make_bucket("edf-chunks-1")
        for body in (bytes(9 << 20), (bytes(1 << 20) for _ in range(9))):
            try:
                objects.put("edf-chunks-1", "r/k", body)
            except StoreFull as full:
                print(full)
        print(list(objects.list("edf-chunks-1")), objects.clear_leftovers("edf-chunks-1", prefix="", older_than_s=-60))
        """,
        tmp_path,
        prefix=command,
    )
    sentence = (
        "There is no room left for object 'r/k' of bucket 'edf-chunks-1': No space left on device. "
        "Free some, then start again."
    )
    assert said.splitlines() == [sentence, sentence, "[] 0"]


def test_a_file_that_may_not_grow_is_a_full_store(tmp_path: Path) -> None:
    said = run_python(
        """
        import pathlib, resource, sys
        from storage.errors import StoreFull
        from storage.folder import FolderObjects

        objects = FolderObjects(pathlib.Path(sys.argv[1]))
        objects.make_bucket("edf-chunks-1")
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
        try:
            objects.put("edf-chunks-1", "k", bytes(2 << 20))
        except StoreFull:
            print("full", list(objects.list("edf-chunks-1")))
        """,
        tmp_path,
    )
    assert said == "full []\n"


def test_a_refusal_of_the_system_is_access_denied() -> None:
    # Nobody, root included, makes folders in this one.
    with pytest.raises(AccessDenied, match="owner and mode"):
        FolderObjects(Path("/sys")).make_bucket("edf-chunks-1")


def test_a_disk_that_fails_is_unreachable() -> None:
    # Reading the first byte of a process's memory is an input/output error.
    with pytest.raises(StoreUnreachable, match="Input/output error"):
        FolderObjects(Path("/proc")).get(f"{os.getpid():03}", "mem")


def test_a_path_too_long_for_the_system_is_an_unusable_key(tmp_path: Path) -> None:
    objects = FolderObjects(Path("/".join([str(tmp_path), *["d" * 250] * 13])))
    objects.make_bucket("edf-chunks-1")
    with pytest.raises(KeyUnusable, match="too long for this file system"):
        objects.put("edf-chunks-1", "/".join(["k" * 200] * 5), b"x")


def test_too_many_open_files_is_an_error_in_words(objects: FolderObjects, bucket: str) -> None:
    objects.put(bucket, "k", b"x")
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, limits[1]))
    try:
        with pytest.raises(StorageError, match="Too many open files"):
            objects.get(bucket, "k")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


# Memory


def test_a_large_body_is_never_held_whole(tmp_path: Path) -> None:
    said = run_python(
        """
        import pathlib, sys
        from storage.folder import FolderObjects
        from tests.storage.process import peak_mib

        objects = FolderObjects(pathlib.Path(sys.argv[1]))
        objects.make_bucket("edf-chunks-1")
        before = peak_mib()
        objects.put("edf-chunks-1", "k", (bytes(1 << 20) for _ in range(300)))
        read = sum(len(chunk) for chunk in objects.stream("edf-chunks-1", "k"))
        print(read >> 20, peak_mib() - before)
        """,
        tmp_path,
    )
    read, grown = map(float, said.split())
    assert read == 300
    assert grown < 30
    assert sys.platform == "linux"
