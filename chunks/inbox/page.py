"""The inbox as its page shows it: folders, files a page at a time, and what is known of them.

Owns: what stands on one page. It is made anew for each look and kept nowhere.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from chunks.errors import InboxAway
from chunks.headers_db.errors import HeadersUnavailable
from chunks.inbox.known import Known, known
from chunks.inbox.listing import InboxFile, LeftOut, inbox_files, shown
from chunks.inbox.naming import folder_reference, reference
from chunks.interrupted import Interrupted, being_removed, interrupted
from jobs.terminal import size_text
from people.scope import Scope

PAGE_FILES = 100
WHOLE = "whole inbox"


@dataclass(frozen=True, kw_only=True)
class Row:
    """A file on the page."""

    file: InboxFile
    reference: str
    known: Known
    chosen: bool

    @property
    def size(self) -> str:
        return size_text(self.file.look.size_bytes)

    @property
    def changed_at(self) -> datetime:
        return datetime.fromtimestamp(self.file.look.modified_ns / 1e9, UTC)


@dataclass(frozen=True, kw_only=True)
class Folder:
    """A folder of the inbox, or the whole of it, with its files."""

    reference: str
    shown: str
    files: int
    open: bool


@dataclass(frozen=True, kw_only=True)
class Half:
    """A recording that is half taken in, and the file of the inbox it comes from, where that was seen."""

    recording: Interrupted
    file: str
    being_removed: bool


@dataclass(frozen=True, kw_only=True)
class Page:
    """`away` says why there is no list, `asleep` why nothing is known of the files.

    elsewhere: references of files that are chosen and not among the rows; lost: how many were chosen that have changed
    since, or gone.
    """

    rows: tuple[Row, ...] = ()
    folders: tuple[Folder, ...] = ()
    folder: str = ""
    number: int = 1
    pages: int = 1
    files: int = 0
    ready: int = 0
    ready_size: str = ""
    halves: tuple[Half, ...] = ()
    elsewhere: tuple[str, ...] = ()
    lost: int = 0
    left_out: LeftOut = field(default_factory=LeftOut)
    away: str = ""
    asleep: str = ""


def in_folder(files: Sequence[InboxFile], folder: str) -> list[InboxFile]:
    """Those of the folder of this reference; all where it is empty."""
    return [file for file in files if not folder or folder_reference(file.folder) == folder]


def page(*, folder: str, number: int, scope: Scope, chosen: Collection[str] = ()) -> Page:
    """One page of the inbox, or of one of its folders."""
    left_out = LeftOut()
    try:
        everything = inbox_files(left_out)
    except InboxAway as error:
        return Page(away=str(error))
    folders = tuple(_folders(everything, chosen=folder))
    folder = folder if any(each.open and each.reference for each in folders) else ""
    files = in_folder(everything, folder)
    pages = max(1, -(-len(files) // PAGE_FILES))
    number = min(max(1, number), pages)
    here = files[(number - 1) * PAGE_FILES : number * PAGE_FILES]
    said, halves, asleep = _asked(here, scope=scope)
    ready = [file for file in files if not file.growing]
    there = set(map(reference, everything)) if chosen else set()
    marks = [reference(file) for file in here]
    return Page(
        rows=tuple(
            Row(file=file, reference=mark, known=each, chosen=mark in chosen)
            for file, mark, each in zip(here, marks, said, strict=True)
        ),
        elsewhere=tuple(sorted((there & set(chosen)) - set(marks))),
        lost=len(set(chosen) - there),
        left_out=left_out,
        folders=folders,
        folder=folder,
        number=number,
        pages=pages,
        files=len(files),
        ready=len(ready),
        ready_size=size_text(sum(file.look.size_bytes for file in ready)),
        halves=halves,
        asleep=asleep,
    )


def _folders(files: Sequence[InboxFile], *, chosen: str) -> Iterator[Folder]:
    """The whole, then each folder with files; nothing where there is one alone."""
    counts: dict[str, int] = {}
    for file in files:
        counts[file.folder] = counts.get(file.folder, 0) + 1
    if len(counts) < 2:
        return
    references = {folder: folder_reference(folder) for folder in counts}
    found = chosen in references.values()
    yield Folder(reference="", shown=WHOLE, files=len(files), open=not found)
    for folder, count in sorted(counts.items()):
        mark = references[folder]
        yield Folder(reference=mark, shown=shown(folder) or "not in a folder", files=count, open=mark == chosen)


def _asked(files: Sequence[InboxFile], *, scope: Scope) -> tuple[list[Known], tuple[Half, ...], str]:
    """What the rows say of these files, and what is half taken in."""
    try:
        said = known(files, scope=scope)
        halves = interrupted(scope=scope)
    except HeadersUnavailable as error:
        return [Known(text="")] * len(files), (), str(error)
    going = being_removed(patients=[half.patient for half in halves])
    names = {(each.patient, each.recording): file.shown for file, each in zip(files, said, strict=True)}
    return (
        said,
        tuple(
            Half(
                recording=half,
                file=names.get((half.patient, half.name), ""),
                being_removed=(half.patient, half.name) in going,
            )
            for half in halves
        ),
        "",
    )
