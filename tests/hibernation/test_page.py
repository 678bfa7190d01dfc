"""The page of the headers database, and what everybody sees while it sleeps."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from smtplib import SMTPServerDisconnected
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from chunks.headers_db.place import State
from chunks.headers_db.state import read_state, set_state
from hibernation import notices
from hibernation.jobs import SLEEP, WAKE
from hibernation.models import Hold, Sleep, WakeNotice
from jobs.models import Job, Runner
from jobs.models import State as JobState
from people.patients import add_patient
from people.roles import Role
from tests.people.makers import grant, make_user, with_role

pytestmark = pytest.mark.database(transaction=True)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The numbers of jobs that were sent; no broker is asked."""
    numbers: list[int] = []
    monkeypatch.setattr("hibernation.views.send", numbers.append)
    return numbers


@pytest.fixture(autouse=True)
def awake_again(db: None) -> Iterator[None]:
    yield
    put(State.AWAKE)


def browser(name: str, role: Role, **marks: Any) -> Client:
    client, user = Client(), with_role(make_user(name, **marks), role)
    client.force_login(user)
    grant(user, patient=add_patient("2002")[0].pk)
    return client


def put(state: State) -> None:
    set_state(read_state(), state=state, by="ada")


def text(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def test_an_administrator_puts_it_to_sleep_by_a_job_after_a_yes(sent: list[int]) -> None:
    ada = browser("ada", Role.ADMINISTRATOR)
    page = text(ada.get("/sleep/"))
    assert '<h2 id="state">Awake</h2>' in page
    assert "It has never slept." in page

    refused = ada.post("/sleep/hibernate", {"mode": "closed"})
    assert refused.status_code == 422
    assert "Say that you know it" in text(refused)
    assert not Job.objects.exists()

    assert ada.post("/sleep/hibernate", {"mode": "closed", "sure": "on"}).status_code == 302
    job = Job.objects.get()
    assert (job.kind, job.question, job.asker_name, sent) == (SLEEP, "mode=closed", "ada", [job.pk])
    page = text(ada.get("/sleep/"))
    assert "Going to sleep" in page
    assert "Put it to sleep" not in page


def test_a_way_to_sleep_that_is_not_offered_is_refused(sent: list[int]) -> None:
    ada = browser("ada", Role.ADMINISTRATOR)
    assert ada.post("/sleep/hibernate", {"mode": "snapshot", "sure": "on"}).status_code == 422
    assert not sent


def test_who_is_second_is_told_who_is_at_it(sent: list[int]) -> None:
    now = timezone.now()
    job = Job.objects.create(
        kind=WAKE,
        asker_name="bea",
        question="",
        question_key="k",
        runner=Runner.COMMAND,
        state=JobState.RUNNING,
        attempt=1,
        started_at=now,
        lease_until=now + timedelta(seconds=30),
        note="The instance is creating.",
    )
    Hold.objects.create(pk=1, job_id=job.pk)
    put(State.WAKING)
    ada = browser("ada", Role.ADMINISTRATOR)
    said = text(ada.post("/sleep/wake", follow=True))
    assert "bea is at it in a terminal" in said
    assert "The instance is creating." in text(ada.get(f"/sleep/now?seen={job.pk}"))
    assert not sent


def test_the_moving_part_comes_back_as_the_whole_page_when_nobody_is_at_it_any_more() -> None:
    ada = browser("ada", Role.ADMINISTRATOR)
    assert ada.get("/sleep/now?seen=7")["HX-Refresh"] == "true"
    assert "HX-Refresh" not in ada.get("/sleep/now")


def test_the_page_that_says_asleep_has_a_button_for_those_who_may(sent: list[int]) -> None:
    put(State.ASLEEP)
    ada, rita = browser("ada", Role.ADMINISTRATOR), browser("rita", Role.RESEARCHER)
    answer = ada.get("/search/?patient=2002")
    assert answer.status_code == 503
    assert 'action="/sleep/wake"' in text(answer)

    page = text(rita.get("/search/?patient=2002"))
    assert 'action="/sleep/wake"' not in page
    assert "Ask <strong>ada</strong> to wake it." in page
    for method, path in (
        ("get", "/sleep/"),
        ("get", "/sleep/now"),
        ("post", "/sleep/wake"),
        ("post", "/sleep/hibernate"),
    ):
        assert getattr(rita, method)(path).status_code == 403
    assert not sent

    ada.post("/sleep/wake")
    assert Job.objects.get(pk=sent[0]).kind == WAKE
    assert not rita.get("/sleep/is-awake").content


def test_the_page_that_says_asleep_returns_by_itself() -> None:
    rita = browser("rita", Role.RESEARCHER)
    put(State.ASLEEP)
    assert 'hx-get="/sleep/is-awake"' in text(rita.get("/search/?patient=2002"))
    assert rita.get("/sleep/is-awake").status_code == 204
    put(State.AWAKE)
    assert rita.get("/sleep/is-awake")["HX-Refresh"] == "true"


def test_what_was_awake_is_not_woken(sent: list[int]) -> None:
    ada = browser("ada", Role.ADMINISTRATOR)
    assert "awake already" in text(ada.post("/sleep/wake", follow=True))
    assert not sent


def test_sleeps_are_told_with_what_they_saved() -> None:
    now = timezone.now()
    Sleep.objects.create(
        by="ada",
        closed_at=now - timedelta(days=40),
        slept_at=now - timedelta(hours=730 + 10),
        waking_at=now - timedelta(hours=10),
        awake_at=now - timedelta(hours=9),
        awake_per_month=Decimal("50.00"),
        asleep_per_month=Decimal("2.00"),
        woken_by="bea",
        recovered=1234,
    )
    page = text(browser("ada", Role.ADMINISTRATOR).get("/sleep/"))
    assert "$48.00" in page
    assert "1234" in page


def test_a_table_of_prices_that_cannot_be_read_is_a_sentence_on_the_page(settings: Any, tmp_path: Any) -> None:
    settings.RDS_PRICES = str(tmp_path / "none.toml")
    answer = browser("ada", Role.ADMINISTRATOR).get("/sleep/")
    assert answer.status_code == 503
    assert "ECOG_RDS_PRICES" in text(answer)


class TestAMail:
    def test_goes_once_to_who_asked_when_search_is_awake(self, settings: Any) -> None:
        settings.EMAIL_CONFIGURED = True
        rita = browser("rita", Role.RESEARCHER, email="rita@example.org")
        put(State.ASLEEP)
        assert 'action="/sleep/tell-me"' in text(rita.get("/search/?patient=2002"))
        rita.post("/sleep/tell-me")
        rita.post("/sleep/tell-me")
        assert notices.tell_everybody() == ""
        assert not mail.outbox
        put(State.AWAKE)
        assert notices.tell_everybody() == "1 told that search is awake"
        assert [message.to for message in mail.outbox] == [["rita@example.org"]]
        assert notices.tell_everybody() == ""
        assert len(mail.outbox) == 1

    def test_that_could_not_be_sent_is_tried_again(self, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        settings.EMAIL_CONFIGURED = True
        user = make_user("rita", email="rita@example.org")
        notices.ask(user)

        def fails(*_args: Any) -> None:
            raise SMTPServerDisconnected("secret of the server")

        monkeypatch.setattr("hibernation.notices.send_mail", fails)
        assert notices.tell_everybody() == ""
        assert WakeNotice.objects.get().user == user

    def test_is_not_offered_where_none_can_be_sent(self, settings: Any) -> None:
        settings.EMAIL_CONFIGURED = False
        rita = browser("rita", Role.RESEARCHER, email="rita@example.org")
        put(State.ASLEEP)
        assert "/sleep/tell-me" not in text(rita.get("/search/?patient=2002"))
        assert "No mail can be sent" in text(rita.post("/sleep/tell-me", follow=True))
        assert not WakeNotice.objects.exists()
