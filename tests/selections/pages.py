"""Who opens the pages of these tests, and what they say."""

import html
import re

from django.contrib.auth.models import Group, User
from django.http import HttpResponse
from django.test import Client

from people.patients import add_patient
from people.roles import STAFF, Role
from tests.people.makers import grant, make_user


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
    """What the page says, attributes included, tags not."""
    said = re.sub(r"<(?!/)[^>]*?(?:(?:aria-label|value)=\"([^\"]*)\")?[^>]*>", r" \1 ", source(response))
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", said)).split())


def links(response: HttpResponse) -> list[str]:
    return [html.unescape(each) for each in re.findall(r'href="([^"]*)"', source(response))]
