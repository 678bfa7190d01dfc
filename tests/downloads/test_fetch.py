import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from downloads.errors import FileNotFetched, ObjectDamaged, Stopped
from downloads.fetch import fetch, is_whole
from storage.errors import ObjectChanged, ObjectMissing
from storage.folder import FolderObjects
from storage.objects import Objects
from tests.downloads.made import BUCKET, bytes_of, entry, stored, tree_of

KEY = "day3_140500/LTG1_chunk-0.chn"


def bring(wanted, store: Objects, place: Path, *, stopped=lambda: False) -> int:
    told = 0

    def tell(size_bytes: int) -> None:
        nonlocal told
        told += size_bytes

    try:
        fetch(wanted, store=store, place=place, on_bytes=tell, stopped=stopped)
    except BaseException:
        assert told == 0, "what was told of a file that failed is taken back"
        raise
    return told


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "to").mkdir()
    return tmp_path / "to" / "x.chn"


def test_a_file_arrives_whole_and_alone(store: Objects, place: Path) -> None:
    wanted = stored(store, KEY, content=bytes_of(1))
    assert bring(wanted, store, place) == 50_000
    assert tree_of(place.parent) == {"x.chn": bytes_of(1)}
    assert is_whole(wanted, place=place)


@pytest.mark.parametrize("size_bytes", [1, 4 << 20, (4 << 20) + 1])
def test_any_size_of_file_arrives(store: Objects, place: Path, size_bytes: int) -> None:
    content = bytes_of(2, size_bytes=size_bytes)
    bring(stored(store, KEY, content=content), store, place)
    assert place.read_bytes() == content


def test_a_damaged_object_leaves_nothing(store: Objects, place: Path) -> None:
    good = bytes_of(1)
    damaged = stored(store, KEY, content=good[:-1] + bytes([good[-1] ^ 1]), crc32_file=stored(store, "r/x").crc32_file)
    with pytest.raises(ObjectDamaged, match="its object is damaged"):
        bring(damaged, store, place)
    assert tree_of(place.parent) == {}


@pytest.mark.parametrize(("listed", "found"), [(49_999, "more"), (50_001, "only 50000"), (0, "more")])
def test_another_size_than_listed_leaves_nothing(store: Objects, place: Path, listed: int, found: str) -> None:
    with pytest.raises(FileNotFetched, match=found):
        bring(stored(store, KEY, size_bytes=listed, crc32_file=None), store, place)
    assert tree_of(place.parent) == {}


def test_an_object_replaced_since_it_was_listed_is_not_mixed_in(store: Objects, place: Path) -> None:
    wanted = stored(store, KEY)
    store.put(BUCKET, KEY, bytes_of(3))
    with pytest.raises(ObjectChanged):
        bring(wanted, store, place)
    assert tree_of(place.parent) == {}


def test_a_missing_object_says_so(store: Objects, place: Path) -> None:
    wanted = stored(store, KEY)
    store.delete(BUCKET, KEY)
    with pytest.raises(ObjectMissing):
        bring(wanted, store, place)


def test_what_stood_there_and_differs_is_gone_when_the_new_one_cannot_be_had(store: Objects, place: Path) -> None:
    place.write_bytes(b"of a former run")
    with pytest.raises(ObjectDamaged):
        bring(stored(store, KEY, crc32_file="00000000"), store, place)
    assert tree_of(place.parent) == {}


def test_it_stops_between_pieces_and_leaves_nothing(store: Objects, place: Path) -> None:
    answers = iter([False, True])
    wanted = stored(store, KEY, content=bytes_of(1, size_bytes=9 << 20))
    with pytest.raises(Stopped):
        bring(wanted, store, place, stopped=lambda: next(answers))
    assert tree_of(place.parent) == {}


def test_an_error_on_the_way_leaves_nothing(store: Objects, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def cut(*_args: object, **_options: object) -> Iterator[bytes]:
        yield b"half"
        raise ConnectionResetError

    monkeypatch.setattr(FolderObjects, "stream", cut)
    with pytest.raises(ConnectionResetError):
        bring(stored(store, KEY), store, place)
    assert tree_of(place.parent) == {}


def test_it_does_not_write_through_a_link(store: Objects, place: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    place.with_name("x.chn.part").symlink_to(outside)
    with pytest.raises(OSError, match="exists"):
        bring(stored(store, KEY), store, place)
    assert not outside.exists()


def test_whole_means_size_and_crc(store: Objects, place: Path) -> None:
    wanted = stored(store, KEY, content=b"abcd")
    for content, whole in [(b"abcd", True), (b"abce", False), (b"abc", False), (b"abcdd", False)]:
        place.write_bytes(content)
        assert is_whole(wanted, place=place) is whole


def test_a_link_is_never_whole(store: Objects, place: Path, tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"abcd")
    place.symlink_to(tmp_path / "real")
    assert not is_whole(stored(store, KEY, content=b"abcd"), place=place)


def test_without_a_crc_only_an_md5_proves_it(place: Path) -> None:
    place.write_bytes(b"[]")
    md5 = hashlib.md5(b"[]", usedforsecurity=False).hexdigest()
    for etag, whole in [(md5, True), (md5[::-1], False), ("4f-5-2", False), ("", False), (f"{md5}-2", False)]:
        assert is_whole(entry(size_bytes=2, crc32_file=None, etag=etag), place=place) is whole
