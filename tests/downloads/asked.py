"""Asking the API as a program does: with a token."""

from typing import Any

from django.contrib.auth.models import Group, User
from django.test import Client

from people.roles import Role
from people.scope import server_scope
from people.tokens import make_token
from tests.people.makers import make_user


def researcher(name: str = "alice", **marks: bool) -> User:
    """A user who may search and download; whom she may see is said by grants."""
    user = make_user(name, **marks)
    user.groups.add(Group.objects.get(name=Role.RESEARCHER.value))
    return user


def token_of(user: User, *, days: int = 5) -> str:
    return make_token(user, name="laptop", days=days, by=server_scope(means="command")).text


class Api:
    """The API, asked with one token; `client` keeps no cookies worth the name."""

    def __init__(self, token: str = "") -> None:
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}
        self.client = Client(enforce_csrf_checks=True)

    def get(self, address: str, query: Any = None, **headers: str) -> Any:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.get(f"/api/v1/{address}", query, headers=self.headers | named)

    def post(self, address: str, body: Any = None) -> Any:
        return self.client.post(
            f"/api/v1/{address}", {} if body is None else body, content_type="application/json", headers=self.headers
        )

    def begin(self, **words: Any) -> int:
        """The number of a download that has begun."""
        answer = self.post("downloads", words)
        assert answer.status_code == 201, answer.content
        number: int = answer.json()["id"]
        return number
