"""Grants: giving a person leave to see patients, and ending it.

Owns: how a grant begins and ends, and who did it. A grant is never changed otherwise nor deleted, so that it can be
said later who could see whom when; `people.scope` has the rule what grants allow. Imports nothing of ours outside
`people`.
"""

from datetime import UTC, date

from django.contrib.auth.models import User
from django.db.models import Q
from django.utils import timezone

from people import audit
from people.errors import GrantRefused
from people.models import Grant, Patient
from people.scope import Scope

MAX_REASON = 200


def give_grant(
    user: User,
    *,
    patient: Patient | None,
    reason: str,
    by: Scope,
    valid_from: date | None = None,
    valid_until: date | None = None,
    origin: str = "",
) -> Grant:
    """Lets `user` see `patient` (None: all patients), by default from today (UTC) on and without an end.

    Raises `GrantRefused` without a reason, where the end is over or lies before the beginning, or for a patient who has
    withdrawn.
    """
    first = valid_from or today()
    check_grant(patient=patient, reason=reason, valid_from=first, valid_until=valid_until)
    grant = Grant(
        user=user,
        patient=patient,
        reason=reason.strip(),
        valid_from=first,
        valid_until=valid_until,
        given_by_id=by.user_id,
    )
    with audit.act("give grant", scope=by, question=words(grant), patients=touched(grant), origin=origin):
        grant.save()
    return grant


def check_grant(*, patient: Patient | None, reason: str, valid_from: date, valid_until: date | None) -> None:
    """Raises `GrantRefused` where no grant can be like this."""
    if not reason.strip():
        raise GrantRefused("A grant needs a reason, such as the number of the protocol.")
    if len(reason.strip()) > MAX_REASON:
        raise GrantRefused(f"The reason has {len(reason.strip())} characters; {MAX_REASON} are kept.")
    if valid_until is not None and valid_until < max(valid_from, today()):
        raise GrantRefused(f"The last day, {valid_until}, lies before the first or is over. Choose a later one.")
    if patient is not None and patient.withdrawn_at is not None:
        raise GrantRefused(f"Patient {patient.pk} has withdrawn: nobody is let see her.")


def revoke_grant(grant: Grant, *, by: Scope, origin: str = "") -> bool:
    """Ends the grant at once; whether it had not been revoked before."""
    question = f"grant={grant.pk} {words(grant)}"
    with audit.act("revoke grant", scope=by, question=question, patients=touched(grant), origin=origin):
        open_now = Grant.objects.filter(pk=grant.pk, revoked_at__isnull=True)
        return bool(open_now.update(revoked_at=timezone.now(), revoked_by_id=by.user_id))


def end_grant(grant: Grant, *, valid_until: date, by: Scope, origin: str = "") -> bool:
    """Lets the grant end sooner than it would, on a day that is not past; whether it did."""
    if valid_until < max(today(), grant.valid_from):
        raise GrantRefused(f"The last day, {valid_until}, lies before the first or is over. Choose a later one.")
    whom = grant.patient_id or "all"
    question = f"grant={grant.pk} user={grant.user.get_username()} patient={whom} until={valid_until.isoformat()}"
    with audit.act("end grant", scope=by, question=question, patients=touched(grant), origin=origin):
        longer = Q(valid_until__isnull=True) | Q(valid_until__gt=valid_until)
        rows = Grant.objects.filter(longer, pk=grant.pk, revoked_at__isnull=True)
        return bool(rows.update(valid_until=valid_until))


def grants_in_force(user: User) -> list[Grant]:
    """What the user has been granted and is not over: those that begin later too, which say so."""
    not_over = Q(valid_until__isnull=True) | Q(valid_until__gte=today())
    return list(
        Grant.objects.filter(not_over, user=user, revoked_at__isnull=True)
        .exclude(patient__withdrawn_at__isnull=False)
        .select_related("given_by")
        .order_by("patient_id", "valid_from")
    )


def today() -> date:
    """The day that grants are counted by: UTC's."""
    return timezone.now().astimezone(UTC).date()


def words(grant: Grant) -> str:
    """A grant as the audit says it; the reason stands in the grant alone, for it is a person's own words."""
    until = grant.valid_until.isoformat() if grant.valid_until else "open"
    whom = grant.patient_id or "all"
    return f"user={grant.user.get_username()} patient={whom} from={grant.valid_from.isoformat()} until={until}"


def touched(grant: Grant) -> list[str]:
    return [grant.patient_id] if grant.patient_id else []
