"""Reading ahead: bounded, never held up by a silent source, and true to its errors."""

import threading
import time
from pathlib import Path

import pytest
from django.core.files.storage import FileSystemStorage

from downloads.bundles.ahead import PIECES_AHEAD, read_ahead
from downloads.bundles.errors import NotKept
from downloads.bundles.pulled import PulledFile


def nothing() -> None:
    pass


def test_pieces_come_in_their_order():
    source = [bytes([number]) * 10 for number in range(100)]
    with read_ahead(source, look_up=nothing) as pieces:
        assert list(pieces) == source


def test_it_reads_only_a_few_pieces_ahead():
    taken = []

    def source():
        for number in range(1000):
            taken.append(number)
            yield b"x"

    with read_ahead(source(), look_up=nothing) as pieces:
        next(pieces)
        time.sleep(0.5)
        assert len(taken) <= PIECES_AHEAD + 2
    assert len(taken) < 20


def test_an_error_of_the_source_comes_after_the_pieces_before_it():
    def source():
        yield b"a"
        raise LookupError("broken")

    with read_ahead(source(), look_up=nothing) as pieces:
        assert next(pieces) == b"a"
        with pytest.raises(LookupError, match="broken"):
            next(pieces)


def test_who_takes_is_asked_to_look_up_though_the_source_is_silent():
    released = threading.Event()

    def source():
        yield b"a"
        released.wait(30)
        yield b"b"

    looks = []

    def look_up():
        looks.append(time.monotonic())
        if len(looks) > 4:
            raise InterruptedError

    began = time.monotonic()
    with pytest.raises(InterruptedError), read_ahead(source(), look_up=look_up) as pieces:
        list(pieces)
    assert time.monotonic() - began < 10
    released.set()


def test_a_pulled_file_is_read_in_any_sizes_and_hashed():
    source = [b"abc", b"defgh", b"i"]
    whole = PulledFile(iter(source), name="x", size_bytes=9)
    assert [whole.read(2), whole.read(5), whole.read(0), whole.read()] == [b"ab", b"cdefg", b"", b"hi"]
    assert whole.read(5) == b""
    assert whole.sha256 == "19cc02f26df43cc571bc9ed7b0c4d29224a3ec229529221725ef76d021c8326f"


@pytest.mark.parametrize("size_bytes", [8, 10])
def test_another_size_than_announced_is_an_error_and_nothing_stays(tmp_path: Path, size_bytes: int):
    file = PulledFile(iter([b"abc", b"defgh", b"i"]), name="x", size_bytes=size_bytes)
    with pytest.raises(NotKept, match="foretold"):
        FileSystemStorage(tmp_path).save("x", file)
