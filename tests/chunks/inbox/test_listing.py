"""The files of the inbox at one look: which, under which names, and which are still being copied."""

import os
import re
import time
from pathlib import Path

import pytest
from pytest_django import Settings

from chunks.errors import FileChanged, FileGone, InboxAway
from chunks.inbox.listing import inbox_files, shown
from chunks.inbox.naming import find, named, names_of, reference
from tests.chunks.inbox.conftest import Put, aged

HOSTILE = [
    b"caf\xe9.edf",
    "\u202efde.edf".encode(),
    b"a\nb.edf",
    b"<b>x.edf",
    b"a..%2f..%2fetc.edf",
    b"-rf.edf",
    b"'; --.EDF",
]


def names() -> list[str]:
    return [file.shown for file in inbox_files()]


def test_files_below_the_folder_are_listed_and_nothing_else(box: Path, put: Put, tmp_path: Path) -> None:
    for name in ("b.edf", "a.BDF", "one/c.edf", "one/two/three/d.edf"):
        put(name)
    put("one/two/three/four/too_deep.edf")
    put(".hidden.edf")
    put(".hidden/e.edf")
    (box / "notes.txt").write_text("x")
    (box / "folder.edf").mkdir()
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.edf").write_bytes(b"x")
    (box / "link.edf").symlink_to(outside / "secret.edf")
    (box / "linked").symlink_to(outside)
    os.mkfifo(box / "pipe.edf")
    assert names() == ["a.BDF", "b.edf", "one/c.edf", "one/two/three/d.edf"]


@pytest.mark.parametrize("name", HOSTILE)
def test_any_name_is_shown_in_characters_that_show_and_found_again(name: bytes, put: Put) -> None:
    path = put(name)
    (file,) = inbox_files()
    assert file.path == path
    assert file.shown.isprintable()
    assert file.shown.isascii() or "é" in file.shown
    file.shown.encode()  # nothing that cannot be sent
    assert re.fullmatch(r"[0-9a-f]{32}", reference(file))
    assert find(named(file), among=inbox_files()).path == path
    assert file.shown not in repr(file)


def test_a_name_is_in_nothing_that_stands_for_the_file(put: Put) -> None:
    put("Mary_Smith.edf")
    (file,) = inbox_files()
    assert not any("smith" in text.lower() for text in (reference(file), repr(named(file)), repr(file)))
    assert shown("Mary_Smith.edf") == "Mary_Smith.edf"


def test_a_file_that_changed_lately_is_growing_and_one_from_a_wrong_clock_is_not(put: Put) -> None:
    fresh, old, future = put("a.edf"), put("b.edf"), put("c.edf")
    os.utime(fresh)
    os.utime(future, (time.time() + 86_400,) * 2)
    assert [file.growing for file in inbox_files()] == [True, False, False]
    assert old.exists()


def test_a_file_that_is_another_at_the_second_look_is_growing_whatever_its_time_says(put: Put) -> None:
    path = put("a.edf")
    assert [file.growing for file in inbox_files()] == [False]
    with path.open("ab") as copy:
        copy.write(b"more")
    aged(path)
    assert [file.growing for file in inbox_files()] == [True]
    assert [file.growing for file in inbox_files()] == [True]


def test_a_file_that_changed_is_not_the_one_that_was_named(put: Put) -> None:
    path = put("a.edf")
    (file,) = inbox_files()
    was = named(file)
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))  # of the same size
    with pytest.raises(FileChanged):
        find(was, among=inbox_files())
    assert names_of([was], among=inbox_files()) == [""]
    path.rename(path.with_name("b.edf"))
    with pytest.raises(FileGone):
        find(was, among=inbox_files())


def test_another_file_of_the_same_name_is_not_taken_for_it(put: Put, box: Path) -> None:
    path = put("a.edf")
    (file,) = inbox_files()
    was = named(file)
    other = put("other.edf", seed=9)
    os.utime(other, ns=(file.look.modified_ns,) * 2)
    other.replace(path)
    with pytest.raises(FileChanged):
        find(was, among=inbox_files())


def test_an_inbox_that_is_not_there_is_a_sentence(settings: Settings, tmp_path: Path) -> None:
    settings.INBOX = tmp_path / "nowhere"
    with pytest.raises(InboxAway, match="ECOG_INBOX"):
        inbox_files()


def test_two_thousand_files_are_listed_quickly(box: Path) -> None:
    for number in range(2000):
        (box / f"{number:04}.edf").write_bytes(b"x")
    began = time.monotonic()
    files = inbox_files()
    assert len({reference(file) for file in files}) == 2000
    assert time.monotonic() - began < 5


def test_one_of_many_files_is_found_again_without_hashing_the_names_of_all(
    box: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(50):
        (box / f"{number}.edf").write_bytes(b"0" * (1 + number % 5))
    files = inbox_files()
    wanted, hashed = named(files[-1]), []
    monkeypatch.setattr("chunks.inbox.naming.named", lambda file: hashed.append(file) or named(file))
    assert find(wanted, among=files) == files[-1]
    assert len(hashed) == 1
