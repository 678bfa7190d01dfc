"""Logging in and out: who comes in, who must wait, and what is written down of it."""

import logging
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from axes.models import AccessAttempt
from django.apps import apps
from django.contrib.auth.models import User
from django.db import connections
from django.test import Client, RequestFactory
from django.utils import timezone

from people import attempts
from people.models import AuditEntry
from people.roles import Role
from tests.people.makers import PASSWORD, make_user, with_password, with_role

pytestmark = [pytest.mark.database, pytest.mark.usefixtures("quick_hashes")]
WRONG = "a wrong password"
HERE, ELSEWHERE = "10.0.0.7", "10.0.0.8"
WAIT = timedelta(minutes=15)


@pytest.fixture
def alice(db):
    return with_password(make_user("alice"))


def log_in(name="alice", password=WRONG, *, client=None, address=HERE, goal="", **headers):
    client = client or Client()
    return client.post(
        "/login/", {"username": name, "password": password, "next": goal}, REMOTE_ADDR=address, headers=headers
    )


def is_in(response):
    return response.status_code == 302


def acts():
    fields = ("act", "by_name", "question", "outcome", "reason", "origin")
    return list(AuditEntry.objects.order_by("pk").values_list(*fields))


def test_the_right_password_opens_and_is_written_down(alice, client):
    response = log_in(password=PASSWORD, client=client, goal="/account/")
    assert (response.status_code, response["Location"]) == (302, "/account/")
    assert client.get("/account/").status_code == 200
    assert acts() == [("log in", "alice", "", "done", "", HERE)]
    assert AuditEntry.objects.get().user == alice


@pytest.mark.parametrize(
    "goal",
    [
        "//evil.example",
        "https://evil.example/",
        "http:evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "javascript:alert(1)",
        "/\t/evil.example",
        "///evil.example",
        "https://testserver@evil.example/",
        "x" * 5000 + "://evil.example",
        "\x00//evil.example",
    ],
)
def test_a_login_leads_nowhere_but_into_the_portal(alice, goal):
    response = log_in(password=PASSWORD, goal=goal)
    assert (response.status_code, response["Location"]) == (302, "/")


def test_a_wrong_password_and_an_unknown_name_look_the_same(alice):
    pages = {name: log_in(name) for name in ("alice", "nobody-of-this-name")}
    texts = [
        page.content.decode().replace(name, "?").partition("csrfmiddlewaretoken")[0] for name, page in pages.items()
    ]
    assert [page.status_code for page in pages.values()] == [200, 200]
    assert texts[0] == texts[1]
    assert "do not fit together" in texts[0]
    assert [(act, by, question, outcome) for act, by, question, outcome, *_ in acts()] == [
        ("log in", "nobody", "user=alice", "refused"),
        ("log in", "nobody", "user=unknown", "refused"),
    ]


def test_what_was_typed_as_a_name_is_stored_and_logged_nowhere(alice, caplog):
    typed = "My-Secret-Passw0rd"
    with caplog.at_level(logging.DEBUG):
        for _ in range(6):
            log_in(typed)
    rows = [row for model in apps.get_models() if model._meta.app_label not in {"chunks"} for row in rows_of(model)]
    assert AccessAttempt.objects.count() == 1
    assert not [row for row in rows if typed.lower() in row.lower()]
    assert typed.lower() not in caplog.text.lower()


def rows_of(model):
    return [str(row) for row in model._base_manager.values()]


def test_a_closed_account_is_told_no_more_than_a_wrong_password(alice):
    alice.is_active = False
    alice.save()
    response = log_in(password=PASSWORD)
    assert response.status_code == 200
    assert "do not fit together" in response.content.decode()
    assert acts()[0][3:5] == ("refused", "wrong name or password")


def test_after_five_wrong_passwords_the_pair_of_name_and_address_waits(alice):
    with_password(make_user("bob"))
    assert [log_in().status_code for _ in range(5)] == [200] * 4 + [429]
    waiting = log_in(password=PASSWORD)
    assert waiting.status_code == 429
    assert "Please wait a quarter of an hour" in waiting.content.decode()
    assert "people/locked_out.html" in [template.name for template in waiting.templates]
    assert is_in(log_in("bob", PASSWORD))
    assert is_in(log_in("alice", PASSWORD, address=ELSEWHERE))
    assert log_in(password=PASSWORD).status_code == 429
    assert [row for row in acts() if row[4] == "too many attempts"]


def test_the_wait_is_not_escaped_by_another_browser_or_spelling(alice):
    for _ in range(5):
        log_in()
    assert log_in(password=PASSWORD, user_agent="another").status_code == 429
    # Django's names are told apart by case, so this opens nothing anyway; it must not count as another account.
    assert log_in("ALICE", PASSWORD).status_code == 429


def test_the_wait_ends_also_for_who_goes_on_typing(alice):
    for _ in range(8):
        log_in()
    attempt = AccessAttempt.objects.get()
    assert attempt.failures_since_start == 5
    AccessAttempt.objects.update(attempt_time=timezone.now() - WAIT + timedelta(seconds=30))
    assert log_in(password=PASSWORD).status_code == 429
    AccessAttempt.objects.update(attempt_time=timezone.now() - WAIT - timedelta(seconds=1))
    assert is_in(log_in(password=PASSWORD))


def test_a_right_password_forgets_the_wrong_ones(alice):
    for _ in range(4):
        log_in()
    assert is_in(log_in(password=PASSWORD))
    assert [log_in().status_code for _ in range(5)] == [200] * 4 + [429]


def test_the_limit_holds_where_no_address_is_known(alice):
    assert [log_in(address="").status_code for _ in range(5)] == [200] * 4 + [429]
    assert log_in(password=PASSWORD, address="").status_code == 429


def test_an_address_that_the_client_wrote_itself_is_not_believed(alice, settings):
    settings.PROXIES = 1
    answers = [log_in(address="10.9.9.9", x_forwarded_for=f"1.2.3.{number}, {HERE}") for number in range(5)]
    assert [answer.status_code for answer in answers] == [200] * 4 + [429]


@pytest.mark.database(transaction=True)
def test_many_attempts_at_once_are_no_more_guesses_than_one_after_the_other(transactional_db, monkeypatch):
    with_password(make_user("alice"))
    checked = []
    check = User.check_password

    def slow(user, password):
        checked.append(password)
        time.sleep(0.05)
        return check(user, password)

    monkeypatch.setattr(User, "check_password", slow)
    monkeypatch.setattr(attempts, "TURN_S", 20)
    spellings = ["alice", "alice ", "ALICE", " alice", "ａｌｉｃｅ"] * 3

    def guess(name):
        try:
            return log_in(name).status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(spellings)) as pool:
        answers = sorted(pool.map(guess, spellings))
    assert answers == [200] * 4 + [429] * 11
    assert len(checked) <= 5
    assert AccessAttempt.objects.get().failures_since_start == 5
    assert not attempts._under_way


@pytest.mark.database(transaction=True)
def test_who_does_not_get_her_turn_is_told_to_wait_and_nobody_else_is_held_up(transactional_db, monkeypatch):
    for name in ("alice", "bob"):
        with_password(make_user(name))
    monkeypatch.setattr(attempts, "TURN_S", 0.05)
    request = RequestFactory().post("/login/", {"username": "alice"}, REMOTE_ADDR=HERE)
    with attempts.one_by_one(request) as mine:
        assert mine
        waiting = log_in(password=PASSWORD)
        assert waiting.status_code == 429
        assert "Please wait a moment" in waiting.content.decode()
        assert is_in(log_in("bob", PASSWORD))
        assert is_in(log_in(password=PASSWORD, address=ELSEWHERE))
    assert is_in(log_in(password=PASSWORD))
    assert acts()[0][2:5] == ("user=alice", "refused", "too many attempts")


@pytest.mark.parametrize(
    "network",
    [
        ["2001:db8:1:2::1", "2001:db8:1:2:ffff::9", "2001:db8:1:2:0:0:0:3", "2001:db8:1:2:9:9:9:9", "2001:db8:1:2::a"],
        ["10.0.0.9", "::ffff:10.0.0.9", "::ffff:a00:9", "10.0.0.9", "::ffff:10.0.0.9"],
    ],
)
def test_who_has_a_whole_network_of_addresses_waits_as_well(alice, network):
    assert [log_in(address=address).status_code for address in network] == [200] * 4 + [429]
    assert log_in(password=PASSWORD, address=network[0]).status_code == 429
    assert is_in(log_in(password=PASSWORD, address="2001:db8:1:3::1"))


def test_people_of_a_socket_for_both_kinds_of_addresses_do_not_wait_for_each_other(alice):
    for number in range(5):
        log_in(address=f"::ffff:10.0.0.{number}")
    assert is_in(log_in(password=PASSWORD, address="::ffff:10.0.0.9"))


@pytest.mark.parametrize(
    "name",
    ["a" * 100_000, "a\0b", "\x1b[2J", "\u202ealice", "' OR 1=1 --", "<script>", "", " ", "\n", "é" * 150, "𝒶𝓁𝒾𝒸ℯ"],
)
def test_hostile_names_are_refused_and_no_fault(alice, name):
    response = log_in(name)
    assert response.status_code == 200
    assert "<script>" not in response.content.decode().replace("<script src", "")


def test_who_is_logged_in_is_led_on(alice, client):
    client.force_login(alice)
    assert client.get("/login/")["Location"] == "/"


def test_logging_out_ends_the_session_and_is_written_down(alice, client):
    client.force_login(alice)
    assert client.get("/logout/").status_code == 405
    assert client.get("/account/").status_code == 200
    response = client.post("/logout/", REMOTE_ADDR=HERE)
    assert response["Location"] == "/login/"
    assert client.get("/account/")["Location"] == "/login/?next=/account/"
    assert acts() == [("log out", "alice", "", "done", "", HERE)]


def test_logging_out_twice_leads_to_the_login(client):
    assert client.post("/logout/")["Location"] == "/login/"
    assert not acts()


def test_a_form_from_elsewhere_logs_nobody_out(alice):
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    response = client.post("/logout/")
    assert response.status_code == 403
    assert "too old, or came from elsewhere" in response.content.decode()
    assert client.get("/account/").status_code == 200


def test_closing_an_account_ends_its_sessions(alice, client):
    client.force_login(alice)
    alice.is_active = False
    alice.save()
    assert client.get("/account/")["Location"] == "/login/?next=/account/"


def test_the_admin_has_no_login_of_its_own(alice, client):
    with_role(alice, Role.ADMINISTRATOR)
    assert client.get("/admin/")["Location"] == "/admin/login/?next=/admin/"
    assert client.get("/admin/login/?next=/admin/")["Location"].startswith("/login/?next=")
    client.post("/admin/login/?next=/admin/", {"username": "alice", "password": PASSWORD})
    assert client.get("/admin/").status_code == 302
    log_in(password=PASSWORD, client=client)
    assert client.get("/admin/").status_code == 200
    assert client.post("/admin/logout/")["Location"] == "/account/"
    assert client.get("/admin/password_change/")["Location"] == "/password/"


def test_who_is_no_staff_is_told_so_at_the_admin(alice, client):
    client.force_login(with_role(alice, Role.RESEARCHER))
    response = client.get("/admin/", follow=True)
    assert response.status_code == 403
    assert "not for your account" in response.content.decode()


def test_a_form_of_a_session_that_has_ended_leads_to_the_login_and_not_back_to_a_page_that_is_none(client):
    assert client.post("/account/tokens/")["Location"] == "/login/"
    assert client.get("/account/tokens/?a=1&b=2")["Location"] == "/login/?next=/account/tokens/%3Fa%3D1%26b%3D2"


def test_a_part_of_a_page_whose_session_has_ended_loads_the_whole_page(client):
    response = client.get("/account/", headers={"hx-request": "true"})
    assert (response.status_code, response["HX-Refresh"], response.content) == (401, "true", b"")
