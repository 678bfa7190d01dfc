"""Bundles for tests: held recordings asked for, made in this process, and looked into."""

import io
import zipfile
import zlib
from contextlib import contextmanager
from pathlib import Path

from django.core.files.storage import storages

from downloads.bundles.work import run
from downloads.models import Bundle
from jobs.asking import enqueue
from jobs.lease import Timing, claim
from jobs.models import Job
from people.scope import Scope
from tests.jobs.makers import QUICK

QUESTION = "patient=2002"


def asked(scope: Scope, question: str = QUESTION) -> Job:
    """A job that waits, as asking makes it; no message is sent."""
    job = enqueue("bundle", question=question, scope=scope, send=lambda _job_id: None)
    Bundle.objects.get_or_create(job=job)
    return job


def attempt(job: Job, *, timing: Timing = QUICK) -> None:
    """One attempt, as a worker makes it. Raises what ends it."""
    lease = claim(job.pk, timing=timing)
    assert lease is not None
    with lease.kept():
        run(lease)


def made(scope: Scope, question: str = QUESTION) -> Bundle:
    job = asked(scope, question)
    attempt(job)
    return Bundle.objects.select_related("job").get(pk=job.pk)


def zip_of(bundle: Bundle) -> bytes:
    with storages["bundles"].open(bundle.zip_name, "rb") as file:
        return file.read()


@contextmanager
def opened(bundle: Bundle):
    with zipfile.ZipFile(io.BytesIO(zip_of(bundle))) as archive:
        assert archive.testzip() is None
        yield archive


def crcs(archive: zipfile.ZipFile) -> dict[str, int]:
    return {name: zlib.crc32(archive.read(name)) for name in archive.namelist()}


def left_in(folder: Path) -> list[str]:
    """All that lies in the place of the bundles."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))
