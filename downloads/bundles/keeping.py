"""What a bundle will hold, found out once: the first attempt resolves the question, every later one keeps to it.

Owns: the kept manifest, written before anything is zipped, and the sums taken from it. Whoever asks sees in it what
she may see at that moment; from then on nothing is added.
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
from downloads.tree import MANIFEST_NAME, ROOT, TwinCheck, check_path
from jobs.errors import LeaseLost
from jobs.lease import Lease
from jobs.terminal import size_text
from people.scope import Scope
from selections.resolve import Resolved, resolve
from selections.words import parse_url
from storage.objects import Objects

MANIFEST_PATH = f"{ROOT}/{MANIFEST_NAME}"
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
    """The kept manifest in a file of this machine, surely the one that was kept.

    Raises `NotKept`, and what `look_up` raises while the place is silent.
    """
    with tempfile.TemporaryFile() as copy:
        apart(lambda: _copy(bundle.manifest_name, copy), look_up=look_up)
        if (copy.tell(), _crc32_of(copy)) != (bundle.manifest_bytes, bundle.manifest_crc32):
            raise NotKept("The manifest that the first attempt kept was changed since. Ask for the bundle again.")
        copy.seek(0)
        yield copy


def pieces_of(file: IO[bytes]) -> Iterator[bytes]:
    """The file from its begin."""
    file.seek(0)
    while piece := file.read(READ_BYTES):
        yield piece


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
    for entry in written(listing, entries(resolved, store=store)):
        twins.check(check_path(entry.path))
        files += 1
        chunks += entry.key.endswith(CHUNK_SUFFIX)
        patients.setdefault(entry.patient)
        entries_bytes += entry_bytes(entry.path, size_bytes=entry.size_bytes)
        lease.progress()
    _check_count(chunks, resolved=resolved)
    listing.flush()
    raw = listing.buffer  # type: ignore[attr-defined] # what a text file is made of
    crc32, manifest_bytes = _crc32_of(raw), raw.seek(0, 2)
    size_bytes = zip_bytes([(MANIFEST_PATH, manifest_bytes)]) + entries_bytes
    _check_limit(size_bytes)
    check_room(size_bytes + manifest_bytes, job_id=lease.job_id)
    name = place.manifest_name(lease.job_id, attempt=lease.attempt)
    lease.progress(bytes_total=size_bytes, note="keeping the manifest")
    listed = PulledFile(pieces_of(raw), name=name, size_bytes=manifest_bytes)
    apart(lambda: place.save(name, listed, size_bytes=manifest_bytes), look_up=lease.progress)
    kept = Bundle.objects.of_attempt(lease.job_id, attempt=lease.attempt).update(
        manifest_name=name,
        manifest_bytes=manifest_bytes,
        manifest_crc32=crc32,
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


def _crc32_of(file: IO[bytes]) -> str:
    crc = 0
    for piece in pieces_of(file):
        crc = zlib.crc32(piece, crc)
    return hex8(crc)
