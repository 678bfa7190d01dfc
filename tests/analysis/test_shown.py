"""A result on its job's page and as a picture: to whom it is shown, and what is said where it cannot be."""

from datetime import timedelta

import pyarrow as pa
import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from analysis.asking import kind_of
from analysis.known import KNOWN
from analysis.models import Result
from analysis.place import Place, picture_name
from analysis.summary import summary_of
from analysis.writing import parquet
from behavior.index import index_object
from behavior.place import sessions_here
from chunks.format.clock import since_day_zero_us
from chunks.headers_db.place import State as Headers
from chunks.headers_db.state import read_state, set_state
from jobs.asking import enqueue
from jobs.models import Job, State
from people.models import Grant
from people.roles import Role
from people.scope import scope_for
from tests.analysis.jobs.test_coherence import BEGIN
from tests.analysis.test_picture import row
from tests.behavior.made import content, document
from tests.people.makers import grant, make_user, with_role
from tests.selections.made import HOUR, hold

pytestmark = pytest.mark.database(transaction=True)
BUCKET = "behavioral-data-all"
START_US = since_day_zero_us("2002", BEGIN)


@pytest.fixture
def place(tmp_path, settings) -> Place:
    settings.RESULTS_URL = (tmp_path / "results").as_uri()
    return Place(settings.RESULTS_URL)


@pytest.fixture
def alice(transactional_db) -> User:
    hold("2002", "day3_140500", (START_US, START_US + HOUR))
    user = with_role(make_user("alice"), Role.RESEARCHER)
    grant(user, patient="2002")
    return user


def browser_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def done(user: User, place: Place) -> Job:
    """A finished line length of a quarter of an hour, without Spark."""
    known = KNOWN["line_length"]
    job = enqueue(kind_of(known), question="patient=2002", scope=scope_for(user, means="page"), send=lambda _job: None)
    name = f"{job.pk}/1/data/patient=2002/{'0' * 32}.parquet"
    rows = [row(label, at, float(at), channel=n) for n, label in enumerate(("A", "B")) for at in range(90)]
    place.put(name, parquet(pa.Table.from_pylist(rows), columns=known.columns, about={}))
    files = [{"name": name, "patient": "2002", "kind": "data", "rows": len(rows), "bytes": 1}]
    Job.objects.filter(pk=job.pk).update(state=State.DONE, attempt=1, under_way_key=None)
    Result.objects.create(
        job=job,
        name=known.name,
        patients=["2002"],
        folder=f"{job.pk}/1",
        files=files,
        about={"window_s": "10", "software": "x", "spark": "4"},
        summary=summary_of(files, known=known, window_s=10, folder=f"{job.pk}/1", place=place),
        expires_at=timezone.now() + timedelta(days=1),
        log_tail="of Spark",
    )
    return job


def page_of(user: User, job: Job, words: str = "") -> str:
    answer = browser_of(user).get(f"/jobs/{job.pk}/{words}")
    assert answer.status_code == 200
    return answer.content.decode()


def picture_of(user: User, job: Job, words: str = "") -> int:
    answer = browser_of(user).get(f"/analyses/{job.pk}/picture.png{words}")
    if answer.status_code == 200:
        assert (answer["Content-Type"], answer["Cache-Control"]) == ("image/png", "private, no-store")
        assert answer.content.startswith(b"\x89PNG")
    return answer.status_code


def test_the_value_asked_for_is_shown_and_what_cannot_be_meant_is_the_first(alice, place):
    job = done(alice, place)
    page = page_of(alice, job, "?value=spike_rate")
    assert "Patient 2002: spike_rate" in page
    assert "value=spike_rate" in page
    assert "spike_rate, 1/s" in page
    for words in ("", "?value=<b>&picture=-1", "?value=start&picture=9", "?picture=%00"):
        assert "Patient 2002: line_length" in page_of(alice, job, words)
        assert picture_of(alice, job, words) == 200


def test_the_picture_is_its_owners_and_only_while_the_patients_may_be_seen(alice, place):
    job = done(alice, place)
    bob = with_role(make_user("bob"), Role.RESEARCHER)
    grant(bob, patient="2002")
    assert picture_of(bob, job) == 404
    assert picture_of(alice, job) == 200
    Grant.objects.filter(user=alice).delete()
    assert picture_of(alice, job) == 404
    page = page_of(alice, job)
    assert "no longer for you" in page
    assert "of Spark" not in page


def test_an_expired_result_has_no_picture(alice, place):
    job = done(alice, place)
    Result.objects.update(expires_at=timezone.now())
    assert picture_of(alice, job) == 404
    assert "no longer for you" in page_of(alice, job)


def test_where_the_place_of_results_has_lost_it_the_page_says_so(alice, place):
    job = done(alice, place)
    place.discard(picture_name(f"{job.pk}/1", number=0))
    assert picture_of(alice, job) == 404
    assert "The picture cannot be drawn just now" in page_of(alice, job)


def test_the_sessions_lie_above_and_while_headers_sleep_the_picture_stays(alice, place, objects):
    hold_session = document(experiment="ToM_Loc", subject="2002", start="14:10:0:0", stop="14:12:0:0")
    objects.make_bucket(BUCKET)
    objects.put(BUCKET, "ToM_Loc_2002.json", content(hold_session))
    index_object(objects, sessions_here(), key="ToM_Loc_2002.json")
    job = done(alice, place)
    assert "ToM_Loc: day 3 14:10 to day 3 14:12" in page_of(alice, job)
    set_state(read_state(), state=Headers.ASLEEP, by="ann")
    try:
        page = page_of(alice, job)
        assert picture_of(alice, job) == 200
    finally:
        set_state(read_state(), state=Headers.AWAKE, by="ann")
    assert "Patient 2002: line_length" in page
    assert "ToM_Loc" not in page
    assert "Sessions are not shown while the headers database does not answer" in page


def test_while_it_is_done_the_end_of_the_log_is_on_the_page(alice, place):
    job = done(alice, place)
    Job.objects.filter(pk=job.pk).update(state=State.RUNNING, started_at=timezone.now(), lease_until=timezone.now())
    Result.objects.update(log_tail="\n".join(f"line {number} of <log>" for number in range(40)))
    page = browser_of(alice).get(f"/jobs/{job.pk}/progress").content.decode()
    assert "line 39 of &lt;log&gt;" in page
    assert "line 29 of" not in page
    Grant.objects.filter(user=alice).delete()
    assert "line 39" not in page_of(alice, job)


def test_what_was_asked_for_stays_in_the_form_where_it_is_refused(alice, place):
    asked = {"question": "patient=2002", "analysis": "line_length", "window": "x<y"}
    answer = browser_of(alice).post("/analyses/new", asked)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert 'value="line_length" required checked' in page
    assert page.count(" checked") == 1
    assert 'value="x&lt;y"' in page


def test_of_a_failed_one_the_log_is_open_and_its_files_are_refused_in_words(alice, place):
    job = done(alice, place)
    Job.objects.filter(pk=job.pk).update(state=State.FAILED, reason="Its log says more.")
    assert '<details class="card" open><summary>The end of Spark’s log' in page_of(alice, job)
    answer = browser_of(alice).get(f"/analyses/{job.pk}/csv")
    assert answer.status_code == 410
    assert "The analysis failed: its page says why." in answer.content.decode()
