"""Users and grants for tests."""

from datetime import date

from django.contrib.auth.models import Group, User

from people.accounts import is_staff_by
from people.models import Grant
from people.roles import Role

PASSWORD = "a long password of a test"


def make_user(name: str = "alice", **marks: bool) -> User:
    return User.objects.create_user(name, **marks)  # no password: hashing one takes a tenth of a second


def grant(
    user: User, *, patient: str | None = None, first: date = date(2020, 1, 1), last: date | None = None, **more: object
) -> Grant:
    return Grant.objects.create(
        user=user, patient_id=patient, valid_from=first, valid_until=last, reason="protocol 7", **more
    )


def with_password(user: User, password: str = PASSWORD) -> User:
    """Hashed quickly where the test has the fixture `quick_hashes`."""
    user.set_password(password)
    user.save()
    return user


def with_role(user: User, role: Role) -> User:
    """As `people.accounts` gives it, without an act in the audit."""
    user.groups.add(Group.objects.get(name=role.value))
    user.is_staff = is_staff_by([role])
    user.save()
    return user
