"""Tells an EDF file from what people take for one, and a whole header from one that has slipped.

Works on a file's first bytes alone. A header slips when a program saves it as text: a byte order mark in front, or a
name with an umlaut that grew by a byte. Every field after that stands in the wrong place.
"""

import re

from chunks.edf.errors import EdfDamaged, EdfTruncated, NoData, NotAnEdf
from chunks.edf.fields import HEADER_BYTES, file_field_offset
from chunks.edf.header_reader import BDF_VERSION, EDF_VERSION

# date, time and header size stand side by side, and no other text looks like them
_LANDMARK = re.compile(rb"(?:[ 0-9][0-9][.:/-][0-9]{2}[.:/-][0-9]{2}){2}([1-9][0-9]{2,7}) *")
_LANDMARK_OFFSET = file_field_offset("start_date")
_FARTHEST_SLIP_BYTES = 80

_KNOWN_BEGINNINGS = (
    (b"version https://git-lfs", "a git-lfs pointer: fetch the recording itself with 'git lfs pull'"),
    (b"PK\x03\x04", "a zip archive: unpack it first"),
    (b"\x1f\x8b", "a gzip archive: unpack it first"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-zip archive: unpack it first"),
    (b"Rar!", "a rar archive: unpack it first"),
    (b"%PDF", "a PDF document"),
    (b"\x89HDF", "an HDF5 file"),
    (b"MATLAB", "a MATLAB file"),
    (b"GDF ", "a GDF file, which is another format"),
    (b"EEG-1100", "a Nihon Kohden file: export it as EDF+ first"),
    (b"EEG-1200", "a Nihon Kohden file: export it as EDF+ first"),
    (b"EEG-2100", "a Nihon Kohden file: export it as EDF+ first"),
    (b"Brain Vision", "a BrainVision header"),
    (b"<?xml", "an XML document"),
    (b"{", "a JSON document"),
)
_HTML = re.compile(rb"<(!doctype\s+html|html|head|body|!--)", re.IGNORECASE)
_MANGLED_BIOSEMI = re.compile(rb".{0,4}BIOSEMI", re.DOTALL)


def check_is_edf(beginning: bytes, *, size_bytes: int) -> None:
    """Look at a file's first 256 bytes (or all of it, where it has fewer).

    Raises:
        NotAnEdf: it is something else; the message says what it looks like.
        EdfDamaged: it is an EDF file whose header does not stand where it should.
        NoData: the file is empty.
        EdfTruncated: it ends inside its header.
    """
    if not beginning:
        raise NoData("The file is empty.")
    if _MANGLED_BIOSEMI.match(beginning) and not beginning.startswith(BDF_VERSION):
        raise EdfDamaged("This was a BDF file; its first byte has been changed, as saving it as text does.")
    slip = _slip(beginning)
    if slip:
        where = "late" if slip > 0 else "early"
        raise EdfDamaged(f"The header is shifted: its fields stand {abs(slip)} bytes too {where}. It was edited.")
    if not _has_version(beginning):
        _refuse(beginning)
    if len(beginning) < HEADER_BYTES:
        raise EdfTruncated(f"The file ends inside its header, after {size_bytes} bytes.")


def _has_version(beginning: bytes) -> bool:
    version = beginning[:8]
    if version in (BDF_VERSION, EDF_VERSION) or version.rstrip(b" \0") == b"0":
        return True
    # a version field of nonsense before fields that all stand in their places
    return b"BIOSEMI" not in version and _LANDMARK.match(beginning, _LANDMARK_OFFSET) is not None


def _slip(beginning: bytes) -> int:
    """Give by how many bytes the header's landmark stands too late (or, below 0, too early)."""
    if _LANDMARK.match(beginning, _LANDMARK_OFFSET):
        return 0
    for distance in range(1, _FARTHEST_SLIP_BYTES):
        for slip in (distance, -distance):
            found = _LANDMARK.match(beginning, _LANDMARK_OFFSET + slip)
            if found and int(found[1]) % HEADER_BYTES == 0:
                return slip
    return 0


def _refuse(beginning: bytes) -> None:
    text = beginning.lstrip(b"\xef\xbb\xbf \t\r\n")
    if _HTML.match(text):
        raise NotAnEdf("This looks like an HTML page, not a recording: download the file again.")
    for start, name in _KNOWN_BEGINNINGS:
        if text.startswith(start):
            raise NotAnEdf(f"This looks like {name}.")
    if beginning.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise NotAnEdf("This looks like a UTF-16 text file, not a recording.")
    if not beginning.strip(b"\0"):
        raise NotAnEdf("The file begins with nothing but zero bytes: it was never written, or its disk lost it.")
    if all(byte in b"\t\r\n" or 32 <= byte < 127 for byte in beginning):
        raise NotAnEdf("This looks like a text file, not a recording.")
    raise NotAnEdf("This does not begin as an EDF or BDF file does.")
