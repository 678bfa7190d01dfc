"""Making a bundle: the zip, its sums, and what is left when something goes wrong."""

import hashlib
import subprocess
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from chunks.models import ChunkHeader
from downloads.bundles import place, work
from downloads.bundles.errors import BundleError, FileFailed, NoRoom, NotKept, ScopeShrunk
from downloads.manifest import read_csv
from downloads.models import Bundle
from jobs.asking import cancel
from jobs.errors import JobCancelled, LeaseLost
from jobs.lease import claim
from jobs.models import Job
from people.models import Grant
from people.scope import scope_for, server_scope
from storage.folder import FolderObjects
from tests.downloads.bundled import asked, attempt, crcs, left_in, made, opened, zip_of
from tests.downloads.held import hold
from tests.jobs.makers import GONE, QUICK
from tests.people.makers import grant

pytestmark = pytest.mark.database(transaction=True)


@pytest.fixture
def scope(db, bundles_folder):
    return server_scope(means="page")


def reason_of(job) -> str:
    return Job.objects.get(pk=job.pk).reason


def test_every_file_is_in_the_zip_whole_under_its_path(store, scope):
    hold(store)
    bundle = made(scope)
    wanted = {f"s3_download/2002/{row.object_key}": int(row.file_crc32, 16) for row in ChunkHeader.objects.all()}
    assert len(wanted) == 4
    with opened(bundle) as archive:
        found = crcs(archive)
        assert archive.namelist()[0] == "s3_download/manifest.csv"
        assert archive.namelist()[1:] == sorted(archive.namelist()[1:])
        manifest = list(read_csv(archive.read("s3_download/manifest.csv").decode().splitlines(keepends=True)))
    del found["s3_download/manifest.csv"]
    annotations = found.pop("s3_download/2002/day3_140500/annotations.json")
    assert found == wanted
    assert annotations
    assert [entry.path for entry in manifest] == sorted([*wanted, "s3_download/2002/day3_140500/annotations.json"])


def test_the_row_says_what_the_zip_is(store, scope, bundles_folder):
    hold(store)
    bundle = made(scope)
    content = zip_of(bundle)
    job = bundle.job
    assert (bundle.size_bytes, bundle.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert (bundle.files, bundle.patients) == (5, ["2002"])
    assert (job.state, job.bytes_done, job.bytes_total) == ("done", len(content), len(content))
    assert abs(bundle.expires_at - timezone.now() - timedelta(days=7)) < timedelta(minutes=1)
    assert left_in(bundles_folder) == [str(job.pk), bundle.zip_name, bundle.manifest_name]
    assert (bundles_folder / bundle.zip_name).stat().st_mode & 0o777 == 0o600


def test_entries_have_one_date_and_mode_and_their_sizes_in_their_own_headers(store, scope):
    hold(store)
    with opened(made(scope)) as archive:
        infos = archive.infolist()
    assert {info.date_time for info in infos} == {(1980, 1, 1, 0, 0, 0)}
    assert {info.external_attr >> 16 for info in infos} == {0o100644}
    assert {info.compress_type for info in infos} == {0}
    assert not any(info.flag_bits & 0x08 for info in infos), "no data descriptors"


def test_two_patients_with_equal_names_of_recordings_and_labels_are_both_whole(store, scope):
    hold(store, "2002", seed=1)
    hold(store, "2003", seed=2)
    bundle = made(scope, "patient=2002&patient=2003")
    with opened(bundle) as archive:
        found = crcs(archive)
    assert bundle.patients == ["2002", "2003"]
    assert {name.partition("/2")[2][:3] for name in found if "2/" in name or "3/" in name} == {"002", "003"}
    for row in ChunkHeader.objects.all():
        assert found[f"s3_download/{row.patient}/{row.object_key}"] == int(row.file_crc32, 16)


def test_only_what_was_asked_for_is_in_it(store, scope):
    hold(store)
    hold(store, "2003")
    with opened(made(scope, "patient=2002&channel=LTG1")) as archive:
        assert [name for name in archive.namelist() if name.endswith(".chn")] == [
            "s3_download/2002/day3_140500/LTG1_chunk-0.chn",
            "s3_download/2002/day3_140500/LTG1_chunk-1.chn",
        ]


def test_a_later_attempt_makes_the_same_bytes_though_data_came_meanwhile(store, scope):
    hold(store)
    first = made(scope)
    job = asked(scope)
    # The first attempt keeps its manifest and dies.
    lease = claim(job.pk, timing=GONE)
    work.kept_bundle(lease, scope=lease.scope(means="page"), store=store)
    hold(store, "2002", "day4_000000", seed=9)
    attempt(job)
    again = Bundle.objects.get(pk=job.pk)
    assert Job.objects.get(pk=job.pk).attempt == 2
    assert again.sha256 == first.sha256
    assert zip_of(again) == zip_of(first)


def test_a_damaged_chunk_fails_the_bundle_with_its_name_and_leaves_nothing(store, scope, bundles_folder, tmp_path):
    hold(store)
    chunk = tmp_path / "objects" / "edf-chunks-2002" / "day3_140500" / "LTG2_chunk-1.chn"
    damaged = bytearray(chunk.read_bytes())
    damaged[-1] ^= 1
    chunk.write_bytes(bytes(damaged))
    ChunkHeader.objects.filter(object_key__endswith="LTG2_chunk-1.chn").update(etag="")
    job = asked(scope)
    with pytest.raises(FileFailed):
        attempt(job)
    assert Job.objects.get(pk=job.pk).state == "failed"
    assert reason_of(job).startswith("s3_download/2002/day3_140500/LTG2_chunk-1.chn: its object is damaged")
    assert left_in(bundles_folder) == []


def test_a_missing_chunk_fails_the_bundle_with_its_name(store, scope, bundles_folder):
    hold(store)
    store.delete("edf-chunks-2002", "day3_140500/LTG1_chunk-1.chn")
    job = asked(scope)
    with pytest.raises(FileFailed):
        attempt(job)
    assert "s3_download/2002/day3_140500/LTG1_chunk-1.chn: There is no object" in reason_of(job)
    assert left_in(bundles_folder) == []


def test_missing_annotations_fail_the_bundle_too(store, scope):
    hold(store, annotations=False)
    job = asked(scope)
    with pytest.raises(FileFailed):
        attempt(job)
    assert "annotations.json: There is no object" in reason_of(job)


def test_a_chunk_that_was_replaced_fails_the_bundle(store, scope):
    hold(store)
    key = "day3_140500/LTG1_chunk-1.chn"
    store.put("edf-chunks-2002", key, store.get("edf-chunks-2002", key) + b"x")
    job = asked(scope)
    with pytest.raises(FileFailed):
        attempt(job)
    assert "LTG1_chunk-1.chn: its object was replaced" in reason_of(job)


def test_a_chunk_cut_short_under_its_etag_is_found_by_its_size(store, scope):
    hold(store)
    key = "day3_140500/LTG1_chunk-1.chn"
    store.put("edf-chunks-2002", key, store.get("edf-chunks-2002", key)[:-2])
    ChunkHeader.objects.filter(object_key=key).update(etag="")
    job = asked(scope)
    with pytest.raises(FileFailed, match="only"):
        attempt(job)


def test_scope_lost_between_asking_and_working_finds_nothing(store, alice, bundles_folder):
    hold(store)
    given = grant(alice, patient="2002")
    job = asked(scope_for(alice, means="page"))
    Grant.objects.filter(pk=given.pk).update(revoked_at=timezone.now())
    with pytest.raises(BundleError, match="Nothing is found any more"):
        attempt(job)
    assert left_in(bundles_folder) == []


def test_scope_lost_between_two_attempts_fails_rather_than_differ(store, alice, bundles_folder):
    hold(store)
    hold(store, "2003")
    given = grant(alice, patient="2002")
    grant(alice, patient="2003")
    job = asked(scope_for(alice, means="page"), "patient=200*")
    lease = claim(job.pk, timing=GONE)
    work.kept_bundle(lease, scope=lease.scope(means="page"), store=store)
    Grant.objects.filter(pk=given.pk).update(revoked_at=timezone.now())
    with pytest.raises(ScopeShrunk):
        attempt(job)
    assert "may no longer see" in reason_of(job)
    assert left_in(bundles_folder) == []


def test_what_the_asker_may_not_see_is_not_in_it(store, alice, bundles_folder):
    hold(store)
    hold(store, "2003")
    grant(alice, patient="2003")
    bundle = made(scope_for(alice, means="page"), "patient=200*")
    assert bundle.patients == ["2003"]
    with opened(bundle) as archive:
        assert not [name for name in archive.namelist() if "2002" in name]
        assert b"2002" not in archive.read("s3_download/manifest.csv").replace(b"2002-", b"")


class StalledFolder(FolderObjects):
    """Gives the first pieces of a chunk and then is silent."""

    entered = threading.Event()
    release = threading.Event()

    def stream(self, bucket, key, **options):
        pieces = super().stream(bucket, key, **(options | {"chunk_bytes": 4096}))
        yield next(pieces)
        if key.endswith(".chn"):
            self.entered.set()
            self.release.wait(60)
        yield from pieces


def test_a_cancel_ends_the_work_within_two_seconds_though_the_store_is_silent(
    store, scope, bundles_folder, tmp_path, monkeypatch
):
    hold(store)
    monkeypatch.setattr(work, "open_objects", lambda _url: StalledFolder(tmp_path / "objects"))
    job = asked(scope)
    ended = {}

    def one_attempt():
        try:
            attempt(job, timing=type(QUICK)(write_s=1.0))
        except JobCancelled as error:
            ended["with"] = error

    worker = threading.Thread(target=one_attempt)
    worker.start()
    try:
        assert StalledFolder.entered.wait(20)
        cancelled_at = time.monotonic()
        cancel(job.pk, by=scope)
        while Job.objects.get(pk=job.pk).state != "cancelled" and time.monotonic() < cancelled_at + 30:
            time.sleep(0.02)
        took = time.monotonic() - cancelled_at
        worker.join(5)
    finally:
        StalledFolder.release.set()
    assert took < 5  # two seconds are promised, and this machine may be busy
    assert ended
    assert left_in(bundles_folder) == []


def test_who_lost_the_lease_writes_nothing_and_leaves_the_other_attempt_alone(store, scope, bundles_folder):
    hold(store)
    job = asked(scope)
    slow = claim(job.pk, timing=GONE)
    work.kept_bundle(slow, scope=slow.scope(means="page"), store=store)
    attempt(job)
    before = left_in(bundles_folder)
    with pytest.raises(LeaseLost), slow.kept():
        work.run(slow)
    assert left_in(bundles_folder) == before
    row = Bundle.objects.get(pk=job.pk)
    assert row.zip_name == place.zip_name(job.pk, attempt=2)
    assert zip_of(row)


@pytest.fixture
def small_disk(bundles_folder):
    """The place of the bundles on a disk of a megabyte."""
    bundles_folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(bundles_folder)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("this machine mounts no tmpfs for us")
    yield bundles_folder
    subprocess.run(["umount", str(bundles_folder)], check=True)


def test_a_disk_that_runs_full_fails_with_the_reason_and_leaves_nothing(store, scope, small_disk, monkeypatch):
    hold(store, hours=8)
    job = asked(scope)
    with pytest.raises(NoRoom, match="MB free"):
        attempt(job)
    # Somebody else's files fill it after the room was looked at.
    monkeypatch.setattr(place, "free_bytes", lambda: 10**9)
    job = asked(scope)
    with pytest.raises(NoRoom, match="ran full"):
        attempt(job)
    assert "ran full" in reason_of(job)
    assert left_in(small_disk) == []


def test_room_that_others_have_reserved_is_not_taken(store, scope, monkeypatch):
    hold(store)
    size_bytes = made(scope).size_bytes
    free = size_bytes + 100_000
    monkeypatch.setattr(place, "free_bytes", lambda: free)
    other = asked(scope, "patient=2003")
    Bundle.objects.filter(job=other).update(reserved_bytes=free - 10)
    job = asked(scope)
    with pytest.raises(NoRoom, match="are for other bundles under way"):
        attempt(job)
    Bundle.objects.filter(job=other).update(reserved_bytes=10)
    attempt(asked(scope))


def test_a_manifest_changed_behind_our_back_is_refused(store, scope, bundles_folder):
    hold(store)
    job = asked(scope)
    lease = claim(job.pk, timing=GONE)
    kept = work.kept_bundle(lease, scope=lease.scope(means="page"), store=store)
    manifest = bundles_folder / kept.manifest_name
    manifest.write_bytes(manifest.read_bytes().replace(b"LTG1", b"LTG9"))
    with pytest.raises(NotKept, match="changed since"):
        attempt(job)


def test_no_source_writes_to_a_storage_by_opening_it():
    sources = [*Path("downloads").rglob("*.py"), *Path("portal").rglob("*.py"), *Path("jobs").rglob("*.py")]
    wrong = [
        str(path)
        for path in sources
        for line in path.read_text(encoding="utf-8").splitlines()
        if "storage" in line and ".open(" in line and ('"w' in line or "'w" in line or "mode=" in line)
    ]
    assert not wrong
