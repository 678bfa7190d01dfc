"""Who opens the pages of these tests, and what they say."""

import html
import re

from django.contrib.auth.models import Group, User
from django.http import HttpResponse
from django.test import Client

from people.patients import add_patient
from people.roles import STAFF, Role
from tests.people.makers import grant, make_user

_SAID = re.compile(r'(?:aria-label|value)="([^"]*)"')
_OF_ITS_OWN = re.compile(r'name="csrfmiddlewaretoken" value="[^"]*"|[0-9a-f]{16}')


def alike(response: HttpResponse, *, but_for: str) -> str:
    """A page without what differs each time (token, number of the request), nor this word."""
    return _OF_ITS_OWN.sub("", response.content.decode()).replace(but_for, "")


def person(name: str, *patients: str, role: Role | None = Role.RESEARCHER) -> User:
    """A person of that role who may see these patients."""
    user = make_user(name, is_staff=role in STAFF)
    if role is not None:
        user.groups.add(Group.objects.get(name=role.value))
    for patient in patients:
        add_patient(patient)
        grant(user, patient=patient)
    return user


def browser_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def source(response: HttpResponse) -> str:
    assert response.status_code == 200, response.status_code
    return response.content.decode()


def text(response: HttpResponse) -> str:
    """What the page says, labels and values of its elements too."""
    said = re.sub(r"<[^>]*>", lambda tag: " ".join(["", *_SAID.findall(tag[0]), ""]), source(response))
    return " ".join(html.unescape(said).split())


def links(response: HttpResponse) -> list[str]:
    return [html.unescape(each) for each in re.findall(r'href="([^"]*)"', source(response))]
