"""What is tidied: expired bundles and leftovers, and nothing else."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.utils import timezone

from downloads.bundles import place, work
from downloads.bundles.tidying import tidy
from downloads.models import Bundle
from jobs.chores import chores
from jobs.kinds import kind_of
from jobs.lease import claim
from jobs.models import Job
from people.scope import server_scope
from tests.downloads.bundled import asked, attempt, left_in, made
from tests.downloads.held import hold
from tests.jobs.makers import GONE

pytestmark = pytest.mark.database(transaction=True)


@pytest.fixture
def scope(db, bundles_folder, store):
    hold(store)
    return server_scope(means="page")


def put(name: str) -> None:
    storages["bundles"].save(name, ContentFile(b"x"))


def test_it_is_registered():
    assert "bundles" in [chore.name for chore in chores()]
    assert kind_of("bundle").run is work.run


def test_without_anything_there_is_nothing_to_do(db, bundles_folder):
    assert tidy() == ""
    assert not bundles_folder.exists()


def test_a_bundle_expires_and_is_gone_with_its_manifest(scope, bundles_folder):
    old, young = made(scope), made(scope, "patient=2002&channel=LTG1")
    Bundle.objects.filter(pk=old.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert tidy() == "1 bundles expired, 0 files of no job removed"
    assert left_in(bundles_folder) == [str(young.pk), young.zip_name, young.manifest_name]
    row = Bundle.objects.get(pk=old.pk)
    assert (row.removed_at is not None, row.removed_why) == (True, "It was kept for 7 days.")
    assert tidy() == ""


def test_files_of_dead_attempts_and_unknown_jobs_are_removed(store, scope, bundles_folder):
    job = asked(scope)
    dead = claim(job.pk, timing=GONE)
    bundle = work.kept_bundle(dead, scope=dead.scope(means="page"), store=store)
    put(place.zip_name(job.pk, attempt=1))
    living = claim(job.pk)
    put(place.zip_name(job.pk, attempt=2))
    put(place.zip_name(10**6, attempt=1))
    tidy()
    assert left_in(bundles_folder) == [str(job.pk), place.zip_name(job.pk, attempt=2), bundle.manifest_name]
    living.fail("broken")
    tidy()
    assert left_in(bundles_folder) == []


def test_a_folder_that_goes_away_meanwhile_is_nobodys_fault(db, bundles_folder):
    for name in ("1/1.zip", "2/1.zip", "3/1.zip"):
        put(name)
    found = place.names()
    assert next(found) == "1/1.zip"
    assert place.discard("2/1.zip")
    assert list(found) == ["3/1.zip"]


def test_files_that_are_not_bundles_are_left_alone(scope, bundles_folder):
    put("notes/readme.txt")
    put("7/other.txt")
    tidy()
    assert left_in(bundles_folder) == ["7", "7/other.txt", "notes", "notes/readme.txt"]


def test_an_attempt_at_work_is_left_alone(scope, bundles_folder, monkeypatch):
    job = asked(scope)
    zipped = work.zipped

    def tidied_in_the_middle(members):
        for number, piece in enumerate(zipped(members)):
            if number == 0:
                tidy()
            yield piece

    monkeypatch.setattr(work, "zipped", tidied_in_the_middle)
    attempt(job)
    assert Job.objects.get(pk=job.pk).state == "done"


def test_what_cannot_be_removed_now_is_removed_the_next_time(scope, bundles_folder, monkeypatch):
    bundle = made(scope)
    Bundle.objects.filter(pk=bundle.pk).update(expires_at=timezone.now() - timedelta(seconds=1))

    def refused(_self, _name):
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as broken:
        broken.setattr("django.core.files.storage.filesystem.FileSystemStorage.delete", refused)
        tidy()
        assert bundle.zip_name in left_in(bundles_folder)
        assert Bundle.objects.get(pk=bundle.pk).removed_at is not None
    tidy()
    assert left_in(bundles_folder) == []


def test_a_cancelled_bundle_leaves_nothing(store, scope, bundles_folder):
    job = asked(scope)
    dead = claim(job.pk, timing=GONE)
    work.kept_bundle(dead, scope=dead.scope(means="page"), store=store)
    Job.objects.filter(pk=job.pk).update(state="cancelled")
    tidy()
    assert left_in(bundles_folder) == []
    assert Path(bundles_folder).is_dir()
