"""What logins leave behind is removed, and nothing that still counts."""

from datetime import timedelta

import pytest
from axes.models import AccessAttempt
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from jobs.chores import chores
from portal.old_logins import forget
from tests.people.makers import make_user

pytestmark = pytest.mark.database


def attempt(name: str, *, minutes_ago: float) -> None:
    made = AccessAttempt.objects.create(
        username=name, ip_address="10.0.0.7", failures_since_start=3, user_agent="x", get_data="", post_data=""
    )
    AccessAttempt.objects.filter(pk=made.pk).update(attempt_time=timezone.now() - timedelta(minutes=minutes_ago))


def test_ended_sessions_and_attempts_that_count_no_more_are_removed() -> None:
    here, away = Client(), Client()
    for client in (here, away):
        client.force_login(make_user(f"user-{id(client)}"))
    ended = Session.objects.get(pk=away.session.session_key)
    Session.objects.filter(pk=ended.pk).update(expire_date=timezone.now() - timedelta(seconds=1))
    attempt("old", minutes_ago=15.5)
    attempt("lately", minutes_ago=14.5)
    assert forget() == "1 ended sessions and 1 old attempts to log in removed"
    assert [row.username for row in AccessAttempt.objects.all()] == ["lately"]
    assert here.get("/account/").status_code == 200
    assert away.get("/account/").status_code == 302
    assert forget() == ""


def test_a_sweeper_does_it() -> None:
    assert [chore.run for chore in chores() if chore.name == "logins"] == [forget]
