"""Permission is a value: the `Scope` that everything which returns patient data takes.

Owns: the one rule who may see which patient when. A `Scope` is made by the functions of this module alone (its
constructor refuses others) and lives as long as a request, a command or one attempt of a job: it is never stored nor
sent, later work makes it again. What it knows of the tables it reads once, at the start.
"""

from collections.abc import Iterable
from dataclasses import InitVar, dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import NoReturn

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Q, QuerySet
from django.utils import timezone

from people.errors import AccountClosed
from people.models import Grant, Patient

SERVER = "server"
NOBODY = "nobody"
_SEAL = object()


@dataclass(frozen=True, kw_only=True)
class Scope:
    """Which patients one person may see, by which means.

    `by`: the user's name, or "server"; `user_id`: None for the administrator at the command line; `patients`: IDs as
    first written, never a withdrawn one; `sees_all`: these are all there are; `until`: the first instant at which a
    patient leaves it because grants end (None: none does); `means`: how the person acts ("page", "command", …).
    """

    by: str
    user_id: int | None
    patients: frozenset[str]
    sees_all: bool
    until: datetime | None
    means: str
    seal: InitVar[object]

    def __post_init__(self, seal: object) -> None:
        if seal is not _SEAL:
            raise TypeError("A Scope is made by scope_for() or server_scope() alone.")

    def __reduce__(self) -> NoReturn:
        raise TypeError("A Scope is neither stored nor sent: make it again with scope_for() where the work is done.")

    def allows(self, patient: str) -> bool:
        """Whether this patient (ID as first written) may be seen."""
        return patient in self.patients

    def visible(self, patients: Iterable[str]) -> list[str]:
        """Those of these patients that may be seen, sorted, each once."""
        return sorted(self.patients.intersection(patients))


def scope_for(user: User | AnonymousUser, *, means: str, now: datetime | None = None) -> Scope:
    """What `user` may see at `now` (default: at once): all for staff and superusers, else what grants of that day give.

    Raises `AccountClosed` for who is inactive or not logged in.
    """
    if isinstance(user, AnonymousUser):
        raise AccountClosed("Nobody is logged in. Log in first.")
    if not user.is_active:
        raise AccountClosed(f"The account {user.get_username()} is closed. An administrator can open it again.")
    if user.is_staff or user.is_superuser:
        return _scope_of_all(by=user.get_username(), user_id=user.pk, means=means)
    ends = _granted(user.pk, now=now or timezone.now())
    return Scope(
        by=user.get_username(),
        user_id=user.pk,
        patients=frozenset(ends),
        sees_all=False,
        until=min((end for end in ends.values() if end is not None), default=None),
        means=means,
        seal=_SEAL,
    )


def server_scope(*, means: str) -> Scope:
    """The administrator's at the command line: all patients."""
    return _scope_of_all(by=SERVER, user_id=None, means=means)


def nobody_scope(*, means: str) -> Scope:
    """Of who has not logged in: no patient; for the audit of wrong passwords and the like."""
    return Scope(by=NOBODY, user_id=None, patients=frozenset(), sees_all=False, until=None, means=means, seal=_SEAL)


def _scope_of_all(*, by: str, user_id: int | None, means: str) -> Scope:
    patients = frozenset(_present().values_list("pk", flat=True))
    return Scope(by=by, user_id=user_id, patients=patients, sees_all=True, until=None, means=means, seal=_SEAL)


def _present() -> QuerySet[Patient]:
    return Patient.objects.filter(withdrawn_at__isnull=True)


def _granted(user_id: int, *, now: datetime) -> dict[str, datetime | None]:
    """The patients granted to the user at `now`, each with the end of the last grant in force (None: it has no end)."""
    today = now.astimezone(UTC).date()
    grants = Grant.objects.filter(
        Q(valid_until__isnull=True) | Q(valid_until__gte=today),
        Q(revoked_at__isnull=True) | Q(revoked_at__gt=now),
        user_id=user_id,
        valid_from__lte=today,
    ).values_list("patient_id", "valid_until")
    by_patient: dict[str | None, list[date | None]] = {}
    for patient, last_day in grants:
        by_patient.setdefault(patient, []).append(last_day)
    for_all = by_patient.pop(None, [])
    seen = _present() if for_all else _present().filter(pk__in=by_patient)
    return {pk: _end(by_patient.get(pk, []) + for_all) for pk in seen.values_list("pk", flat=True)}


def _end(last_days: list[date | None]) -> datetime | None:
    """The midnight (UTC) after the latest of these days; None where one of them is open."""
    closed = [day for day in last_days if day is not None]
    if len(closed) < len(last_days):
        return None
    return datetime.combine(max(closed) + timedelta(days=1), time.min, tzinfo=UTC)
