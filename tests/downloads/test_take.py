import errno
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import namedtuple
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from downloads import crew, folder
from downloads.errors import DiskTooFull, FolderRefused, PathRefused
from downloads.fetch import is_whole
from downloads.folder import TreeFolder
from downloads.manifest import Entry, read_csv, write_csv
from downloads.outcome import Outcome
from downloads.plan import Plan
from downloads.take import take
from storage.errors import CredentialsExpired, StorageError, StoreUnreachable
from storage.folder import FolderObjects
from storage.objects import Objects
from tests.downloads.made import BUCKET, Seen, bytes_of, entry, stored, tree_of

MANIFEST = "s3_download/manifest.csv"
KEYS = [f"day3_140500/{label}_chunk-{n}.chn" for label in ("LTG1", "LTG2") for n in range(3)]
Usage = namedtuple("Usage", ["total", "used", "free"])


def bring(entries: Iterable[Entry], store: Objects, home: Path, **more: Any) -> Outcome:
    return take(entries, store=store, folder=TreeFolder(home), **({"begin": lambda _plan: Seen()} | more))


def listed(home: Path) -> list[Entry]:
    with (home / MANIFEST).open(encoding="utf-8", newline="") as file:
        return list(read_csv(file))


@pytest.fixture
def entries(store: Objects) -> list[Entry]:
    return [stored(store, key) for key in KEYS]


def test_the_tree_and_its_bytes_are_exact(store: Objects, home: Path, entries: list[Entry]) -> None:
    seen, fetched = Seen(), list[int]()
    outcome = bring(entries, store, home, begin=lambda _plan: seen, on_fetched=fetched.append)
    assert outcome == Outcome(fetched=6, kept=0, failed=(), size_bytes=300_000)
    tree = tree_of(home)
    assert set(tree) == {f"s3_download/2002/{key}" for key in KEYS} | {MANIFEST}
    assert all(tree[f"s3_download/2002/{key}"] == store.get(BUCKET, key) for key in KEYS)
    assert listed(home) == entries
    assert (seen.done_bytes, sum(fetched)) == (300_000, 300_000)


def test_two_patients_with_equal_names_arrive_whole(store: Objects, home: Path) -> None:
    both = [stored(store, KEYS[0], patient=patient, content=bytes_of(n)) for n, patient in enumerate(["2002", "2003"])]
    bring(both, store, home)
    assert tree_of(home / "s3_download/2002") == {KEYS[0]: bytes_of(0)}
    assert tree_of(home / "s3_download/2003") == {KEYS[0]: bytes_of(1)}


def test_again_nothing_is_fetched_and_the_store_is_not_asked(
    store: Objects, home: Path, entries: list[Entry], monkeypatch: pytest.MonkeyPatch
) -> None:
    bring(entries, store, home)
    before = tree_of(home)
    monkeypatch.setattr(FolderObjects, "stream", None)
    seen = Seen()
    assert bring(entries, store, home, begin=lambda _plan: seen) == Outcome(fetched=0, kept=6, failed=(), size_bytes=0)
    assert seen.done_bytes == 300_000
    assert tree_of(home) == before


def test_a_file_that_rotted_on_the_disk_is_fetched_again(store: Objects, home: Path, entries: list[Entry]) -> None:
    bring(entries, store, home)
    whole = tree_of(home)
    rotten = home / entries[2].path
    rotten.write_bytes(bytes(50_000))
    outcome = bring(entries, store, home)
    assert (outcome.fetched, outcome.kept) == (1, 5)
    assert tree_of(home) == whole


def test_one_bad_object_fails_by_name_and_the_rest_goes_on(store: Objects, home: Path, entries: list[Entry]) -> None:
    store.delete(BUCKET, KEYS[1])
    store.put(BUCKET, KEYS[3], bytes_of(9))
    damaged = store.put(BUCKET, KEYS[4], bytes_of(10))
    entries[4] = stored(store, KEYS[4], content=bytes_of(10), crc32_file=entries[4].crc32_file)
    assert damaged.size_bytes == 50_000
    seen = Seen()
    outcome = bring(entries, store, home, begin=lambda _plan: seen)
    reasons = dict(outcome.failed)
    assert set(reasons) == {entries[n].path for n in (1, 3, 4)}
    assert "There is no object" in reasons[entries[1].path]
    assert "was replaced" in reasons[entries[3].path]
    assert "damaged" in reasons[entries[4].path]
    assert (outcome.fetched, outcome.size_bytes, seen.done_bytes) == (3, 150_000, 150_000)
    assert set(tree_of(home)) == {entries[n].path for n in (0, 2, 5)} | {MANIFEST}
    assert sorted(line.partition(":")[0] for line in seen.lines) == sorted(reasons)


def test_many_failures_are_counted_and_not_said_one_by_one(store: Objects, home: Path) -> None:
    stored(store, "r/x.chn")
    gone = [entry(path=f"s3_download/2002/r/{n}.chn", key=f"r/{n}.chn") for n in range(100)]
    seen = Seen()
    outcome = bring(gone, store, home, begin=lambda _plan: seen)
    assert len(outcome.failed) == 100
    assert len(seen.lines) == crew.FAILURES_SAID + 1
    assert set(tree_of(home)) == {MANIFEST}


def test_another_selection_leaves_what_is_there_and_lists_only_its_own(
    store: Objects, home: Path, entries: list[Entry]
) -> None:
    bring(entries[:4], store, home)
    plans: list[Plan] = []
    outcome = bring(entries[3:], store, home, begin=lambda plan: plans.append(plan) or Seen())
    assert (outcome.fetched, outcome.kept, plans[0].others) == (2, 1, 3)
    assert len(tree_of(home)) == 7
    assert listed(home) == entries[3:]


def test_data_that_changed_replace_those_of_a_former_run(store: Objects, home: Path, entries: list[Entry]) -> None:
    bring(entries, store, home)
    entries[0] = stored(store, KEYS[0], content=bytes_of(77))
    outcome = bring(entries, store, home)
    assert (outcome.fetched, outcome.kept) == (1, 5)
    assert (home / entries[0].path).read_bytes() == bytes_of(77)


def test_hostile_paths_stop_it_before_anything_is_written(store: Objects, home: Path, entries: list[Entry]) -> None:
    for path in ("s3_download/../../x", "s3_download/2002/con/x.chn", entries[0].path.upper().replace("S3_D", "s3_d")):
        with pytest.raises(PathRefused):
            bring([*entries, entry(path=path)], store, home)
        assert not home.exists()


def test_case_twins_stop_it_before_anything_is_written(store: Objects, home: Path, entries: list[Entry]) -> None:
    with pytest.raises(PathRefused, match="only by case"):
        bring([*entries, entry(path=entries[0].path.replace("LTG", "ltg"))], store, home)
    assert not home.exists()


def test_a_link_that_leads_out_stops_it(store: Objects, home: Path, tmp_path: Path, entries: list[Entry]) -> None:
    (home / "s3_download").mkdir(parents=True)
    (home / "s3_download/2002").symlink_to(tmp_path)
    with pytest.raises(FolderRefused, match="leads out"):
        bring(entries, store, home)


def test_leftovers_of_a_killed_run_are_gone(store: Objects, home: Path, entries: list[Entry]) -> None:
    part = home / f"{entries[0].path}.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(store.get(BUCKET, KEYS[0])[:1000])
    (part.parent / "gone_chunk-9.chn.part").write_bytes(b"of another selection")
    bring(entries, store, home)
    assert set(tree_of(home)) == {each.path for each in entries} | {MANIFEST}


# Room


def free(monkeypatch: pytest.MonkeyPatch, free_bytes: int) -> None:
    monkeypatch.setattr(folder.shutil, "disk_usage", lambda _path: Usage(10**12, 0, free_bytes))


def test_a_disk_without_room_is_refused_before_anything_is_written(
    store: Objects, home: Path, entries: list[Entry], monkeypatch: pytest.MonkeyPatch
) -> None:
    free(monkeypatch, 310_000)  # enough for the bytes, not for the 5 % besides
    with pytest.raises(DiskTooFull, match=r"310\.0 kB free, and 339\.\d kB are needed for the 6 files"):
        bring(entries, store, home)
    assert not home.exists()


def test_what_is_there_needs_no_room_again(
    store: Objects, home: Path, entries: list[Entry], monkeypatch: pytest.MonkeyPatch
) -> None:
    bring(entries[:5], store, home)
    free(monkeypatch, 60_000)
    assert bring(entries, store, home).fetched == 1
    free(monkeypatch, 0)
    assert bring(entries, store, home).kept == 6


def test_a_disk_that_runs_full_under_way_is_said_and_left_clean(
    store: Objects, home: Path, entries: list[Entry], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_args: object, **_options: object) -> Iterator[bytes]:
        yield b"half"
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    bring(entries[:2], store, home)
    monkeypatch.setattr(FolderObjects, "stream", full)
    with pytest.raises(DiskTooFull, match="ran full"):
        bring(entries, store, home)
    assert set(tree_of(home)) == {entries[0].path, entries[1].path, MANIFEST}


@pytest.fixture
def small_disk(home: Path) -> Iterator[Path]:
    home.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(home)]
    if os.geteuid() or not shutil.which("mount") or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this machine mounts no tmpfs for us")
    yield home
    subprocess.run(["umount", str(home)], check=True)


def test_a_real_disk_that_runs_full_is_said_and_left_clean(
    store: Objects, small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    big = [stored(store, f"r/x_chunk-{n}.chn", content=bytes_of(n, size_bytes=300_000)) for n in range(6)]
    free(monkeypatch, 10**9)  # somebody else fills the disk after the check
    with pytest.raises(DiskTooFull, match="ran full"):
        bring(big, store, small_disk)
    tree = tree_of(small_disk)
    whole = {each.path for each in big} & set(tree)
    assert set(tree) == whole | {MANIFEST}
    assert all(tree[each.path] == store.get(BUCKET, each.key) for each in big if each.path in whole)
    monkeypatch.undo()
    with pytest.raises(DiskTooFull, match="Nothing was written"):
        bring(big, store, small_disk)


def test_a_folder_that_cannot_be_written_is_a_sentence(store: Objects, entries: list[Entry]) -> None:
    with pytest.raises(FolderRefused, match="Choose another"):
        bring(entries, store, Path("/proc/not-here"))


# What concerns all files


def failing(monkeypatch: pytest.MonkeyPatch, error: StorageError) -> list[str]:
    asked: list[str] = []

    def fail(_store: object, bucket: str, key: str, **_options: object) -> Iterator[bytes]:
        asked.append(key)
        raise error
        yield b""

    monkeypatch.setattr(FolderObjects, "stream", fail)
    return asked


@pytest.mark.parametrize("error", [StoreUnreachable(BUCKET, detail="no route"), CredentialsExpired(BUCKET)])
def test_a_store_that_is_away_ends_it_at_once(
    store: Objects, home: Path, monkeypatch: pytest.MonkeyPatch, error: StorageError
) -> None:
    many = [stored(store, f"r/x_chunk-{n}.chn", content=b"x") for n in range(200)]
    asked = failing(monkeypatch, error)
    with pytest.raises(type(error)):
        bring(many, store, home)
    assert len(asked) < 100
    assert set(tree_of(home)) == {MANIFEST}


def test_a_store_that_is_away_for_one_file_fails_that_file(
    store: Objects, home: Path, entries: list[Entry], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = FolderObjects.stream

    def once(self: FolderObjects, bucket: str, key: str, **options: Any) -> Iterator[bytes]:
        if key == KEYS[2]:
            raise StoreUnreachable(bucket, key=key, detail="a hiccup")
        return real(self, bucket, key, **options)

    monkeypatch.setattr(FolderObjects, "stream", once)
    outcome = bring(entries, store, home)
    assert [path for path, _ in outcome.failed] == [entries[2].path]
    assert outcome.fetched == 5


def test_an_error_nobody_foresaw_is_not_swallowed(
    store: Objects, home: Path, entries: list[Entry], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FolderObjects, "stream", None)
    with pytest.raises(TypeError):
        bring(entries, store, home)
    assert set(tree_of(home)) == {MANIFEST}


def test_who_watches_can_end_it(store: Objects, home: Path, entries: list[Entry]) -> None:
    def cancel(_done_bytes: int) -> None:
        raise InterruptedError("cancelled on the page")

    with pytest.raises(InterruptedError):
        bring(entries, store, home, on_tick=cancel)
    assert not [path for path in tree_of(home) if path.endswith(".part")]


def test_a_store_that_hangs_does_not_hold_a_cancel(
    store: Objects, home: Path, entries: list[Entry], monkeypatch: pytest.MonkeyPatch
) -> None:
    hanging, let_go = threading.Event(), threading.Event()

    def hang(*_args: object, **_options: object) -> Iterator[bytes]:
        yield b"half"
        hanging.set()
        let_go.wait(30)

    def cancel(_done_bytes: int) -> None:
        if hanging.is_set():
            raise KeyboardInterrupt

    monkeypatch.setattr(FolderObjects, "stream", hang)
    monkeypatch.setattr(crew, "LAST_WORDS_S", 0.1)
    with pytest.raises(KeyboardInterrupt):
        bring(entries, store, home, on_tick=cancel)
    assert set(tree_of(home)) == {MANIFEST}
    let_go.set()
    for thread in threading.enumerate():
        if thread.name.startswith("download"):
            thread.join(10)
    assert set(tree_of(home)) == {MANIFEST}


# Many


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.parametrize("count", [30_000, pytest.param(200_000, marks=pytest.mark.prove)])
def test_memory_does_not_grow_with_the_number_of_files(store: Objects, home: Path, count: int) -> None:
    """All are one file that is there, so that it takes seconds. As values in a list, 30,000 take about 30 MB."""
    one = stored(store, KEYS[0], content=b"x" * 10)
    resident: list[int] = []

    def entries(count: int) -> Iterator[Entry]:
        for n in range(count):
            if n % 1000 == 0:
                resident.append(resident_bytes())
            yield replace(one, label=str(n))

    def bring_many(count: int) -> None:
        outcome = bring(entries(count), store, home, on_tick=lambda _done_bytes: resident.append(resident_bytes()))
        assert outcome.fetched + outcome.kept == count

    bring([one], store, home)
    bring_many(2_000)
    before, resident = max(resident), []
    bring_many(count)
    # A tenth of what a list of them would take: the allocator keeps what busy threads once needed.
    assert max(resident) - before < 10_000_000 + 100 * count


# Killed


def start(store: Objects, entries: list[Entry], home: Path, tmp_path: Path) -> subprocess.Popen[str]:
    """A process that downloads these; it has begun to write."""
    manifest = tmp_path / "wanted.csv"
    with manifest.open("w", encoding="utf-8", newline="") as file:
        write_csv(file, entries)
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.downloads.taker", str(tmp_path / "objects"), str(manifest), str(home)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    return process


@pytest.fixture
def two_hundred_mb(store: Objects) -> list[Entry]:
    return [stored(store, f"r/x_chunk-{n:02}.chn", content=bytes_of(n, size_bytes=5_000_000)) for n in range(40)]


def test_killed_in_the_middle_and_run_again_it_is_as_if_undisturbed(
    store: Objects, home: Path, tmp_path: Path, two_hundred_mb: list[Entry]
) -> None:
    bring(two_hundred_mb, store, tmp_path / "undisturbed")
    with start(store, two_hundred_mb, home, tmp_path) as process:
        process.kill()
    assert process.returncode == -signal.SIGKILL
    half = tree_of(home)
    assert 0 < len(half) < 41, "it was killed in the middle"
    outcome = bring(two_hundred_mb, store, home)
    assert outcome.fetched + outcome.kept == 40
    assert outcome.kept == len([path for path in half if path.endswith(".chn")])
    assert tree_of(home) == tree_of(tmp_path / "undisturbed")


def test_interrupted_it_ends_within_two_seconds_and_leaves_whole_files_alone(
    store: Objects, home: Path, tmp_path: Path, two_hundred_mb: list[Entry]
) -> None:
    with start(store, two_hundred_mb, home, tmp_path) as process:
        asked = time.monotonic()
        process.send_signal(signal.SIGINT)
        process.wait(60)
        took_s = time.monotonic() - asked
    assert process.returncode == 130
    assert took_s < 5  # two seconds are promised, and this machine may be busy
    tree = tree_of(home)
    by_path = {each.path: each for each in two_hundred_mb}
    assert 1 < len(tree) < 41, "it was interrupted in the middle"
    assert tree.pop(MANIFEST)
    assert all(is_whole(by_path[path], place=home / path) for path in tree)
