"""The zip: always the same bytes, of the size foretold, clean to other programs; beyond 4 GB and 65,535 files too."""

import io
import subprocess
import zipfile
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chunks.format.crc import combine_crc32
from downloads.bundles.zipping import Member, zip_bytes, zipped

NAMES = st.text("abcé漢-_ .", min_size=1, max_size=40).map(lambda text: f"s3_download/{text}")


def member(path: str, content: bytes) -> Member:
    pieces = [content[:3], content[3:]] if len(content) > 3 else [content] if content else []
    return Member(path=path, size_bytes=len(content), crc32=zlib.crc32(content), pieces=pieces)


@given(st.dictionaries(NAMES, st.binary(max_size=300), max_size=8))
def test_the_size_is_known_beforehand_and_the_bytes_are_the_same_each_time(contents):
    if not contents:
        return
    made = [b"".join(zipped(member(*item) for item in contents.items())) for _ in range(2)]
    assert made[0] == made[1]
    assert len(made[0]) == zip_bytes((path, len(content)) for path, content in contents.items())
    with zipfile.ZipFile(io.BytesIO(made[0])) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == contents


def test_unzip_finds_no_fault(tmp_path: Path):
    file = tmp_path / "x.zip"
    file.write_bytes(
        b"".join(zipped([member("s3_download/manifest.csv", b"path\n"), member("s3_download/a", b"12345")]))
    )
    done = subprocess.run(["unzip", "-t", file], capture_output=True, text=True, check=False)
    assert (done.returncode, "No errors detected" in done.stdout) == (0, True), done.stdout


def zeros(size_bytes: int):
    piece = bytes(1 << 20)
    for _ in range(size_bytes >> 20):
        yield piece


def crc_of_zeros(size_bytes: int) -> int:
    crc, known = zlib.crc32(bytes(1 << 20)), 1 << 20
    while known < size_bytes:
        crc, known = combine_crc32(crc, crc, second_bytes=known), 2 * known
    return crc


class Sparse(io.RawIOBase):
    """A file that keeps no zeros: what a zip of zeros leaves is small."""

    def __init__(self):
        self.parts: dict[int, bytes] = {}
        self.size = self.place = 0

    def append(self, piece: bytes):
        if piece.strip(b"\0"):
            self.parts[self.size] = piece
        self.size += len(piece)

    def seekable(self):
        return True

    def seek(self, offset, whence=0):
        self.place = offset + {0: 0, 1: self.place, 2: self.size}[whence]
        return self.place

    def tell(self):
        return self.place

    def read(self, size=-1):
        stop = self.size if size < 0 else min(self.size, self.place + size)
        found = bytearray(stop - self.place)
        for start, part in self.parts.items():
            first, last = max(start, self.place), min(start + len(part), stop)
            if first < last:
                found[first - self.place : last - self.place] = part[first - start : last - start]
        self.place = stop
        return bytes(found)


@pytest.mark.prove
def test_offsets_and_sizes_beyond_four_gigabytes_are_right():
    size_bytes = 1 << 32
    big = Member(
        path="s3_download/big", size_bytes=size_bytes, crc32=crc_of_zeros(size_bytes), pieces=zeros(size_bytes)
    )
    file = Sparse()
    for piece in zipped([big, member("s3_download/last", b"after it")]):
        file.append(piece)
    assert file.size == zip_bytes([("s3_download/big", size_bytes), ("s3_download/last", 8)])
    with zipfile.ZipFile(file) as archive:
        assert [info.file_size for info in archive.infolist()] == [size_bytes, 8]
        assert archive.read("s3_download/last") == b"after it"


def test_more_files_than_a_plain_zip_can_count():
    names = [f"s3_download/{number}" for number in range(65_540)]
    content = b"".join(zipped(member(name, b"") for name in names))
    assert len(content) == zip_bytes((name, 0) for name in names)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.namelist() == names


@pytest.mark.parametrize("wrong", [{"crc32": 1}, {"size_bytes": 4}])
def test_a_member_that_is_not_what_was_said_of_it_ends_the_zip(wrong):
    fields = {"path": "s3_download/a", "size_bytes": 5, "crc32": zlib.crc32(b"12345"), "pieces": [b"12345"]}
    with pytest.raises(ValueError):  # noqa: PT011 (the library's)
        b"".join(zipped([Member(**(fields | wrong))]))
