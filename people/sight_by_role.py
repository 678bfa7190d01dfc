"""Who saw all patients when, by role: read from the acts that made accounts and changed them.

Owns: how stretches of time follow from those acts, and what is said of an account of which no act says it: what was
changed beside the portal (`createsuperuser`, a shell) is in none. Imports nothing of ours outside `people`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from django.contrib.auth.models import User
from django.db.models import Q

from people.account_words import CHANGE, MAKE, read_state
from people.audit import Outcome
from people.models import AuditEntry

BY_ACT = "by role"
ENDED_UNSEEN = "by role; no act says when it ended, at the latest now"
NOW = "sees all patients now, by role; shown from the day the account was made"


@dataclass(frozen=True, kw_only=True)
class Sight:
    """An account that saw all patients from `since` until `until` (None: still does). `given_by`: empty in no act."""

    username: str
    superuser: bool
    since: datetime
    given_by: str = ""
    until: datetime | None = None
    ended_by: str = ""
    note: str = BY_ACT


def sights(*, now: datetime) -> list[Sight]:
    """Of all accounts, by their beginning. Of an act whose outcome is unknown it is taken that it was done."""
    active = User.objects.filter(Q(is_staff=True) | Q(is_superuser=True), is_active=True)
    seeing = {user.get_username(): user for user in active}
    found: list[Sight] = []
    for sight in _by_acts():
        unseen = sight.until is None and seeing.pop(sight.username, None) is None
        found.append(replace(sight, until=now, note=ENDED_UNSEEN) if unseen else sight)
    found += [
        Sight(username=name, superuser=not user.is_staff, since=min(now, user.date_joined), note=NOW)
        for name, user in seeing.items()
    ]
    return sorted(found, key=lambda sight: (sight.since, sight.username))


def _by_acts() -> Iterator[Sight]:
    held: dict[str, Sight] = {}
    for at, by_name, question in _acts():
        state = read_state(question)
        if state is None:
            continue
        before = held.get(state.username)
        if state.sees_all and before is None:
            held[state.username] = Sight(username=state.username, superuser=state.superuser, since=at, given_by=by_name)
        elif before is not None and not state.sees_all:
            yield replace(held.pop(state.username), until=at, ended_by=by_name)
    yield from held.values()


def _acts() -> Iterator[tuple[datetime, str, str]]:
    acts = AuditEntry.objects.filter(act__in=(MAKE, CHANGE)).exclude(
        outcome__in=(Outcome.FAILED, Outcome.REFUSED, Outcome.CANCELLED)
    )
    yield from acts.order_by("pk").values_list("at", "by_name", "question").iterator()
