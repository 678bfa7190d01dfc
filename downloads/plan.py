"""What a download would do, found out before anything is written.

Owns: the check of every path, what is there already, and whether the rest fits on the disk.
"""

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import IO

from chunks.format.keys import CHUNK_SUFFIX
from downloads.errors import DataChanged, DiskTooFull, FolderRefused
from downloads.folder import Survey, TreeFolder
from downloads.manifest import Entry
from downloads.tree import TwinCheck, check_path
from jobs.terminal import size_text

SPARE = 0.05  # of what is still to come
BLOCK_BYTES = 4096  # what a file takes beside its bytes: the rest of its last block, its row of the manifest


@dataclass(frozen=True, kw_only=True)
class Plan:
    """`chunks` are the files that are no annotations; `size_bytes` is all that is asked for; `missing_*` is what is not
    there in its size and will be fetched.

    `others`: files in the tree that are of former runs and not asked for now. Sizes alone are looked at here; a file
    that is there is checked by its CRC when its turn comes.
    """

    files: int
    chunks: int
    size_bytes: int
    missing_files: int
    missing_bytes: int
    others: int
    free_bytes: int
    patients: tuple[str, ...]
    survey: Survey

    @property
    def there_files(self) -> int:
        return self.files - self.missing_files

    @property
    def needed_bytes(self) -> int:
        """What must be free on the disk."""
        spare_bytes = int(SPARE * self.missing_bytes) + BLOCK_BYTES * self.missing_files
        return self.missing_bytes + spare_bytes - self.survey.leftover_bytes if self.missing_files else 0

    @property
    def fits(self) -> bool:
        return self.needed_bytes <= self.free_bytes


def plan(entries: Iterable[Entry], *, folder: TreeFolder) -> Plan:
    """Walks all entries once, in bounded memory, and writes nothing. Raises `PathRefused` and `FolderRefused`."""
    survey = folder.survey()
    files = chunks = size_bytes = missing_files = missing_bytes = there = 0
    patients: dict[str, None] = {}
    twins = TwinCheck()
    for entry in entries:
        twins.check(check_path(entry.path))
        patients.setdefault(entry.patient)
        files += 1
        chunks += entry.key.endswith(CHUNK_SUFFIX)
        size_bytes += entry.size_bytes
        there_bytes = folder.size_there(entry.path)
        there += there_bytes is not None
        if there_bytes != entry.size_bytes:
            missing_files += 1
            missing_bytes += entry.size_bytes
    return Plan(
        files=files,
        chunks=chunks,
        size_bytes=size_bytes,
        missing_files=missing_files,
        missing_bytes=missing_bytes,
        others=survey.files - there,
        free_bytes=folder.free_bytes(),
        patients=tuple(patients),
        survey=survey,
    )


def check_count(planned: Plan, *, chunks: int) -> None:
    """Raises `DataChanged` where the sums of the search counted another number of chunks than are listed."""
    if planned.chunks != chunks:
        raise DataChanged(
            f"The search counts {chunks:,} chunks, and {planned.chunks:,} are listed for download: data are being "
            "changed just now, or header rows lie outside their recording's folder. Ask again; if it stays so, run "
            "`manage.py reindex`. Nothing was written."
        )


def check_room(planned: Plan, *, folder: TreeFolder) -> None:
    """Raises `DiskTooFull` where what is missing does not fit."""
    if not planned.fits:
        raise DiskTooFull(
            f"{folder.directory} has {size_text(planned.free_bytes)} free, and {size_text(planned.needed_bytes)} are "
            f"needed for the {planned.missing_files:,} files still missing. Make room, choose another folder, or "
            "select less. Nothing was written."
        )


@contextmanager
def spool(*, folder: TreeFolder) -> Iterator[IO[str]]:
    """A file without a name, on the disk the tree goes to: it is gone with the process, however that ends."""
    with ExitStack() as stack:
        try:
            file = stack.enter_context(tempfile.TemporaryFile("w+", encoding="utf-8", newline="", dir=folder.nearest()))
        except OSError as error:
            raise FolderRefused(
                f"Nothing can be written to {folder.directory}: {error.strerror}. Choose another folder."
            ) from error
        yield file
