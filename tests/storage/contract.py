"""What every home of objects promises: one class of tests, run on each of them."""

import hashlib
import itertools
from array import array
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier, Event

import pytest

from storage.bucket_rules import BucketRules
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
from storage.objects import Objects

MIB = 1024 * 1024
# Over a part of an upload, over what goes in one request, and no round number.
BIG = 11 * MIB + 7
MORE_THAN_A_PAGE = 1005
MISSING_BUCKET = "edf-chunks-nowhere"

ODD_BUT_USABLE = [
    "A-B~1_chunk-0.chn",
    "day3_124402/v'1_chunk-0.chn",
    "day3_124402/LTG 1+Ref.chn",
    "100 %/a%2Fb%20.json",
    "é/中文/😀.json",
    'a&b=c?d#e;f:g@h!i$j,k(l)m[n]{o}|p<q>"r"^`s*.x',
    "ToM_Loc_2003.json#note",
    ".hidden/..dots../-dash",
    " blank at both ends ",
    f"{'n' * 255}/{'é' * 127}",
    "/".join(["part" * 8] * 31),
]
UNUSABLE = [
    "",
    "/",
    "/lead",
    "trail/",
    "a//b",
    ".",
    "..",
    "../x",
    "a/../b",
    "a/..",
    "./a",
    "a/./b",
    "a\0b",
    "a\tb",
    "a\nb",
    "a\x7fb",
    "a\\b",
    "..\\x",
    "n" * 256,
    "é" * 128,
    "/".join(["part" * 8] * 32),
    "a#1",
    "a/b.chn#004",
    "\udcff.chn",
]
UNUSABLE_BUCKETS = [
    "",
    "ab",
    "a" * 64,
    "Upper",
    "under_score",
    "-edge",
    "edge-",
    "two..dots",
    "192.168.0.1",
    "..",
    "a/b",
    "../x",
    "xn--abc",
    "abc-s3alias",
    "nul\0nul",
    "line\n",
]


def pieces_of(content: bytes, *, sizes: tuple[int, ...] = (1, 3 * MIB, 0, 700_001)) -> Iterator[bytes]:
    """The content in pieces of changing size."""
    begin = 0
    for size in itertools.cycle(sizes):
        if begin >= len(content):
            return
        yield content[begin : begin + size]
        begin += size


def content_of(size_bytes: int, *, seed: int = 0) -> bytes:
    """The same bytes for the same size and seed, without a period that could hide a part in the wrong place."""
    block = hashlib.shake_256(f"{seed}".encode()).digest(MIB)
    blocks = (number.to_bytes(8, "little") + block[8:] for number in range(size_bytes // MIB + 1))
    return b"".join(blocks)[:size_bytes]


def keys(objects: Objects, bucket: str, prefix: str = "") -> list[str]:
    return [info.key for info in objects.list(bucket, prefix=prefix)]


class BrokenBodyError(Exception):
    """What a body raises that cannot be read on."""


def breaking_after(size_bytes: int) -> Iterator[bytes]:
    yield from pieces_of(content_of(size_bytes))
    raise BrokenBodyError


class ObjectsContract:
    """A subclass gives the fixtures `objects` and `bucket`, the name of a bucket that is there and empty."""

    # Putting whole objects and reading them

    @pytest.mark.parametrize("size_bytes", [0, 1, 65_537, BIG])
    @pytest.mark.parametrize("form", [bytes, bytearray, memoryview, pieces_of])
    def test_what_was_put_is_got(self, objects: Objects, bucket: str, size_bytes: int, form: Callable) -> None:
        content = content_of(size_bytes)
        objects.put(bucket, "r/a.chn", form(content), size_bytes=size_bytes)
        assert objects.get(bucket, "r/a.chn") == content
        assert objects.head(bucket, "r/a.chn").size_bytes == size_bytes

    def test_samples_can_be_put_as_they_lie_in_memory(self, objects: Objects, bucket: str) -> None:
        samples = array("h", [1, -2, 3])
        objects.put(bucket, "whole", memoryview(samples))
        objects.put(bucket, "pieces", iter([b"head", memoryview(samples)]))
        assert objects.get(bucket, "whole") == samples.tobytes()
        assert objects.get(bucket, "pieces") == b"head" + samples.tobytes()

    def test_a_buffer_may_be_used_again_as_soon_as_the_next_piece_is_asked_for(
        self, objects: Objects, bucket: str
    ) -> None:
        def body() -> Iterator[memoryview]:
            buffer = bytearray(MIB)
            for number in range(12):
                buffer[:] = bytes([number]) * MIB
                yield memoryview(buffer)

        objects.put(bucket, "k", body())
        assert objects.get(bucket, "k") == b"".join(bytes([number]) * MIB for number in range(12))

    @pytest.mark.parametrize("size_bytes", [5, BIG])
    def test_put_head_and_list_tell_the_same(self, objects: Objects, bucket: str, size_bytes: int) -> None:
        put = objects.put(bucket, "r/a.chn", pieces_of(content_of(size_bytes)))
        [listed] = objects.list(bucket)
        assert listed == objects.head(bucket, "r/a.chn")
        assert (put.bucket, put.key, put.size_bytes, put.etag) == (bucket, "r/a.chn", size_bytes, listed.etag)
        assert '"' not in put.etag
        assert listed.modified.utcoffset() == timedelta(0)
        assert abs(datetime.now(UTC) - listed.modified) < timedelta(minutes=1)
        assert abs(put.modified - listed.modified) < timedelta(minutes=1)

    def test_another_put_replaces_the_whole_object(self, objects: Objects, bucket: str) -> None:
        etags = {objects.put(bucket, "k", content).etag for content in (b"longer than the second", b"one", b"two")}
        assert len(etags) == 3
        assert objects.get(bucket, "k") == b"two"
        assert keys(objects, bucket) == ["k"]

    # A put is whole or not at all

    @pytest.mark.parametrize("size_bytes", [10, BIG])
    @pytest.mark.parametrize("create_only", [False, True])
    def test_a_body_that_breaks_leaves_nothing(
        self, objects: Objects, bucket: str, size_bytes: int, create_only: bool
    ) -> None:
        with pytest.raises(BrokenBodyError):
            objects.put(bucket, "r/k", breaking_after(size_bytes), create_only=create_only)
        assert keys(objects, bucket) == []
        assert objects.clear_leftovers(bucket, prefix="", older_than_s=-60) == 0
        objects.put(bucket, "r", b"no folder is in the way")

    def test_a_body_that_breaks_leaves_what_was_there(self, objects: Objects, bucket: str) -> None:
        objects.put(bucket, "k", b"old")
        with pytest.raises(BrokenBodyError):
            objects.put(bucket, "k", breaking_after(BIG))
        assert objects.get(bucket, "k") == b"old"

    @pytest.mark.parametrize("form", [bytes, pieces_of])
    @pytest.mark.parametrize("size_bytes", [10, BIG, 34 * MIB])
    @pytest.mark.parametrize("error", [-1, 1])
    def test_a_body_of_another_size_than_announced_is_refused(
        self, objects: Objects, bucket: str, size_bytes: int, form: Callable, error: int
    ) -> None:
        with pytest.raises(SizeDiffers, match=f"{size_bytes} bytes"):
            objects.put(bucket, "k", form(content_of(size_bytes)), size_bytes=size_bytes + error)
        assert keys(objects, bucket) == []
        assert objects.clear_leftovers(bucket, prefix="", older_than_s=-60) == 0

    def test_readers_never_see_half_an_object(self, objects: Objects, bucket: str) -> None:
        versions = [bytes([number]) * (number * 40_000 + 1) for number in range(1, 20)]
        objects.put(bucket, "k", versions[0])
        done = Event()

        def read() -> int:
            looks = 0
            while not done.is_set():
                assert objects.get(bucket, "k") in versions
                looks += 1
            return looks

        with ThreadPoolExecutor(2) as pool:
            readers = [pool.submit(read) for _ in range(2)]
            for version in versions:
                objects.put(bucket, "k", pieces_of(version, sizes=(30_000,)))
            done.set()
            assert all(reader.result() for reader in readers)

    # Create-only

    @pytest.mark.parametrize("size_bytes", [3, BIG])
    @pytest.mark.parametrize("form", [bytes, pieces_of])
    def test_create_only_makes_and_never_replaces(
        self, objects: Objects, bucket: str, size_bytes: int, form: Callable
    ) -> None:
        first, second = content_of(size_bytes), content_of(size_bytes, seed=1)
        objects.put(bucket, "k", form(first), create_only=True)
        with pytest.raises(ObjectExists, match="'k'"):
            objects.put(bucket, "k", form(second), create_only=True)
        assert objects.get(bucket, "k") == first
        objects.put(bucket, "k", form(second))
        assert objects.get(bucket, "k") == second

    def test_an_object_is_replaced_by_who_saw_it_last(self, objects: Objects, bucket: str) -> None:
        seen = objects.put(bucket, "r/k", b"first")
        done = objects.replace(bucket, "r/k", b"second", etag=seen.etag)
        assert objects.get(bucket, "r/k") == b"second"
        assert objects.head(bucket, "r/k").etag == done.etag
        with pytest.raises(ObjectChanged):
            objects.replace(bucket, "r/k", b"third", etag=seen.etag)
        assert objects.get(bucket, "r/k") == b"second"

    def test_what_is_gone_is_not_replaced(self, objects: Objects, bucket: str) -> None:
        seen = objects.put(bucket, "k", b"first")
        objects.delete(bucket, "k")
        with pytest.raises(ObjectChanged):
            objects.replace(bucket, "k", b"second", etag=seen.etag)
        assert keys(objects, bucket) == []

    def test_of_many_that_replace_exactly_one_wins(self, objects: Objects, bucket: str) -> None:
        seen = objects.put(bucket, "k", b"first")
        start = Barrier(8)

        def replace(number: int) -> bool:
            start.wait()
            try:
                objects.replace(bucket, "k", f"{number}".encode(), etag=seen.etag)
            except ObjectChanged:
                return False
            return True

        with ThreadPoolExecutor(8) as pool:
            assert sum(pool.map(replace, range(8))) == 1

    def test_of_many_that_create_exactly_one_wins(self, objects: Objects, bucket: str) -> None:
        self.race(objects, bucket, size_bytes=100, racers=16)

    def test_of_many_that_create_in_parts_exactly_one_wins(self, objects: Objects, bucket: str) -> None:
        self.race(objects, bucket, size_bytes=6 * MIB, racers=4)

    @staticmethod
    def race(objects: Objects, bucket: str, *, size_bytes: int, racers: int) -> None:
        barrier = Barrier(racers)

        def race(number: int) -> int | None:
            content = content_of(size_bytes, seed=number)
            barrier.wait(timeout=30)
            try:
                objects.put(bucket, "claim", pieces_of(content), create_only=True)
            except ObjectExists:
                return None
            return number

        with ThreadPoolExecutor(racers) as pool:
            winners = [number for number in pool.map(race, range(racers)) if number is not None]
        assert len(winners) == 1
        assert objects.get(bucket, "claim") == content_of(size_bytes, seed=winners[0])
        assert objects.clear_leftovers(bucket, prefix="", older_than_s=-60) == 0

    # Ranges and streams

    def test_a_range_is_cut_off_at_the_objects_end(self, objects: Objects, bucket: str) -> None:
        objects.put(bucket, "k", b"0123456789")
        assert objects.get_range(bucket, "k", start=0, length=4) == b"0123"
        assert objects.get_range(bucket, "k", start=3, length=1) == b"3"
        assert objects.get_range(bucket, "k", start=8, length=100) == b"89"

    @pytest.mark.parametrize(("content", "start"), [(b"0123456789", 10), (b"0123456789", 99), (b"", 0)])
    def test_a_range_outside_the_object_is_refused(
        self, objects: Objects, bucket: str, content: bytes, start: int
    ) -> None:
        objects.put(bucket, "k", content)
        with pytest.raises(RangeOutside, match="'k'"):
            objects.get_range(bucket, "k", start=start, length=5)

    @pytest.mark.parametrize(("start", "length"), [(-1, 5), (0, 0), (0, -5)])
    def test_what_is_no_range_is_a_mistake(self, objects: Objects, bucket: str, start: int, length: int) -> None:
        objects.put(bucket, "k", b"0123456789")
        with pytest.raises(ValueError, match="no range"):
            objects.get_range(bucket, "k", start=start, length=length)
        with pytest.raises(ValueError, match="no range"):
            list(objects.stream(bucket, "k", start=-1))

    def test_a_stream_comes_in_pieces_of_about_the_size_wanted(self, objects: Objects, bucket: str) -> None:
        content = content_of(BIG)
        objects.put(bucket, "k", content)
        pieces = list(objects.stream(bucket, "k", chunk_bytes=MIB))
        assert b"".join(pieces) == content
        assert len(pieces) > 5
        assert max(len(piece) for piece in pieces) < 2 * MIB

    def test_a_stream_can_begin_anywhere_inside(self, objects: Objects, bucket: str) -> None:
        content = content_of(BIG)
        etag = objects.put(bucket, "k", content).etag
        assert b"".join(objects.stream(bucket, "k", start=5 * MIB + 1, if_match=etag)) == content[5 * MIB + 1 :]
        with pytest.raises(RangeOutside):
            list(objects.stream(bucket, "k", start=BIG))

    def test_a_stream_of_an_empty_object_is_empty(self, objects: Objects, bucket: str) -> None:
        etag = objects.put(bucket, "k", b"").etag
        assert list(objects.stream(bucket, "k", if_match=etag)) == []

    def test_a_stream_can_insist_on_what_was_looked_at(self, objects: Objects, bucket: str) -> None:
        seen = objects.put(bucket, "k", b"first").etag
        assert b"".join(objects.stream(bucket, "k", if_match=seen)) == b"first"
        objects.put(bucket, "k", b"other")
        with pytest.raises(ObjectChanged, match="'k'"):
            list(objects.stream(bucket, "k", if_match=seen))
        objects.delete(bucket, "k")
        with pytest.raises(ObjectMissing):
            list(objects.stream(bucket, "k", if_match=seen))

    def test_a_stream_is_never_of_two_objects(self, objects: Objects, bucket: str) -> None:
        old, new = content_of(BIG), content_of(BIG, seed=1)
        objects.put(bucket, "k", old)
        stream = objects.stream(bucket, "k", chunk_bytes=65_536)
        read = next(stream)
        objects.put(bucket, "k", new)
        try:
            read += b"".join(stream)
        except ObjectChanged:
            assert old.startswith(read)
        else:
            assert read == old

    def test_a_stream_can_be_left(self, objects: Objects, bucket: str) -> None:
        objects.put(bucket, "k", content_of(BIG))
        stream = objects.stream(bucket, "k", chunk_bytes=65_536)
        next(stream)
        stream.close()  # an unclosed file or connection would be a warning, so an error

    def test_an_object_can_be_copied_by_its_own_stream(self, objects: Objects, bucket: str) -> None:
        objects.put(bucket, "a", content_of(BIG))
        objects.put(bucket, "b", objects.stream(bucket, "a"))
        assert objects.get(bucket, "b") == content_of(BIG)

    # Listing

    def test_a_listing_is_in_the_byte_order_of_keys(self, objects: Objects, bucket: str) -> None:
        names = ["a/b", "a/b/c.x", "a", "a-b", "a.b", "a0", "a/z", "A", "b/1", "b-1", "é", "z", "~", "\U0001f600", "￿"]
        usable = [name for name in names if name not in {"a", "a/b"}]
        for name in reversed(usable):
            objects.put(bucket, name, name.encode())
        assert keys(objects, bucket) == sorted(usable, key=str.encode)
        assert [info.size_bytes for info in objects.list(bucket)] == [
            len(name.encode()) for name in sorted(usable, key=str.encode)
        ]

    @pytest.mark.parametrize(
        ("prefix", "expected"),
        [
            ("", ["day1/a", "day1/b/c", "day10/a", "day2/a", "x"]),
            ("day1", ["day1/a", "day1/b/c", "day10/a"]),
            ("day1/", ["day1/a", "day1/b/c"]),
            ("day1/b", ["day1/b/c"]),
            ("day1/b/c", ["day1/b/c"]),
            ("day1/b/c/", []),
            ("nothing", []),
            ("../", []),
            ("/", []),
        ],
    )
    def test_a_prefix_is_the_beginning_of_a_key(
        self, objects: Objects, bucket: str, prefix: str, expected: list[str]
    ) -> None:
        for key in ("x", "day1/a", "day1/b/c", "day10/a", "day2/a"):
            objects.put(bucket, key, b"")
        assert keys(objects, bucket, prefix) == expected

    def test_a_listing_goes_on_over_all_pages(self, objects: Objects, bucket: str) -> None:
        made = [f"r/{number:04d}" for number in range(MORE_THAN_A_PAGE)]
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda key: objects.put(bucket, key, b"x"), made))
        assert keys(objects, bucket) == made
        assert list(objects.folders(bucket)) == ["r"]

    def test_folders_are_the_beginnings_up_to_a_slash(self, objects: Objects, bucket: str) -> None:
        for key in ("day3_1/a.chn", "day3_1/b.chn", "day3_1-b/a.chn", "day10/x/y/z.chn", "day10/w/v.chn", "top.json"):
            objects.put(bucket, key, b"")
        assert list(objects.folders(bucket)) == ["day10", "day3_1-b", "day3_1"]
        assert list(objects.folders(bucket, prefix="day3")) == ["day3_1-b", "day3_1"]
        assert list(objects.folders(bucket, prefix="day10/")) == ["day10/w", "day10/x"]
        assert list(objects.folders(bucket, prefix="day10/x/")) == ["day10/x/y"]
        assert list(objects.folders(bucket, prefix="day10/x/y/")) == []
        assert list(objects.folders(bucket, prefix="../")) == []

    def test_a_folder_is_gone_with_its_last_object(self, objects: Objects, bucket: str) -> None:
        objects.put(bucket, "r/s/a", b"")
        objects.delete(bucket, "r/s/a")
        assert list(objects.folders(bucket)) == []
        objects.put(bucket, "r", b"now an object")
        assert keys(objects, bucket) == ["r"]

    # Deleting

    def test_a_deleted_object_is_gone_and_its_neighbours_stay(self, objects: Objects, bucket: str) -> None:
        for key in ("r/a", "r/a.b", "r/b"):
            objects.put(bucket, key, b"x")
        objects.delete(bucket, "r/a")
        assert keys(objects, bucket) == ["r/a.b", "r/b"]
        with pytest.raises(ObjectMissing):
            objects.head(bucket, "r/a")

    def test_deleting_what_is_not_there_is_no_error(self, objects: Objects, bucket: str) -> None:
        objects.put(bucket, "r/a/b", b"x")
        for key in ("none", "r", "r/a", "r/none", "r/a/b/c"):
            objects.delete(bucket, key)
        assert keys(objects, bucket) == ["r/a/b"]

    # Buckets

    def test_a_bucket_made_again_keeps_what_it_holds(self, objects: Objects, bucket: str) -> None:
        objects.put(bucket, "k", b"x")
        objects.make_bucket(bucket)
        assert keys(objects, bucket) == ["k"]
        assert objects.bucket_exists(bucket)
        assert bucket in objects.buckets()

    def test_a_bucket_that_was_not_made_is_not_there(self, objects: Objects) -> None:
        assert not objects.bucket_exists(MISSING_BUCKET)
        assert MISSING_BUCKET not in objects.buckets()

    def test_buckets_are_sorted_and_apart(self, objects: Objects, bucket: str) -> None:
        other = f"a-{bucket}"
        objects.make_bucket(other)
        objects.put(other, "k", b"x")
        found = [name for name in objects.buckets() if bucket in name]
        assert found == [other, bucket]
        assert keys(objects, bucket) == []

    # What is missing

    @pytest.mark.parametrize(
        "act",
        [
            lambda objects, bucket, key: objects.head(bucket, key),
            lambda objects, bucket, key: objects.get(bucket, key),
            lambda objects, bucket, key: objects.get_range(bucket, key, start=0, length=1),
            lambda objects, bucket, key: list(objects.stream(bucket, key)),
        ],
    )
    def test_a_missing_object_is_told_from_a_missing_bucket(
        self, objects: Objects, bucket: str, act: Callable[[Objects, str, str], object]
    ) -> None:
        objects.put(bucket, "r/a/b", b"x")
        for key in ("none", "none/k", "r/a", "r/a/b/c"):
            with pytest.raises(ObjectMissing, match=f"'{key}'"):
                act(objects, bucket, key)
        with pytest.raises(BucketMissing, match=MISSING_BUCKET):
            act(objects, MISSING_BUCKET, "k")

    @pytest.mark.parametrize(
        "act",
        [
            lambda objects, bucket: objects.put(bucket, "k", b"x"),
            lambda objects, bucket: objects.put(bucket, "k", b"x", create_only=True),
            lambda objects, bucket: objects.put(bucket, "k", pieces_of(content_of(BIG))),
            lambda objects, bucket: objects.delete(bucket, "k"),
            lambda objects, bucket: list(objects.list(bucket)),
            lambda objects, bucket: list(objects.folders(bucket)),
            lambda objects, bucket: objects.clear_leftovers(bucket, prefix="", older_than_s=0),
        ],
    )
    def test_a_missing_bucket_is_said_and_not_made(
        self, objects: Objects, act: Callable[[Objects, str], object]
    ) -> None:
        with pytest.raises(BucketMissing, match=MISSING_BUCKET):
            act(objects, MISSING_BUCKET)
        assert not objects.bucket_exists(MISSING_BUCKET)

    # Names

    @pytest.mark.parametrize("key", ODD_BUT_USABLE)
    def test_odd_keys_stay_as_they_are(self, objects: Objects, bucket: str, key: str) -> None:
        info = objects.put(bucket, key, b"content")
        assert keys(objects, bucket) == [key]
        assert objects.head(bucket, key).etag == info.etag
        assert objects.get(bucket, key) == b"content"
        assert objects.get_range(bucket, key, start=1, length=2) == b"on"
        with pytest.raises(ObjectExists):
            objects.put(bucket, key, b"x", create_only=True)
        objects.delete(bucket, key)
        assert keys(objects, bucket) == []

    @pytest.mark.parametrize("key", UNUSABLE)
    def test_unusable_keys_are_never_written(self, objects: Objects, bucket: str, key: str) -> None:
        with pytest.raises(KeyUnusable):
            objects.put(bucket, key, b"x")
        with pytest.raises(KeyUnusable):
            objects.put(bucket, key, iter([b"x"]), create_only=True)
        assert keys(objects, bucket) == []

    @pytest.mark.parametrize("name", UNUSABLE_BUCKETS)
    def test_unusable_bucket_names_reach_no_store(self, objects: Objects, name: str) -> None:
        acts: list[Callable[[], object]] = [
            lambda: objects.make_bucket(name),
            lambda: objects.bucket_exists(name),
            lambda: objects.put(name, "k", b"x"),
            lambda: objects.head(name, "k"),
            lambda: objects.get(name, "k"),
            lambda: list(objects.list(name)),
            lambda: list(objects.folders(name)),
            lambda: objects.delete(name, "k"),
            lambda: objects.clear_leftovers(name, prefix="", older_than_s=0),
            lambda: objects.settle(name, prefix=""),
        ]
        for act in acts:
            with pytest.raises(BucketUnusable):
                act()

    # Shared use

    def test_threads_may_share_a_store(self, objects: Objects, bucket: str) -> None:
        def work(number: int) -> bool:
            key, content = f"r{number % 3}/{number}", content_of(70_000, seed=number)
            objects.put(bucket, key, content)
            same = objects.get(bucket, key) == content == b"".join(objects.stream(bucket, key))
            objects.delete(bucket, key)
            return same

        with ThreadPoolExecutor(8) as pool:
            assert all(pool.map(work, range(48)))
        assert keys(objects, bucket) == []

    def test_settling_changes_nothing(self, objects: Objects, bucket: str) -> None:
        info = objects.put(bucket, "r/a", b"x")
        objects.settle(bucket, prefix="r/")
        objects.settle(bucket, prefix="none/")
        assert objects.head(bucket, "r/a").etag == info.etag

    def test_every_error_names_bucket_and_key(self, objects: Objects, bucket: str) -> None:
        with pytest.raises(StorageError) as raised:
            objects.get(bucket, "r/a.chn")
        assert (raised.value.bucket, raised.value.key) == (bucket, "r/a.chn")
        assert bucket in str(raised.value)
        assert "r/a.chn" in str(raised.value)

    # Set-up and archive

    @pytest.mark.parametrize("versioning", [True, False])
    def test_a_bucket_that_was_set_up_has_no_faults(self, objects: Objects, bucket: str, versioning: bool) -> None:
        rules = BucketRules(versioning=versioning)
        would = objects.set_up(bucket, rules=rules, dry_run=True)
        done = objects.set_up(bucket, rules=rules)
        assert bool(done) == objects.sets_buckets_up
        assert {fault.state for fault in would} <= {"found"}
        assert {fault.state for fault in done} <= {"repaired"}
        assert [(fault.what, fault.found) for fault in would] == [(fault.what, fault.found) for fault in done]
        assert objects.set_up(bucket, rules=rules) == []

    def test_a_bucket_that_is_not_there_is_not_set_up(self, objects: Objects) -> None:
        with pytest.raises(BucketMissing):
            objects.set_up(MISSING_BUCKET, rules=BucketRules())
        assert not objects.bucket_exists(MISSING_BUCKET)

    def test_what_can_be_read_needs_no_restore(self, objects: Objects, bucket: str) -> None:
        objects.put(bucket, "k", b"content", storage_class="INTELLIGENT_TIERING")
        assert objects.archived(bucket, "k").state == "readable"
        assert objects.restore(bucket, "k", days=2, tier="Bulk").state == "readable"
        assert objects.get(bucket, "k") == b"content"

    def test_what_is_not_there_cannot_be_restored(self, objects: Objects, bucket: str) -> None:
        with pytest.raises(ObjectMissing):
            objects.archived(bucket, "k")
        with pytest.raises(ObjectMissing):
            objects.restore(bucket, "k", days=2, tier="Bulk")
        with pytest.raises(BucketMissing):
            objects.archived(MISSING_BUCKET, "k")
