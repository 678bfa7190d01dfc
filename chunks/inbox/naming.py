"""How a file of the inbox is named where its name must not stand: in a form, and in a job's row.

Owns: both. A form carries a reference, which is a keyed hash and nothing else: it opens no path. A job's row says
device, inode, size and keyed hashes of the name and of the time of the last change; the file is found again by looking.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from chunks.errors import FileChanged, FileGone
from chunks.inbox.listing import InboxFile
from people.identity import keyed_hash

REFERENCE_DIGITS = 32
_OF_NO_PATIENT = ""


@dataclass(frozen=True, kw_only=True)
class Named:
    """A file as a job's row names it: equal as long as it is the same file and did not change."""

    device: int
    inode: int
    size_bytes: int
    name_hash: str
    modified_hash: str


def named(file: InboxFile) -> Named:
    look = file.look
    return Named(
        device=look.device,
        inode=look.inode,
        size_bytes=look.size_bytes,
        name_hash=_hash(os.fsencode(file.name).hex(), purpose="inbox file's name"),
        modified_hash=_hash(str(look.modified_ns), purpose="inbox file's time"),
    )


def reference(file: InboxFile) -> str:
    """What a form says of the file; another one once the file has changed."""
    said = named(file)
    text = f"{said.device} {said.inode} {said.size_bytes} {said.name_hash} {said.modified_hash}"
    return _hash(text, purpose="inbox file")[:REFERENCE_DIGITS]


def folder_reference(folder: str) -> str:
    """The same for a folder, for an address: those stand in the logs of web servers."""
    return _hash(os.fsencode(folder).hex(), purpose="inbox folder")[:REFERENCE_DIGITS]


def find(wanted: Named, *, among: Iterable[InboxFile]) -> InboxFile:
    """The file of this name. Raises `FileGone`, and `FileChanged` where it is not as it was."""
    files = list(among)
    seen = (wanted.device, wanted.inode, wanted.size_bytes)
    for file in files:  # hashes only where it may be the one: of 2,000 files each is looked for
        if (file.look.device, file.look.inode, file.look.size_bytes) == seen and named(file) == wanted:
            return file
    if any(named(file).name_hash == wanted.name_hash for file in files):
        raise FileChanged("The file changed after it was chosen: perhaps its copy is still under way.")
    raise FileGone("The file is no longer in the inbox, or has another name.")


def names_of(wanted: Sequence[Named], *, among: Iterable[InboxFile]) -> list[str]:
    """The name of each as it is shown, where the file is there unchanged; else empty."""
    there = {named(file): file.shown for file in among}
    return [there.get(each, "") for each in wanted]


def encode(files: Sequence[Named]) -> list[dict[str, Any]]:
    return [asdict(file) for file in files]


def decode(kept: Sequence[Mapping[str, Any]]) -> list[Named]:
    return [Named(**each) for each in kept]


def _hash(value: str, *, purpose: str) -> str:
    return keyed_hash(value, purpose=purpose, patient=_OF_NO_PATIENT)
