"""Fetching a bundle: the bytes and their headers, who may, and what the audit keeps of it."""

import hashlib
from datetime import timedelta
from urllib.parse import unquote

import pytest
from django.contrib.auth.models import Group
from django.core.files.storage import storages
from django.urls import reverse
from django.utils import timezone

from downloads.bundles import body, gate
from downloads.bundles.errors import NotKept
from downloads.models import Bundle
from people.models import AuditEntry, Grant
from people.scope import scope_for, server_scope
from people.tokens import make_token
from tests.downloads.bundled import asked, attempt, left_in, made, zip_of
from tests.downloads.held import hold
from tests.people.makers import grant, make_user

pytestmark = pytest.mark.database(transaction=True)


@pytest.fixture
def bundle(store, alice, bundles_folder):
    hold(store)
    grant(alice, patient="2002")
    return made(scope_for(alice, means="page"))


@pytest.fixture
def fetch(as_alice, bundle):
    def fetched(**headers):
        return as_alice.get(url(bundle), headers=headers)

    return fetched


def url(bundle) -> str:
    return reverse("bundle-file", args=[bundle.pk])


def content(answer) -> bytes:
    found = b"".join(answer.streaming_content)
    answer.close()
    return found


def acts():
    return list(AuditEntry.objects.filter(act="fetch").order_by("pk"))


def test_the_whole_file_comes_with_all_that_is_known_of_it(fetch, bundle):
    answer = fetch()
    found = content(answer)
    assert answer.status_code == 200
    assert hashlib.sha256(found).hexdigest() == bundle.sha256
    assert answer["Content-Length"] == str(len(found))
    assert answer["ETag"] == f'"{bundle.sha256}"'
    assert answer["Accept-Ranges"] == "bytes"
    assert answer["Content-Type"] == "application/zip"
    assert answer["Content-Disposition"] == f'attachment; filename="ecog-bundle-{bundle.pk}.zip"'
    assert answer["Last-Modified"].endswith("GMT")
    assert set(answer["Cache-Control"].split(", ")) == {"private", "no-store"}


def test_a_head_says_the_same_and_is_no_fetch(as_alice, bundle):
    answer = as_alice.head(url(bundle))
    assert (answer.status_code, answer["Content-Length"], answer.content) == (200, str(bundle.size_bytes), b"")
    assert answer["ETag"] == bundle.etag
    assert not acts()


def test_what_was_interrupted_is_resumed_to_the_same_file(fetch, bundle):
    first = content(fetch(range="bytes=0-99999"))
    rest = fetch(range="bytes=100000-", **{"if-range": bundle.etag})
    assert (rest.status_code, len(first)) == (206, 100_000)
    assert rest["Content-Range"] == f"bytes 100000-{bundle.size_bytes - 1}/{bundle.size_bytes}"
    assert hashlib.sha256(first + content(rest)).hexdigest() == bundle.sha256


def test_another_files_part_is_not_continued(fetch, bundle):
    answer = fetch(range="bytes=100000-", **{"if-range": '"other"'})
    assert answer.status_code == 200
    assert len(content(answer)) == bundle.size_bytes


def test_a_range_outside_is_416(fetch, bundle):
    answer = fetch(range=f"bytes={bundle.size_bytes}-")
    assert (answer.status_code, answer["Content-Range"]) == (416, f"bytes */{bundle.size_bytes}")
    assert not acts()


def test_several_ranges_give_the_whole(fetch, bundle):
    answer = fetch(range="bytes=0-1,5-6")
    assert (answer.status_code, len(content(answer))) == (200, bundle.size_bytes)


def test_what_the_client_has_is_not_sent_again(fetch, bundle):
    unneeded = fetch(**{"if-none-match": bundle.etag})
    assert (unneeded.status_code, unneeded["ETag"]) == (304, bundle.etag)
    assert not acts()
    answer = fetch(**{"if-none-match": '"other"'})
    assert answer.status_code == 200
    content(answer)


def test_the_audit_has_the_patients_and_the_bytes_of_the_range(fetch, bundle):
    content(fetch(range="bytes=10-29"))
    (entry,) = acts()
    assert (entry.outcome, entry.bytes, entry.question, entry.by_name) == ("done", 20, "patient=2002", "alice")
    assert [row.patient for row in entry.patients.all()] == ["2002"]


def test_who_hangs_up_is_counted_by_what_was_taken(fetch, bundle, monkeypatch):
    monkeypatch.setattr(body, "PIECE_BYTES", 1000)
    answer = fetch()
    pieces = iter(answer.streaming_content)
    for _ in range(3):
        next(pieces)
    answer.close()
    (entry,) = acts()
    assert (entry.outcome, entry.bytes) == ("cancelled", 2000)
    assert gate.GATE.inside == 0


def test_who_hangs_up_before_the_first_byte_holds_nothing(fetch):
    answer = fetch()
    assert gate.GATE.inside == 1
    answer.close()
    assert gate.GATE.inside == 0
    (entry,) = acts()
    assert (entry.outcome, entry.bytes) == ("cancelled", 0)


def test_the_third_at_once_is_asked_to_wait(fetch, bundle):
    held = [fetch(), fetch()]
    answer = fetch()
    assert (answer.status_code, answer["Retry-After"], answer["Refresh"]) == (503, "10", "10")
    assert "asks again every 10 seconds" in answer.content.decode()
    assert len(acts()) == 2
    for each in held:
        each.close()
    again = fetch()
    assert again.status_code == 200
    again.close()


def test_a_file_that_is_gone_is_told_and_holds_nothing(fetch, bundle):
    storages["bundles"].delete(bundle.zip_name)
    answer = fetch()
    assert answer.status_code == 503
    assert gate.GATE.inside == 0
    assert acts()[0].outcome == "failed"


def test_a_file_that_was_cut_is_told_before_its_first_byte_and_holds_nothing(fetch, bundle, bundles_folder):
    with (bundles_folder / bundle.zip_name).open("rb+") as file:
        file.truncate(1000)
    answer = fetch(range="bytes=2000-2009")
    assert (answer.status_code, "not as long as it was" in answer.content.decode()) == (503, True)
    assert gate.GATE.inside == 0
    assert acts()[0].outcome == "failed"


def test_a_file_that_ends_early_is_no_whole_fetch(fetch, bundle, bundles_folder):
    answer = fetch()
    with (bundles_folder / bundle.zip_name).open("rb+") as file:
        file.truncate(1000)
    with pytest.raises(NotKept, match="shorter"):
        b"".join(answer.streaming_content)
    answer.close()
    (entry,) = acts()
    assert (entry.outcome, entry.bytes, entry.reason) == (
        "failed",
        1000,
        "NotKept: it is shorter than it was when it was made",
    )
    assert gate.GATE.inside == 0


def test_somebody_elses_bundle_is_as_one_that_does_not_exist(client, bundle):
    bob = make_user("bob")
    bob.groups.add(Group.objects.get(name="researcher"))
    grant(bob, patient="2002")
    client.force_login(bob)
    assert client.get(url(bundle)).status_code == 404
    assert client.get(reverse("bundle-file", args=[10**6])).status_code == 404
    assert not acts()


def test_staff_may_fetch_it_too(client, bundle):
    dan = make_user("dan", is_staff=True)
    dan.groups.add(Group.objects.get(name="data manager"))
    client.force_login(dan)
    assert len(content(client.get(url(bundle)))) == bundle.size_bytes
    assert acts()[0].by_name == "dan"


def test_who_may_not_download_is_refused(as_alice, alice, bundle):
    alice.groups.clear()
    assert as_alice.get(url(bundle)).status_code == 403


def test_who_is_not_logged_in_goes_to_the_login(client, bundle):
    answer = client.get(url(bundle))
    assert (answer.status_code, unquote(answer.url)) == (302, f"{reverse('login')}?next={url(bundle)}")


def test_scope_lost_since_it_was_made_refuses_and_removes_it(fetch, bundle, alice, bundles_folder):
    Grant.objects.filter(user=alice).update(revoked_at=timezone.now())
    answer = fetch()
    assert answer.status_code == 403
    assert "may no longer be seen by you" in answer.content.decode()
    assert left_in(bundles_folder) == []
    (entry,) = acts()
    assert (entry.outcome, entry.bytes) == ("refused", 0)
    row = Bundle.objects.get(pk=bundle.pk)
    assert row.removed_at is not None
    assert "may be seen" in row.removed_why
    Grant.objects.filter(user=alice).update(revoked_at=None)
    assert fetch().status_code == 410


def test_the_page_of_its_job_tells_no_more_of_it_once_a_patient_is_out_of_sight(as_alice, alice, bundle):
    pages = [reverse(name, args=[bundle.pk]) for name in ("job", "job-progress")]
    for page in pages:
        said = as_alice.get(page).content.decode()
        assert bundle.sha256 in said
        assert "<dd>2002</dd>" in said
    Grant.objects.update(revoked_at=timezone.now())
    for page in pages:
        said = as_alice.get(page).content.decode()
        assert "You may no longer see all of its patients" in said
        for each in (bundle.sha256, url(bundle), "<dd>2002</dd>"):
            assert each not in said, each


def test_an_expired_bundle_is_gone_though_nobody_has_tidied(fetch, bundle):
    Bundle.objects.filter(pk=bundle.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    answer = fetch()
    assert answer.status_code == 410
    assert "Make it again" in answer.content.decode()


def test_one_under_way_has_no_file_yet(as_alice, alice, store, bundles_folder):
    hold(store)
    grant(alice, patient="2002")
    job = asked(scope_for(alice, means="page"))
    assert as_alice.get(reverse("bundle-file", args=[job.pk])).status_code == 404
    attempt(job)
    assert as_alice.head(reverse("bundle-file", args=[job.pk])).status_code == 200


def test_a_token_fetches_as_its_owner(client, bundle, alice):
    token = make_token(alice, name="laptop", by=server_scope(means="test"))
    answer = client.get(url(bundle), headers={"authorization": f"Bearer {token.text}"})
    assert content(answer) == zip_of(bundle)
    assert acts()[0].by_name == "alice"
    assert acts()[0].means == "api"
    refused = client.get(url(bundle), headers={"authorization": "Bearer nonsense"})
    assert (refused.status_code, refused["WWW-Authenticate"]) == (401, "Bearer")


def test_behind_nginx_the_file_is_handed_over(fetch, bundle, settings):
    settings.ACCEL_PREFIX = "/bundles-internal/"
    answer = fetch(range="bytes=10-")
    assert answer["X-Accel-Redirect"] == f"/bundles-internal/{bundle.zip_name}"
    assert (answer["Content-Type"], answer.content) == ("application/zip", b"")
    assert acts()[0].bytes == bundle.size_bytes - 10
