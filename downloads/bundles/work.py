"""The work of a bundle's job: resolve once, then zip and keep.

Owns: the order of things, and what is left where they end. A bundle that fails or is cancelled leaves nothing; who has
lost the lease or hands the job back removes its own file alone, since another attempt goes on with the manifest.
"""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from typing import IO

from django.conf import settings
from django.utils import timezone

from downloads.bundles import place
from downloads.bundles.ahead import read_ahead
from downloads.bundles.apart import apart, waited_for
from downloads.bundles.errors import BundleError, ScopeShrunk
from downloads.bundles.keeping import MANIFEST_PATH, SESSIONS_PATH, kept_bundle, lines_of, manifest_of, pieces_of
from downloads.bundles.pulled import PulledFile
from downloads.bundles.reading import members
from downloads.bundles.zipping import Member, zipped
from downloads.manifest import read_csv
from downloads.models import Bundle
from jobs.errors import HandedBack, JobCancelled, LeaseLost
from jobs.lease import Lease
from people.scope import Scope
from storage.errors import StorageError
from storage.objects import Objects
from storage.urls import open_objects

# How long is waited for leftovers to be removed, and how long where somebody waits for the end; it goes on after that.
REMOVE_S, REMOVE_SOON_S = 10.0, 0.3


def run(lease: Lease) -> None:
    """Makes the bundle and ends its job. Raises what ends it otherwise; then nothing of it is left."""
    name = place.zip_name(lease.job_id, attempt=lease.attempt)
    try:
        store = open_objects(settings.OBJECTS_URL)
        scope = lease.scope(means="page")
        bundle = _kept(lease, scope=scope, store=store)
        _check_scope(bundle, scope=scope)
        made = _make(bundle, lease=lease, name=name, store=store)
        _finish(bundle, lease=lease, name=name, sha256=made.sha256)
    except (HandedBack, LeaseLost, SystemExit):
        _remove([name], wait_s=REMOVE_SOON_S)
        raise
    except BaseException as error:
        _leave_nothing(lease, name=name, wait_s=REMOVE_SOON_S if isinstance(error, JobCancelled) else REMOVE_S)
        raise


def _kept(lease: Lease, *, scope: Scope, store: Objects) -> Bundle:
    try:
        return kept_bundle(lease, scope=scope, store=store)
    except StorageError as error:
        # What a store says names de-identified buckets and keys alone, so the person may read it.
        raise BundleError(str(error)) from error


def _make(bundle: Bundle, *, lease: Lease, name: str, store: Objects) -> PulledFile:
    lease.progress(bytes_done=0, bytes_total=bundle.size_bytes, note="zipping")
    with ExitStack() as stack:
        manifest = stack.enter_context(manifest_of(bundle, look_up=lease.progress))
        source = zipped(_all_members(bundle, manifest=manifest, store=store))
        pulled: PulledFile

        def look_up() -> None:
            lease.progress(bytes_done=pulled.done_bytes)

        pieces = stack.enter_context(read_ahead(source, look_up=look_up))
        pulled = PulledFile(pieces, name=name, size_bytes=bundle.size_bytes)
        apart(lambda: place.save(name, pulled, size_bytes=bundle.size_bytes), look_up=lease.progress)
    return pulled


def _all_members(bundle: Bundle, *, manifest: IO[bytes], store: Objects) -> Iterator[Member]:
    """The manifest, the list of sessions where there is one, then what the manifest lists."""
    yield Member(
        path=MANIFEST_PATH,
        size_bytes=bundle.manifest_bytes,
        crc32=int(bundle.manifest_crc32, 16),
        pieces=pieces_of(manifest, size_bytes=bundle.manifest_bytes),
    )
    if bundle.sessions_bytes:
        yield Member(
            path=SESSIONS_PATH,
            size_bytes=bundle.sessions_bytes,
            crc32=int(bundle.sessions_crc32, 16),
            pieces=pieces_of(manifest, start=bundle.manifest_bytes, size_bytes=bundle.sessions_bytes),
        )
    yield from members(read_csv(lines_of(manifest, size_bytes=bundle.manifest_bytes)), store=store)


def _finish(bundle: Bundle, *, lease: Lease, name: str, sha256: str) -> None:
    """The row first, then the job: the bundle can be fetched when both say so."""
    now = timezone.now()
    lease.progress(bytes_done=bundle.size_bytes, note="")
    Bundle.objects.of_attempt(lease.job_id, attempt=lease.attempt).update(
        zip_name=name, sha256=sha256, finished_at=now, expires_at=now + timedelta(days=settings.BUNDLE_DAYS)
    )
    lease.finish({"files": bundle.files, "bytes": bundle.size_bytes, "sha256": sha256})


def _check_scope(bundle: Bundle, *, scope: Scope) -> None:
    """A later attempt fails rather than leave somebody out."""
    if bundle.outside(scope.patients):
        raise ScopeShrunk(
            "You may no longer see all patients of this bundle, so it was not made. Ask the question again for those "
            "that you may see."
        )


def _leave_nothing(lease: Lease, *, name: str, wait_s: float) -> None:
    # Where the job is somebody else's by now, that attempt works from the manifest.
    mine = Bundle.objects.of_attempt(lease.job_id, attempt=lease.attempt).exclude(manifest_name="")
    _remove([name, *mine.values_list("manifest_name", flat=True)], wait_s=wait_s)


def _remove(names: Iterable[str], *, wait_s: float) -> None:
    waited_for(lambda: [place.discard(name) for name in names], seconds=wait_s)
