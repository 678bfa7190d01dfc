"""A portal's data for `benchmarks.slow_downloads`: `python -m benchmarks.bundle_world USERS BYTES`, in its environment.

Makes so many researchers, each logged in, each with a finished bundle of so many bytes, and prints as JSON the cookies,
the addresses of the bundles and those of the pages to look at.
"""

import json
import os
import sys
from datetime import timedelta
from importlib import import_module
from pathlib import Path

import django
from django.conf import settings

django.setup()

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY  # noqa: E402 - after setup
from django.contrib.auth.models import Group, User  # noqa: E402
from django.urls import reverse  # noqa: E402
from django.utils import timezone  # noqa: E402

from downloads.models import Bundle  # noqa: E402
from jobs.models import Job, State  # noqa: E402
from people.grants import give_grant  # noqa: E402
from people.models import Patient  # noqa: E402
from people.roles import Role  # noqa: E402
from people.scope import server_scope  # noqa: E402

PATIENT = "demo"
QUESTION = f"patient={PATIENT}"


def main(users: int, size_bytes: int) -> None:
    place = Path(settings.STORAGES["bundles"]["OPTIONS"]["location"])
    place.mkdir(parents=True, exist_ok=True)
    whole = place / "whole"
    whole.write_bytes(os.urandom(1_000_000) * (size_bytes // 1_000_000))
    people = [make_person(number) for number in range(users)]
    world = {
        "cookies": [log_in(user) for user in people],
        "bundles": [make_bundle(user, whole=whole, place=place) for user in people],
        "pages": {"home": reverse("home"), "search": f"{reverse('search')}?{QUESTION}"},
    }
    print(json.dumps(world))


def make_person(number: int) -> User:
    user = User.objects.create_user(f"reader{number}")
    user.groups.add(Group.objects.get(name=Role.RESEARCHER.value))
    by = server_scope(means="command")
    give_grant(user, patient=Patient.objects.get(pk=PATIENT), reason="a benchmark", by=by)
    return user


def log_in(user: User) -> str:
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return f"{settings.SESSION_COOKIE_NAME}={session.session_key}"


def make_bundle(user: User, *, whole: Path, place: Path) -> str:
    job = Job.objects.create(
        kind="bundle",
        asker=user,
        asker_name=user.get_username(),
        question=QUESTION,
        question_key=f"benchmark {user.pk}",
        state=State.DONE,
        attempt=1,
        finished_at=timezone.now(),
    )
    name = f"{job.pk}/1.zip"
    (place / name).parent.mkdir()
    os.link(whole, place / name)
    Bundle.objects.create(
        job=job,
        files=1,
        patients=[PATIENT],
        size_bytes=whole.stat().st_size,
        zip_name=name,
        sha256="0" * 64,
        finished_at=timezone.now(),
        expires_at=timezone.now() + timedelta(days=1),
    )
    return reverse("bundle-file", args=[job.pk])


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
