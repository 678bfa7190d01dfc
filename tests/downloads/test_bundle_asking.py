"""Asking for a bundle by the page: one job for one question, and what is refused at once."""

import re
import shlex

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse

from downloads import views
from downloads.bundles import asking, place
from downloads.bundles.errors import NoRoom
from downloads.models import Bundle
from jobs.models import Job
from people.models import AuditEntry, Grant
from people.scope import scope_for
from selections.resolve import resolve
from selections.words import parse_url
from tests.downloads.held import hold
from tests.people.makers import grant, make_user
from tests.shared_database import at_once

pytestmark = pytest.mark.database(transaction=True)


@pytest.fixture
def sent(monkeypatch):
    numbers = []
    monkeypatch.setattr(views.broker, "send", numbers.append)
    return numbers


@pytest.fixture
def ask(as_alice, bundles_folder, sent):
    return lambda question="patient=2002": as_alice.post(reverse("bundle-new"), {"question": question})


def text(answer) -> str:
    return answer.content.decode()


def plain(page: str) -> str:
    return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", page)


def test_the_job_is_sent_reserved_and_in_the_audit(ask, alice, store, sent):
    hold(store)
    grant(alice, patient="2002")
    answer = ask()
    job = Job.objects.get()
    assert (answer.status_code, answer.url) == (302, reverse("job", args=[job.pk]))
    assert sent == [job.pk]
    assert (job.kind, job.asker, job.question) == ("bundle", alice, "patient=2002")
    assert Bundle.objects.get().reserved_bytes > job.bytes_total > 0
    entry = AuditEntry.objects.get(act="make bundle")
    assert (entry.outcome, entry.bytes, entry.means, entry.origin) == ("done", job.bytes_total, "page", "127.0.0.1")
    assert [row.patient for row in entry.patients.all()] == ["2002"]


def test_the_same_question_twice_is_one_job(ask, alice, store, sent):
    hold(store)
    grant(alice, patient="2002")
    first, second = ask("patient=2002&channel=LTG1&channel=LTG2"), ask("channel=LTG2,LTG1&patient=2002")
    assert first.url == second.url
    assert len(sent) == 1


def test_another_user_gets_a_job_of_her_own(ask, alice, store, client, bundles_folder):
    hold(store)
    grant(alice, patient="2002")
    first = ask()
    bob = make_user("bob")
    bob.groups.add(Group.objects.get(name="researcher"))
    grant(bob, patient="2002")
    client.force_login(bob)
    second = client.post(reverse("bundle-new"), {"question": "patient=2002"})
    assert first.url != second.url
    assert client.get(first.url).status_code == 404
    assert client.get(second.url).status_code == 200


def test_a_patient_outside_the_scope_is_as_one_that_does_not_exist(ask, store, sent):
    hold(store)
    seen, unseen = ask("patient=9999"), ask("patient=2002")
    assert seen.status_code == unseen.status_code == 422
    assert plain(text(seen)).replace("9999", "2002") == plain(text(unseen))
    assert not Job.objects.exists()
    assert not sent
    assert {entry.outcome for entry in AuditEntry.objects.all()} == {"refused"}
    assert not any(entry.patients.exists() for entry in AuditEntry.objects.all())


def test_a_question_that_cannot_be_read_is_told_so(ask):
    answer = ask("patient=20/02")
    assert answer.status_code == 422
    assert "is no patient ID" in text(answer)


def test_one_that_is_too_large_is_refused_with_the_commands_that_do_it(ask, alice, store, settings):
    hold(store)
    grant(alice, patient="2002")
    settings.BUNDLE_MAX_BYTES = 1000
    answer = ask("patient=2002&channel=LTG*")
    assert answer.status_code == 413
    assert "makes bundles of up to 1.0 kB" in text(answer)
    assert "ecog download --to data --patient 2002 --channel &#x27;ltg*&#x27;" in text(answer)
    assert "python manage.py download --to data --patient 2002 --channel &#x27;ltg*&#x27;" in text(answer)
    assert not Job.objects.exists()


def test_the_commands_are_whole_for_a_shell():
    commands = asking.commands_for(parse_url("patient=2002&channel=%22EMG, L%22&when=day 3 14:05..day 4 02:00"))
    assert [shlex.split(command)[-6:] for command in commands] == [
        ["--patient", "2002", "--when", "day 3 14:05..day 4 02:00", "--channel", '"EMG, L"']
    ] * 2


def test_without_room_it_is_refused_before_there_is_a_job(ask, alice, store, monkeypatch):
    hold(store)
    grant(alice, patient="2002")
    monkeypatch.setattr(place, "free_bytes", lambda: 10_000)
    answer = ask()
    assert answer.status_code == 507
    assert "has 10.0 kB free" in text(answer)
    assert not Job.objects.exists()


def test_who_asks_again_under_way_needs_no_second_room(ask, alice, store, monkeypatch):
    hold(store)
    grant(alice, patient="2002")
    first = ask()
    monkeypatch.setattr(place, "free_bytes", lambda: Bundle.objects.get().reserved_bytes)
    assert ask().url == first.url
    assert ask("patient=2002&channel=LTG1").status_code == 507


def test_of_two_that_ask_at_once_for_the_last_room_not_both_get_it(alice, store, bundles_folder, monkeypatch):
    hold(store)
    grant(alice, patient="2002")
    scope = scope_for(alice, means="page")
    questions = ["patient=2002&channel=LTG1", "patient=2002&channel=LTG2"]
    needed = asking.wanted(resolve(parse_url(questions[0]), scope=scope)).zip_bytes
    monkeypatch.setattr(place, "free_bytes", lambda: needed + needed // 2)
    sent = []

    def one(number):
        resolved = resolve(parse_url(questions[number]), scope=scope)
        try:
            return asking.ask(resolved, found=asking.wanted(resolved), send=sent.append)
        except NoRoom:
            return None

    jobs = at_once(one, threads=2)
    assert jobs.count(None) >= 1
    assert len(sent) <= 1
    assert set(Job.objects.exclude(pk__in=sent).values_list("state", flat=True)) <= {"failed"}


def test_who_may_not_download_is_refused(client, store, db, bundles_folder):
    hold(store)
    carol = make_user("carol")
    Grant.objects.create(user=carol, valid_from="2020-01-01", reason="all")
    client.force_login(carol)
    assert client.post(reverse("bundle-new"), {"question": "patient=2002"}).status_code == 403
    assert not Job.objects.exists()


def test_who_is_not_logged_in_is_sent_to_the_login(client, db):
    answer = client.post(reverse("bundle-new"), {"question": "patient=2002"})
    assert (answer.status_code, answer.url.partition("?")[0]) == (302, reverse("login"))


def test_it_is_asked_by_a_form_with_its_token_alone(as_alice, alice, store, bundles_folder):
    assert as_alice.get(reverse("bundle-new")).status_code == 405
    as_alice.handler.enforce_csrf_checks = True
    assert as_alice.post(reverse("bundle-new"), {"question": "patient=2002"}).status_code == 403
