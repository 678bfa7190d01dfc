"""What a bundle will hold, found out once: the first attempt resolves the question, every later one keeps to it.

Owns: the kept manifest, written before anything is zipped, and the sums taken from it. Where tasks were asked for, the
list of sessions is kept with it: one file, the manifest first. Whoever asks sees in it what she may see at that moment;
from then on nothing is added.
"""

import shutil
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO

from django.conf import settings

from chunks.format.crc import hex8
from chunks.format.keys import CHUNK_SUFFIX
from downloads.bundles import place
from downloads.bundles.apart import apart
from downloads.bundles.errors import NoRoom, NothingToBundle, NotKept, TooLarge
from downloads.bundles.pulled import PulledFile
from downloads.bundles.zipping import entry_bytes, zip_bytes
from downloads.entries import entries
from downloads.errors import DataChanged
from downloads.manifest import written
from downloads.models import Bundle
from downloads.session_files import session_files
from downloads.session_list import list_of_sessions
from downloads.tree import MANIFEST_NAME, ROOT, SESSIONS_NAME, TwinCheck, check_path
from jobs.errors import LeaseLost
from jobs.lease import Lease
from jobs.terminal import size_text
from people.scope import Scope
from selections.resolve import Resolved, resolve
from selections.words import parse_url
from storage.objects import Objects

MANIFEST_PATH = f"{ROOT}/{MANIFEST_NAME}"
SESSIONS_PATH = f"{ROOT}/{SESSIONS_NAME}"
READ_BYTES = 1 << 20


def kept_bundle(lease: Lease, *, scope: Scope, store: Objects) -> Bundle:
    """The row of this job's bundle with its manifest kept: that of an earlier attempt, else made now."""
    bundle, _ = Bundle.objects.get_or_create(job_id=lease.job_id)
    if not bundle.manifest_name:
        with tempfile.TemporaryFile("w+", encoding="utf-8", newline="") as listing:
            bundle = _keep(lease, listing, resolved=resolve(parse_url(lease.question), scope=scope), store=store)
    return bundle


@contextmanager
def manifest_of(bundle: Bundle, *, look_up: Callable[[], None]) -> Iterator[IO[bytes]]:
    """The kept manifest, and the list of sessions behind it, in a file of this machine, surely what was kept.

    Raises `NotKept`, and what `look_up` raises while the place is silent.
    """
    with tempfile.TemporaryFile() as copy:
        apart(lambda: _copy(bundle.manifest_name, copy), look_up=look_up)
        if not _is_as_kept(copy, bundle):
            raise NotKept("The manifest that the first attempt kept was changed since. Ask for the bundle again.")
        copy.seek(0)
        yield copy


def pieces_of(file: IO[bytes], *, start: int = 0, size_bytes: int) -> Iterator[bytes]:
    """So many bytes of the file, fewer where it ends."""
    file.seek(start)
    while size_bytes and (piece := file.read(min(READ_BYTES, size_bytes))):
        size_bytes -= len(piece)
        yield piece


def lines_of(file: IO[bytes], *, size_bytes: int) -> Iterator[str]:
    """The lines of the file's first bytes."""
    file.seek(0)
    while size_bytes > 0 and (line := file.readline()):
        size_bytes -= len(line)
        yield line.decode()


def check_room(needed_bytes: int, *, job_id: int | None) -> None:
    """Raises `NoRoom` where so many bytes do not fit beside what other unfinished bundles have reserved."""
    free_bytes = place.free_bytes()
    if free_bytes is None:
        return
    others_bytes = Bundle.objects.outstanding_bytes(besides=job_id)
    if needed_bytes > free_bytes - others_bytes:
        reserved = f", of which {size_text(others_bytes)} are for other bundles under way" if others_bytes else ""
        raise NoRoom(
            f"The bundle needs {size_text(needed_bytes)}, and its place has {size_text(free_bytes)} free{reserved}. "
            "Ask for less, wait until older bundles have expired, or take it home with a command instead."
        )


def _keep(lease: Lease, listing: IO[str], *, resolved: Resolved, store: Objects) -> Bundle:
    lease.progress(note="finding the files")
    files, chunks, patients, entries_bytes = 0, 0, dict[str, None](), 0
    twins = TwinCheck()
    sessions = session_files(resolved, store=store)
    for entry in written(listing, entries(resolved, store=store, files=sessions)):
        twins.check(check_path(entry.path))
        files += 1
        chunks += entry.key.endswith(CHUNK_SUFFIX)
        patients.setdefault(entry.patient)
        entries_bytes += entry_bytes(entry.path, size_bytes=entry.size_bytes)
        lease.progress()
    _check_count(chunks, resolved=resolved)
    listing.flush()
    raw = listing.buffer  # type: ignore[attr-defined] # what a text file is made of
    manifest_bytes, table = raw.seek(0, 2), list_of_sessions(resolved, files=sessions)
    crc32 = _crc32_of(raw, size_bytes=manifest_bytes)
    raw.seek(manifest_bytes)
    raw.write(table)
    kept_bytes = manifest_bytes + len(table)
    first = [(MANIFEST_PATH, manifest_bytes), *([(SESSIONS_PATH, len(table))] if table else [])]
    size_bytes = zip_bytes(first) + entries_bytes
    _check_limit(size_bytes)
    check_room(size_bytes + kept_bytes, job_id=lease.job_id)
    name = place.manifest_name(lease.job_id, attempt=lease.attempt)
    lease.progress(bytes_total=size_bytes, note="keeping the manifest")
    listed = PulledFile(pieces_of(raw, size_bytes=kept_bytes), name=name, size_bytes=kept_bytes)
    apart(lambda: place.save(name, listed, size_bytes=kept_bytes), look_up=lease.progress)
    kept = Bundle.objects.of_attempt(lease.job_id, attempt=lease.attempt).update(
        manifest_name=name,
        manifest_bytes=manifest_bytes,
        manifest_crc32=crc32,
        sessions_bytes=len(table),
        sessions_crc32=hex8(zlib.crc32(table)) if table else "",
        files=files,
        patients=list(patients),
        size_bytes=size_bytes,
        reserved_bytes=size_bytes,
    )
    if not kept:
        place.discard(name)
        raise LeaseLost(f"Attempt {lease.attempt} at job {lease.job_id} is over: it was given to another worker.")
    return Bundle.objects.get(job_id=lease.job_id)


def _copy(name: str, to: IO[bytes]) -> None:
    with place.read(name) as kept:
        shutil.copyfileobj(kept, to, READ_BYTES)


def _check_count(chunks: int, *, resolved: Resolved) -> None:
    counted = resolved.totals().chunks
    if not counted:
        raise NothingToBundle("Nothing is found any more that you may see: ask the question again.")
    if chunks != counted:
        raise DataChanged(
            f"The search counts {counted:,} chunks, and {chunks:,} are listed: data are being changed just now, or "
            "header rows lie outside their recording's folder. Ask again; if it stays so, tell the data manager."
        )


def _check_limit(size_bytes: int) -> None:
    if size_bytes > settings.BUNDLE_MAX_BYTES:
        raise TooLarge(
            f"The bundle has {size_text(size_bytes)} by now, more than the {size_text(settings.BUNDLE_MAX_BYTES)} that "
            "this portal makes. Ask for less."
        )


def _is_as_kept(file: IO[bytes], bundle: Bundle) -> bool:
    manifest_bytes, sessions_bytes = bundle.manifest_bytes, bundle.sessions_bytes
    if file.seek(0, 2) != manifest_bytes + sessions_bytes:
        return False
    if sessions_bytes and _crc32_of(file, start=manifest_bytes, size_bytes=sessions_bytes) != bundle.sessions_crc32:
        return False
    return _crc32_of(file, size_bytes=manifest_bytes) == bundle.manifest_crc32


def _crc32_of(file: IO[bytes], *, start: int = 0, size_bytes: int) -> str:
    crc = 0
    for piece in pieces_of(file, start=start, size_bytes=size_bytes):
        crc = zlib.crc32(piece, crc)
    return hex8(crc)
