"""Changing a password, and getting a new one by e-mail."""

import re
import threading

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from people.models import AuditEntry
from tests.people.makers import PASSWORD, make_user, with_password

pytestmark = [pytest.mark.database, pytest.mark.usefixtures("quick_hashes")]
NEW = "another long password"
WEAK = ["short", "1234567890123", "qazwsxedcrfv", "alice@example.or"]


@pytest.fixture
def alice(db):
    user = with_password(make_user("alice"))
    user.email = "alice@example.org"
    user.save()
    return user


@pytest.fixture
def mails(settings):
    settings.EMAIL_CONFIGURED, settings.PORTAL_URL = True, "https://portal.example"
    return mail.outbox


def change(client, *, old=PASSWORD, new=NEW, again=None):
    return client.post("/password/", {"old_password": old, "new_password1": new, "new_password2": again or new})


def acts():
    return list(AuditEntry.objects.order_by("pk").values_list("act", "by_name", "question", "outcome"))


def ask(address):
    response = Client().post("/password/reset/", {"email": address})
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and "send_mail" in thread.name:
            thread.join(5)
    return response


def link(message):
    return re.search(r"https://portal\.example(/password/reset/\S+)", message.body).group(1)


def test_a_changed_password_ends_the_sessions_elsewhere_and_not_here(alice):
    here, elsewhere = Client(), Client()
    for client in (here, elsewhere):
        client.force_login(alice)
    assert change(here)["Location"] == "/account/"
    assert here.get("/account/").status_code == 200
    assert elsewhere.get("/account/")["Location"] == "/login/?next=/account/"
    alice.refresh_from_db()
    assert alice.check_password(NEW)
    assert acts() == [("change password", "alice", "", "done")]


@pytest.mark.parametrize(
    "typed", [{"old": "wrong"}, {"again": "something else"}, *({"new": weak} for weak in WEAK), {"old": "", "new": ""}]
)
def test_a_password_is_not_changed_without_the_old_one_nor_to_a_weak_one(alice, client, typed):
    client.force_login(alice)
    response = change(client, **typed)
    assert response.status_code == 200
    assert "The password is not changed" in response.content.decode()
    alice.refresh_from_db()
    assert alice.check_password(PASSWORD)
    assert not acts()


def test_without_a_login_no_password_is_changed(alice, client):
    assert change(client)["Location"].startswith("/login/")
    alice.refresh_from_db()
    assert alice.check_password(PASSWORD)


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_portal_without_mail_says_whom_to_ask_and_sends_nothing(alice, client, method):
    response = getattr(client, method)("/password/reset/", {"email": alice.email})
    assert response.status_code == 200
    assert "Ask an administrator" in response.content.decode()
    assert not mail.outbox
    assert not acts()


def test_a_link_by_mail_sets_a_new_password_once(alice, client, mails):
    assert ask(alice.email)["Location"] == "/password/reset/done/"
    (message,) = mails
    assert message.to == ["alice@example.org"]
    address = link(message)
    page = client.get(address, follow=True)
    form = page.redirect_chain[-1][0]
    assert client.post(form, {"new_password1": "short", "new_password2": "short"}).status_code == 200
    done = client.post(form, {"new_password1": NEW, "new_password2": NEW})
    assert done["Location"] == "/password/reset/complete/"
    assert client.get(done["Location"]).status_code == 200
    alice.refresh_from_db()
    assert alice.check_password(NEW)
    assert "This link is used up" in Client().get(address).content.decode()
    assert acts() == [
        ("ask for a new password", "nobody", "user=alice", "done"),
        ("reset password", "alice", "", "done"),
    ]


def test_whether_an_account_exists_is_not_told(alice, mails):
    known, unknown = ask(alice.email), ask("My-Secret-Passw0rd@example.org")
    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])
    assert len(mails) == 1
    assert acts()[1] == ("ask for a new password", "nobody", "user=unknown", "done")


def test_a_closed_account_gets_no_mail(alice, mails):
    alice.is_active = False
    alice.save()
    ask(alice.email)
    assert not mails


def test_nobody_is_flooded_with_mail(alice, mails):
    for _ in range(6):
        assert ask(alice.email).status_code == 302
    assert len(mails) == 3


def test_who_asks_for_one_account_takes_no_mail_from_another_whose_name_begins_like_it(alice, mails):
    longer = make_user("alice.liddell")
    longer.email = "liddell@example.org"
    with_password(longer)
    for _ in range(4):
        ask(longer.email)
    assert len(mails) == 3
    ask(alice.email)
    assert [message.to for message in mails[3:]] == [["alice@example.org"]]


def test_the_same_is_asked_of_the_database_whether_there_is_an_account_or_not(alice, mails):
    """Its time would tell else."""
    asked = []
    for address in (alice.email, "nobody@example.org"):
        with CaptureQueriesContext(connection) as captured:
            ask(address)
        asked.append([re.sub(r"'[^']*'|\d+", "?", query["sql"]) for query in captured.captured_queries])
    assert asked[0] == asked[1]


def test_the_link_is_of_the_portal_whatever_host_was_asked(alice, mails, settings):
    settings.ALLOWED_HOSTS = ["*"]
    Client().post("/password/reset/", {"email": alice.email}, headers={"host": "evil.example"})
    for thread in threading.enumerate():
        if thread is not threading.current_thread():
            thread.join(5)
    assert "evil.example" not in mails[0].body + mails[0].subject


@pytest.mark.parametrize(
    "path", ["/password/reset/x/y/", "/password/reset/MQ/set-password/", "/password/reset/%00/%0a/"]
)
def test_a_damaged_link_says_so(alice, client, mails, path):
    response = client.get(path)
    assert response.status_code == 200
    assert "This link is used up" in response.content.decode()
