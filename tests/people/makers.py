"""Users and grants for tests."""

from datetime import date

from django.contrib.auth.models import User

from people.models import Grant


def make_user(name: str = "alice", **marks: bool) -> User:
    return User.objects.create_user(name, **marks)  # no password: hashing one takes a tenth of a second


def grant(
    user: User, *, patient: str | None = None, first: date = date(2020, 1, 1), last: date | None = None, **more: object
) -> Grant:
    return Grant.objects.create(
        user=user, patient_id=patient, valid_from=first, valid_until=last, reason="protocol 7", **more
    )
