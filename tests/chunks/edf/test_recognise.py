"""What is not an EDF file, and what was one before a program saved it as text."""

from pathlib import Path

import pytest

from chunks.edf.errors import EdfDamaged, EdfError, EdfTruncated, NoData, NotAnEdf
from chunks.edf.reader import open_edf
from tests.chunks.edf.handmade import good, saved, with_field


def refusal(folder: Path, content: bytes) -> EdfError:
    with pytest.raises(EdfError) as caught:
        open_edf(saved(folder, content))
    assert "recording.edf" not in str(caught.value)
    return caught.value


@pytest.mark.parametrize(
    ("content", "looks_like"),
    [
        (b"<!DOCTYPE html><html><head><title>404</title>", "HTML page"),
        (b"\n\n  <HTML><body>", "HTML page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 12\n", "git-lfs pointer"),
        (b"PK\x03\x04" + bytes(300), "zip archive"),
        (b"\x1f\x8b\x08" + bytes(300), "gzip archive"),
        (b"%PDF-1.7" + bytes(300), "PDF"),
        (b"\x89HDF\r\n\x1a\n" + bytes(300), "HDF5"),
        (b"MATLAB 5.0 MAT-file" + bytes(300), "MATLAB"),
        (b"EEG-1100A V01.00" + bytes(300), "Nihon Kohden"),
        (b"GDF 2.20" + bytes(300), "GDF"),
        (b'{"message": "Not Found"}', "JSON"),
        (b"<?xml version='1.0'?><Error>AccessDenied</Error>", "XML"),
        (b"Dear colleague,\nplease find attached " * 20, "text file"),
        ("\ufeffhello".encode("utf-16"), "UTF-16"),
        (bytes(4096), "zero bytes"),
        (b"\x07\xfe\x01" * 200, "does not begin as an EDF"),
    ],
)
def test_other_files_are_refused_by_what_they_look_like(tmp_path: Path, content: bytes, looks_like: str) -> None:
    error = refusal(tmp_path, content)
    assert isinstance(error, NotAnEdf)
    assert looks_like in str(error)


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    error = refusal(tmp_path, b"")
    assert isinstance(error, NoData)
    assert "empty" in str(error)


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotAnEdf, match="folder"):
        open_edf(tmp_path)


def test_a_missing_file_is_refused_without_its_name(tmp_path: Path) -> None:
    with pytest.raises(EdfError, match="cannot be opened") as caught:
        open_edf(tmp_path / "Doe, Jane.edf")
    assert "Doe" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_a_path_that_no_system_takes_is_refused() -> None:
    with pytest.raises(EdfError, match="cannot be opened"):
        open_edf("a\0b")


@pytest.mark.parametrize("size", [1, 100, 255, 256, 300, 1023])
def test_a_file_that_ends_inside_its_header_is_truncated(tmp_path: Path, size: int) -> None:
    error = refusal(tmp_path, good()[:size])
    assert isinstance(error, EdfTruncated)
    assert "inside its header" in str(error)


@pytest.mark.parametrize("junk", [b"  ", b"\r\n", b"\xef\xbb\xbf", b"\0\0"])
def test_a_header_that_begins_late_is_damage(tmp_path: Path, junk: bytes) -> None:
    error = refusal(tmp_path, junk + good())
    assert isinstance(error, EdfDamaged)
    assert f"{len(junk)} bytes too late" in str(error)


def test_a_header_that_begins_early_is_damage(tmp_path: Path) -> None:
    error = refusal(tmp_path, good()[2:])
    assert isinstance(error, EdfDamaged)
    assert "2 bytes too early" in str(error)


def test_a_name_that_grew_is_damage(tmp_path: Path) -> None:
    """An umlaut of one byte became two when somebody saved the header as UTF-8."""
    recording = with_field(good(), "patient", b"X F X M\xfcller_\xc4nne")
    error = refusal(tmp_path, recording[:88].decode("latin-1").encode() + recording[88:])
    assert isinstance(error, EdfDamaged)
    assert "2 bytes too late" in str(error)


@pytest.mark.parametrize("begin", [b"\xef\xbf\xbdBIOSEMI", b"\xc3\xbfBIOSEMI", b"?BIOSEMI", b"BIOSEMI"])
def test_a_bdf_file_whose_first_byte_was_changed_is_damage(tmp_path: Path, begin: bytes) -> None:
    error = refusal(tmp_path, begin + good("BDF")[8:])
    assert isinstance(error, EdfDamaged)
    assert "BDF" in str(error)


@pytest.mark.parametrize("version", [b"\xb50      ", b"1       ", b"        "])
def test_a_version_of_nonsense_before_a_good_header_is_told(tmp_path: Path, version: bytes) -> None:
    with open_edf(saved(tmp_path, with_field(good(), "version", version))) as edf:
        assert "version-field" in {finding.code for finding in edf.findings}
        assert edf.records == 5


def test_a_version_padded_with_nuls_is_read(tmp_path: Path) -> None:
    with open_edf(saved(tmp_path, with_field(good(), "version", b"0\0\0\0\0\0\0\0"))) as edf:
        assert edf.records == 5
