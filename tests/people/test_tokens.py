"""Personal tokens: what they open, when they end, and what is kept of them."""

from datetime import timedelta

import pytest
from django.utils import timezone

from people.errors import TokenRefused
from people.models import AuditEntry, Token
from people.roles import Role
from people.scope import scope_for
from people.tokens import make_token, revoke_token, tokens_of, user_of_token
from tests.people.makers import make_user, with_role
from tests.shared_database import at_once

pytestmark = pytest.mark.database


@pytest.fixture
def alice(db):
    return with_role(make_user("alice"), Role.RESEARCHER)


def made(user, **more):
    return make_token(user, name="lab", by=scope_for(user, means="page"), **more)


def test_a_token_opens_the_portal_to_its_user(alice):
    bob = make_user("bob")
    first, second = made(alice), made(bob)
    assert user_of_token(first.text) == alice
    assert user_of_token(second.text) == bob


def test_a_token_looks_like_one_and_no_two_are_alike(alice):
    texts = {made(alice).text for _ in range(20)}
    assert len(texts) == 20
    assert {(text[:5], len(text)) for text in texts} == {("ecog_", 48)}


def test_nothing_is_kept_from_which_a_token_could_be_had(alice, caplog):
    token = made(alice)
    user_of_token(token.text)
    rows = [str(row) for model in (Token, AuditEntry) for row in model._base_manager.values()]
    assert not [row for row in rows if token.text[10:] in row]
    assert token.text not in repr(token)
    assert token.text.startswith(token.row.beginning)
    assert len(token.row.beginning) == 9
    assert token.text[10:] not in caplog.text


def test_a_token_ends_by_itself(alice):
    token = made(alice, days=10)
    end = token.row.expires_at
    assert user_of_token(token.text, now=end - timedelta(seconds=1)) == alice
    with pytest.raises(TokenRefused, match="ended on"):
        user_of_token(token.text, now=end)


def test_a_token_is_good_for_ninety_days_unless_said(alice):
    length = made(alice).row.expires_at - timezone.now()
    assert timedelta(days=89, hours=23) < length <= timedelta(days=90)


@pytest.mark.parametrize("days", [0, -1, 366, 10**9])
def test_no_token_is_for_ever(alice, days):
    with pytest.raises(TokenRefused, match="1 to 365 days"):
        made(alice, days=days)
    assert not Token.objects.exists()


def test_a_revoked_token_opens_nothing_at_once(alice):
    token, other = made(alice), made(alice)
    by = scope_for(alice, means="page")
    assert revoke_token(token.row, by=by)
    assert not revoke_token(token.row, by=by)
    with pytest.raises(TokenRefused, match="was revoked"):
        user_of_token(token.text)
    assert user_of_token(other.text) == alice


def test_the_token_of_a_closed_account_opens_nothing(alice):
    token = made(alice)
    alice.is_active = False
    alice.save()
    with pytest.raises(TokenRefused, match="closed"):
        user_of_token(token.text)
    assert Token.objects.get().last_used_at is None


@pytest.mark.parametrize(
    "text",
    [
        *("", "ecog_", "ecog_" + "a" * 42, "ecog_" + "a" * 44, "ECOG_" + "a" * 43, "ecog_" + "a" * 42 + "\n"),
        *("ecog_" + "é" * 43, "ecog_" + "a" * 42 + "\0", "\udcff" * 48, "a" * 10**6, "' OR 1=1 --"),
    ],
)
def test_what_is_no_token_is_refused_without_being_repeated(alice, text):
    made(alice)
    with pytest.raises(TokenRefused, match="not a token") as refused:
        user_of_token(text)
    assert len(str(refused.value)) < 300


def test_an_unknown_token_is_refused(alice):
    known = made(alice).text
    other = known[:-1] + ("A" if known[-1] != "A" else "B")
    with pytest.raises(TokenRefused, match="does not know"):
        user_of_token(other)


def test_the_last_use_is_written_at_most_once_a_minute(alice):
    token, now = made(alice), timezone.now()
    user_of_token(token.text, origin="10.0.0.7", now=now)
    user_of_token(token.text, origin="10.0.0.8", now=now + timedelta(seconds=59))
    row = Token.objects.get()
    assert (row.last_used_at, row.last_used_from) == (now, "10.0.0.7")
    user_of_token(token.text, origin="10.0.0.8", now=now + timedelta(seconds=60))
    row = Token.objects.get()
    assert (row.last_used_at, row.last_used_from) == (now + timedelta(seconds=60), "10.0.0.8")


def test_of_many_uses_at_once_one_is_written(shared_database):
    user = make_user("carol")
    token, now = made(user), timezone.now()
    users = at_once(lambda number: user_of_token(token.text, origin=f"10.0.0.{number}", now=now), threads=8)
    assert {each.pk for each in users} == {user.pk}
    assert Token.objects.get().last_used_from.startswith("10.0.0.")


def test_making_and_revoking_are_written_down(alice):
    token = made(alice, origin="10.0.0.7")
    revoke_token(token.row, by=scope_for(alice, means="page"), origin="10.0.0.7")
    rows = AuditEntry.objects.order_by("pk").values_list("act", "by_name", "question", "outcome", "origin")
    assert list(rows) == [
        ("make token", "alice", f"token={token.row.beginning} days=90", "done", "10.0.0.7"),
        ("revoke token", "alice", f"token={token.row.beginning}", "done", "10.0.0.7"),
    ]


def post(client, **fields):
    return client.post("/account/tokens/", {"name": "lab", "days": "90"} | fields)


def test_the_page_shows_a_token_once(alice, client):
    client.force_login(alice)
    response = post(client)
    text = response.context["made"].text
    assert text in response.content.decode()
    assert "no-store" in response["Cache-Control"]
    assert user_of_token(text) == alice
    again = client.get("/account/tokens/").content.decode()
    assert text not in again
    assert text[:9] in again


@pytest.mark.parametrize(
    "fields",
    [{"days": "0"}, {"days": "366"}, {"days": "x"}, {"days": ""}, {"name": ""}, {"name": "x" * 61}, {"name": "a\0b"}],
)
def test_the_page_refuses_what_no_token_can_be(alice, client, fields):
    client.force_login(alice)
    response = post(client, **fields)
    assert response.status_code == 200
    assert "fault" in response.content.decode()
    assert not Token.objects.exists()


def test_a_name_is_shown_as_text(alice, client):
    client.force_login(alice)
    assert "<script>x" not in post(client, name="<script>x</script>").content.decode()


def test_one_sees_and_revokes_one_s_own_tokens_alone(alice, client):
    bob = with_role(make_user("bob"), Role.ADMINISTRATOR)
    token = made(alice)
    client.force_login(bob)
    assert token.row.beginning not in client.get("/account/tokens/").content.decode()
    refused, unknown = (client.post(f"/account/tokens/{pk}/revoke/") for pk in (token.row.pk, 10**6))
    assert (refused.status_code, unknown.status_code) == (404, 404)
    assert user_of_token(token.text) == alice
    client.force_login(alice)
    assert client.get(f"/account/tokens/{token.row.pk}/revoke/").status_code == 405
    assert client.post(f"/account/tokens/{token.row.pk}/revoke/")["Location"] == "/account/tokens/"
    with pytest.raises(TokenRefused):
        user_of_token(token.text)


def test_who_has_no_role_makes_no_token(client):
    client.force_login(make_user("carol"))
    assert post(client).status_code == 403
    assert not Token.objects.exists()


def test_without_a_login_there_is_no_page_of_tokens(client):
    assert post(client)["Location"].startswith("/login/")
    assert client.post("/account/tokens/1/revoke/")["Location"].startswith("/login/")


def test_tokens_are_listed_the_newest_first(alice):
    first, second = made(alice), made(alice)
    assert [token.pk for token in tokens_of(alice)] == [second.row.pk, first.row.pk]
