"""Bundles in a bucket of a real S3 server: pulled in parts, all or nothing, fetched by a link signed at the click."""

import hashlib
import logging
import os
import socket
import time
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit
from urllib.request import Request, urlopen

import boto3
import pytest
from django.core.files.storage import storages
from django.db import connections
from django.urls import reverse

from downloads.bundles import place, work
from downloads.bundles.errors import FileFailed, NotKept
from downloads.bundles.pulled import PulledFile
from downloads.bundles.tidying import tidy
from downloads.models import Bundle
from jobs.asking import cancel
from jobs.errors import JobCancelled
from jobs.lease import claim
from jobs.models import Job
from people.models import AuditEntry
from people.scope import scope_for
from portal.bundles_storage import bundles_storage
from tests.downloads.bundled import asked, attempt, made, opened, zip_of
from tests.downloads.held import hold
from tests.jobs.makers import GONE, wait_until
from tests.people.makers import grant
from tests.servers import moto_server
from tests.shared_database import at_once

pytestmark = pytest.mark.database(transaction=True)
BUCKET = "bundles-of-tests"
PART = 8 * 1024 * 1024


@pytest.fixture(scope="module")
def s3_url() -> Iterator[str]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with moto_server() as url:
        yield url


@pytest.fixture
def bucket(s3_url, settings, tmp_path, monkeypatch):
    """An empty bucket, which the portal has for its bundles."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIATESTTESTTESTTEST")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-a-secret-for-tests")
    found = boto3.resource("s3", endpoint_url=s3_url, region_name="us-east-1").Bucket(BUCKET)
    found.create()
    found.objects.all().delete()
    own = bundles_storage(f"s3://{BUCKET}/made?region=us-east-1&endpoint={s3_url}")
    settings.STORAGES = settings.STORAGES | {"bundles": own}
    settings.OBJECTS_URL = (tmp_path / "objects").as_uri()
    return found


@pytest.fixture
def scope(alice, store, bucket):
    hold(store)
    grant(alice, patient="2002")
    return scope_for(alice, means="page")


def keys(bucket) -> list[str]:
    return sorted(each.key for each in bucket.objects.all())


def uploads(bucket) -> list[str]:
    return [each.object_key for each in bucket.multipart_uploads.all()]


def test_the_bundle_lies_in_the_bucket(scope, bucket):
    bundle = made(scope)
    assert keys(bucket) == [f"made/{bundle.zip_name}", f"made/{bundle.manifest_name}"]
    assert hashlib.sha256(zip_of(bundle)).hexdigest() == bundle.sha256
    with opened(bundle) as archive:
        assert len(archive.namelist()) == 6


def test_a_click_gives_a_link_that_fetches_and_resumes(scope, bucket, as_alice):
    bundle = made(scope)
    answer = as_alice.get(reverse("bundle-file", args=[bundle.pk]))
    assert answer.status_code == 302
    asked_for = parse_qs(urlsplit(answer["Location"]).query)
    assert asked_for["response-content-disposition"] == [f'attachment; filename="ecog-bundle-{bundle.pk}.zip"']
    assert asked_for["X-Amz-Expires"] == ["600"]
    with urlopen(answer["Location"]) as whole:  # noqa: S310 (our own)
        assert hashlib.sha256(whole.read()).hexdigest() == bundle.sha256
        assert whole.headers["Content-Disposition"] == f'attachment; filename="ecog-bundle-{bundle.pk}.zip"'
    with urlopen(Request(answer["Location"], headers={"Range": "bytes=100-109"})) as part:  # noqa: S310 (our own)
        assert (part.status, part.read()) == (206, zip_of(bundle)[100:110])
    ranged = as_alice.get(reverse("bundle-file", args=[bundle.pk]), headers={"range": "bytes=100-109"})
    assert ranged.status_code == 302
    counted = AuditEntry.objects.filter(act="fetch").order_by("pk").values_list("bytes", flat=True)
    assert list(counted) == [bundle.size_bytes, 10]
    assert as_alice.head(reverse("bundle-file", args=[bundle.pk]))["Content-Length"] == str(bundle.size_bytes)


def test_a_signed_link_stands_in_no_row_and_no_log(scope, bucket, as_alice, caplog):
    caplog.set_level(logging.DEBUG)
    bundle = made(scope)
    links = [as_alice.get(reverse("bundle-file", args=[bundle.pk]))["Location"] for _ in range(2)]
    signatures = {parse_qs(urlsplit(link).query)["X-Amz-Signature"][0] for link in links}
    with connections["default"].cursor() as cursor:
        tables = connections["default"].introspection.table_names(cursor)
        rows = ""
        for table in tables:
            cursor.execute(f"SELECT * FROM {connections['default'].ops.quote_name(table)}")  # noqa: S608 (our own)
            rows += repr(cursor.fetchall())
    assert bundle.sha256 in rows
    assert logging.getLogger("botocore.auth").getEffectiveLevel() == logging.WARNING  # it says every signature below
    for secret in (*signatures, "X-Amz-Signature", "Signature="):
        assert secret not in rows
        assert secret not in caplog.text


def test_a_damaged_chunk_leaves_no_object_and_no_upload(scope, bucket, store, monkeypatch):
    key = "day3_140500/LTG2_chunk-1.chn"
    store.put("edf-chunks-2002", key, store.get("edf-chunks-2002", key) + b"x")
    job = asked(scope)
    with pytest.raises(FileFailed):
        attempt(job)
    assert keys(bucket) == uploads(bucket) == []


def pieces_then(size_bytes: int, *, error: Exception | None = None):
    for _ in range(size_bytes >> 20):
        yield bytes(1 << 20)
    if error:
        raise error


def test_an_error_in_the_middle_of_a_large_upload_leaves_nothing(bucket, db):
    file = PulledFile(pieces_then(3 * PART, error=LookupError("x")), name="7/1.zip", size_bytes=4 * PART)
    with pytest.raises(LookupError):
        place.save("7/1.zip", file, size_bytes=4 * PART)
    assert keys(bucket) == uploads(bucket) == []


def test_a_large_file_is_uploaded_in_parts(bucket, db):
    size_bytes = 3 * PART
    file = PulledFile(pieces_then(size_bytes), name="7/1.zip", size_bytes=size_bytes)
    place.save("7/1.zip", file, size_bytes=size_bytes)
    kept = bucket.Object("made/7/1.zip")
    assert kept.content_length == size_bytes
    assert kept.e_tag.strip('"').endswith("-3")


@pytest.mark.parametrize(
    ("size_bytes", "part_bytes"), [(10**9, PART), (200 * 10**9, 22_222_223), (5 * 10**12, 555_555_556)]
)
def test_parts_are_as_large_as_the_file_needs(bucket, size_bytes, part_bytes):
    transfer = place._storage_for(size_bytes).transfer_config
    assert transfer.multipart_chunksize == part_bytes
    assert -(-size_bytes // part_bytes) <= 10_000


def test_what_expires_is_removed_from_the_bucket(scope, bucket):
    bundle = made(scope)
    Bundle.objects.filter(pk=bundle.pk).update(expires_at=bundle.finished_at)
    bucket.put_object(Key="made/999/1.zip", Body=b"x")
    bucket.put_object(Key="made/readme.txt", Body=b"x")
    assert tidy() == "1 bundles expired, 1 files of no job removed"
    assert keys(bucket) == ["made/readme.txt"]


def test_an_upload_of_a_killed_worker_is_ended_and_that_of_a_living_one_is_not(scope, bucket):
    dead, living = asked(scope), asked(scope, "patient=2002&channel=LTG1")
    claim(living.pk)
    for job in (dead, living):
        bucket.Object(f"made/{job.pk}/1.zip").initiate_multipart_upload()
    tidy()
    assert uploads(bucket) == [f"made/{living.pk}/1.zip"]


def test_a_bucket_that_is_not_there_fails_the_job_in_words(scope, bucket, settings):
    settings.STORAGES["bundles"]["OPTIONS"]["bucket_name"] = "no-such-bucket"
    settings.STORAGES = dict(settings.STORAGES)
    storages["bundles"]
    job = asked(scope)
    with pytest.raises(NotKept):
        attempt(job)
    assert Job.objects.get(pk=job.pk).reason.startswith("The place of the bundles (ECOG_BUNDLES_URL) refused")


@pytest.fixture
def silent_s3() -> Iterator[str]:
    """Takes connections, and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        yield f"http://127.0.0.1:{silent.getsockname()[1]}"


@pytest.mark.parametrize("keeps_the_manifest", [True, False])
def test_a_cancel_ends_the_work_soon_though_the_bucket_is_silent(
    scope, bucket, store, settings, silent_s3, monkeypatch, keeps_the_manifest
):
    job = asked(scope)
    if not keeps_the_manifest:
        # Else its upload is the first to stall; here it is there, and is read from the bucket while that still speaks.
        first = claim(job.pk, timing=GONE)
        work.kept_bundle(first, scope=first.scope(means="page"), store=store)
    falls_silent = bundles_storage(f"s3://{BUCKET}/made?region=us-east-1&endpoint={silent_s3}")
    begun, made_there = [], place.save

    def save(name, content, **options):
        settings.STORAGES = settings.STORAGES | {"bundles": falls_silent}
        begun.append(name)
        made_there(name, content, **options)

    monkeypatch.setattr(place, "save", save)

    def worker(number):
        if number:
            wait_until(lambda: begun)
            cancel(job.pk, by=scope)
            return time.monotonic()
        with pytest.raises(JobCancelled):
            attempt(job)
        return time.monotonic()

    ended_at, cancelled_at = at_once(worker, threads=2)
    assert ended_at - cancelled_at < 5  # alone it takes half a second; the network's own time-outs are minutes
    assert Job.objects.get(pk=job.pk).state == "cancelled"
