"""The pages of jobs: one's own, how far they are, and the button that ends them."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from jobs.models import Job
from tests.jobs.makers import ago, make_job
from tests.people.makers import make_user

pytestmark = pytest.mark.database


@pytest.fixture
def alice(db):
    return make_user("alice")


@pytest.fixture
def page(client, alice):
    client.force_login(alice)

    def get(name, *args, **query):
        answer = client.get(reverse(name, args=args), query)
        return answer.status_code, answer.content.decode()

    return get


def job_of(user, **columns):
    return make_job(**({"asker": user, "asker_name": user.username, "question": "patient=2002"} | columns))


def running(user, **columns):
    now = timezone.now()
    at_work = {"state": "running", "attempt": 1, "started_at": ago(10), "lease_until": now + timedelta(seconds=30)}
    return job_of(user, **(at_work | {"bytes_done": 25_000_000, "bytes_total": 100_000_000} | columns))


def words(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def test_the_list_holds_ones_own_jobs_the_newest_first(page, alice):
    mine = [job_of(alice).pk for _ in range(2)]
    others = job_of(make_user("bob"), question="patient=3003")
    status, found = page("jobs")
    assert status == 200
    assert re.findall(r">Bundle (\d+)<", found) == [str(pk) for pk in reversed(mine)]
    assert "3003" not in found
    assert f"jobs/{others.pk}/" not in found


def test_only_staff_sees_everybodys(page, client, alice):
    job_of(make_user("bob"), question="patient=3003")
    assert "3003" not in page("jobs", all=1)[1]
    client.force_login(make_user("ada", is_staff=True))
    assert "3003" not in page("jobs")[1]
    found = page("jobs", all=1)[1]
    assert "3003" in found
    assert "bob" in found


def test_the_list_is_paged_by_key(page, alice):
    numbers = [job_of(alice).pk for _ in range(60)]
    first = page("jobs")[1]
    older = re.search(r"before=(\d+)", first)
    second = page("jobs", before=older[1])[1]
    listed = [re.findall(r">Bundle (\d+)<", each) for each in (first, second)]
    assert listed[0] + listed[1] == [str(pk) for pk in reversed(numbers)]
    assert page("jobs", before="nonsense")[0] == page("jobs", before="9" * 5000)[0] == 200


def test_without_jobs_the_page_says_what_they_are(page):
    assert "made in the background" in page("jobs")[1]


@pytest.mark.parametrize("name", ["job", "job-progress"])
def test_a_job_at_work_says_how_far_it_is(page, alice, name):
    found = words(page(name, running(alice, note="zipping").pk)[1])
    for said in ("At work", "25 %", "zipping", "25.0 MB of 100.0 MB", "2.5 MB/s", "0:00:30", "1 of 3"):
        assert said in found


def test_it_asks_again_only_while_it_is_under_way(page, alice):
    under_way = running(alice)
    assert f'hx-get="{reverse("job-progress", args=[under_way.pk])}"' in page("job", under_way.pk)[1]
    ended = job_of(alice, state="failed", reason="LTG1_chunk-0.chn is damaged", finished_at=timezone.now())
    for name in ("job", "job-progress"):
        found = page(name, ended.pk)[1]
        assert "hx-get" not in found
        assert "LTG1_chunk-0.chn is damaged" in found
        assert "Cancel" not in found


def test_a_job_whose_worker_is_gone_says_so(page, alice):
    assert "taken up again" in page("job", running(alice, lease_until=ago(5)).pk)[1]


def test_it_leads_back_to_its_question(page, client, alice):
    client.force_login(make_user("root", is_superuser=True, is_staff=True))
    found = page("job", job_of(alice, question="channel=ltg1&patient=2002").pk)[1]
    assert f"{reverse('search')}?channel=ltg1&amp;patient=2002" in found


def test_it_is_cancelled_by_a_form(client, page, alice):
    waiting = job_of(alice)
    answer = client.post(reverse("job-cancel", args=[waiting.pk]))
    assert (answer.status_code, answer.url) == (302, reverse("job", args=[waiting.pk]))
    assert Job.objects.get(pk=waiting.pk).state == "cancelled"
    assert client.get(reverse("job-cancel", args=[waiting.pk])).status_code == 405


def test_one_that_is_stopping_cannot_be_cancelled_twice(client, page, alice):
    at_work = running(alice)
    client.post(reverse("job-cancel", args=[at_work.pk]))
    found = page("job", at_work.pk)[1]
    assert "Stopping" in found
    assert "Cancel the job" not in found


@pytest.mark.parametrize("name", ["job", "job-progress", "job-cancel"])
def test_somebody_elses_job_is_as_one_that_does_not_exist(client, page, name):
    others = job_of(make_user("bob"))
    ask = client.post if name == "job-cancel" else client.get
    answers = [ask(reverse(name, args=[pk])) for pk in (others.pk, 10**6, 10**17)]
    assert {answer.status_code for answer in answers} == {404}
    assert Job.objects.get(pk=others.pk).state == "queued"


def test_staff_sees_and_ends_every_job(client, page):
    others = job_of(make_user("bob"))
    client.force_login(make_user("ada", is_staff=True))
    assert client.get(reverse("job", args=[others.pk])).status_code == 200
    client.post(reverse("job-cancel", args=[others.pk]))
    assert Job.objects.get(pk=others.pk).state == "cancelled"


@pytest.mark.parametrize("name", ["jobs", "job", "job-progress", "job-cancel"])
def test_who_is_not_logged_in_goes_to_the_login(client, db, name):
    answer = client.get(reverse(name, args=[] if name == "jobs" else [1]))
    assert (answer.status_code, answer.url.partition("?")[0]) == (302, reverse("login"))


def test_a_kind_that_is_no_longer_known_is_shown_by_its_name(page, alice):
    old = job_of(alice, kind="spectrogram", state="done", finished_at=timezone.now())
    assert f"spectrogram {old.pk}" in page("job", old.pk)[1]
