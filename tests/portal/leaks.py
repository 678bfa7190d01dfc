"""Looks for words that must be nowhere: in every byte of every file below a folder, in whatever form it is written.

Zips are opened, those inside them too. Case makes no difference.
"""

import base64
import io
import json
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote, quote_plus


def forms(word: str) -> set[bytes]:
    """A word as it may stand in a file; compared with the bytes in lower case, which only ASCII letters have."""
    return {form for each in {word, word.lower(), word.upper()} for form in _forms(each)}


def _forms(word: str) -> set[bytes]:
    plain = {word, word.replace("_", " "), json.dumps(word)[1:-1], quote(word), quote_plus(word), ascii(word)[1:-1]}
    found = {text.encode("utf-8") for text in plain} | {_tried(text, "latin-1") for text in plain}
    found |= {_tried(text, coding) for text in plain for coding in ("utf-16-le", "utf-16-be")}
    found.add(word.encode().hex().encode())
    return {form.lower() for form in found if form}


def base64_forms(word: str) -> set[bytes]:
    """The middle of its base64 at each of the three places where it may begin, the same whatever is around."""
    found = set()
    for text in (word, word.lower(), word.upper()):
        for before in range(3):
            whole = base64.b64encode(b"\0" * before + text.encode())
            first, last = -(-before * 8 // 6), (before + len(text.encode())) * 8 // 6
            found |= {whole[first:last], base64.urlsafe_b64encode(b"\0" * before + text.encode())[first:last]}
    return {form for form in found if len(form) >= 8}


def leaks(folder: Path, words: Iterable[str], *, but: Iterable[Path] = ()) -> set[tuple[str, str]]:
    """Every (file, word) where the word stands; files below those of `but` are left out."""
    wanted = [(word, forms(word), base64_forms(word)) for word in words]
    left_out = tuple(but)
    found = set()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not any(path.is_relative_to(each) for each in left_out):
            name = str(path.relative_to(folder))
            for place, content in (("the name of", name.encode()), ("", path.read_bytes())):
                for where, piece in _opened(name, content):
                    found |= {(f"{place} {where}".strip(), word) for word in _in(piece, wanted)}
    return found


def _opened(name: str, content: bytes) -> Iterator[tuple[str, bytes]]:
    yield name, content
    if content.startswith(b"PK") and zipfile.is_zipfile(io.BytesIO(content)):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for member in archive.namelist():
                yield from _opened(f"{name}!{member}", archive.read(member))


def _in(content: bytes, wanted: list[tuple[str, set[bytes], set[bytes]]]) -> Iterator[str]:
    folded = content.lower()
    for word, plain, encoded in wanted:
        if any(form in folded for form in plain) or any(form in content for form in encoded):
            yield word


def _tried(text: str, coding: str) -> bytes:
    try:
        return text.encode(coding)
    except UnicodeEncodeError:
        return b""
