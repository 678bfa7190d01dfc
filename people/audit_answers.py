"""What the audit answers about one patient: who could see her when, who looked, who took what home.

Owns: which acts are looking and which are taking, and the form of the queries: the entries of a patient are walked
along the index (patient, entry) and read in pages, however many there are. Who has withdrawn stays answerable. Imports
nothing of ours outside `people`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from django.contrib.auth.models import User
from django.db.models import Q, QuerySet
from django.utils import timezone

from people.errors import PatientUnknown
from people.models import AuditedPatient, AuditEntry, Grant, Patient
from people.patients import parse_patient_id
from people.sight_by_role import sights

BATCH = 500
LOOKING = frozenset({"search", "look", "download, dry run"})
TAKING = frozenset({"make bundle", "fetch", "download"})
ALL_PATIENTS = "all patients"


class Part(StrEnum):
    """The parts of the answer that are acts; whatever is neither looking nor taking is the rest."""

    LOOKED = "looked"
    TOOK = "took home"
    REST = "other acts"


@dataclass(frozen=True, kw_only=True)
class Period:
    """Real days in UTC, both included; None is open."""

    first: date | None = None
    last: date | None = None

    @property
    def begin(self) -> datetime | None:
        return None if self.first is None else datetime.combine(self.first, time.min, tzinfo=UTC)

    @property
    def end(self) -> datetime | None:
        return None if self.last is None else datetime.combine(self.last + timedelta(days=1), time.min, tzinfo=UTC)

    def touches(self, since: datetime, until: datetime | None) -> bool:
        return (self.end is None or since < self.end) and (self.begin is None or until is None or self.begin < until)


@dataclass(frozen=True, kw_only=True)
class Seer:
    """Somebody who could see the patient from `since` until `until` (None: still can). `which`: the patient's ID, or
    all patients; `note`: what else has to be known."""

    user: str
    which: str
    since: datetime
    until: datetime | None
    reason: str
    given_by: str
    given_at: datetime | None
    revoked_by: str
    note: str


@dataclass(frozen=True, kw_only=True)
class Act:
    """One act that touched the patient. An open one has the outcome unknown."""

    entry: int
    at: datetime
    act: str
    part: Part
    user: str
    means: str
    origin: str
    question: str
    size_bytes: int
    outcome: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class ActPage:
    """Acts, the newest first; `older`: where the next page begins, None at the end."""

    acts: tuple[Act, ...]
    older: int | None


@dataclass(frozen=True, kw_only=True)
class AuditedPerson:
    """A patient as the audit knows her: also one of whom nothing else is left."""

    patient: str
    made_at: datetime | None
    withdrawn_at: datetime | None


def audited_person(text: str) -> AuditedPerson:
    """The patient of this ID, in any case. Raises `BadPatientId` and `PatientUnknown`."""
    patient_id = parse_patient_id(text)
    row = Patient.objects.filter(folded=patient_id.lower()).first()
    if row is not None:
        return AuditedPerson(patient=row.pk, made_at=row.created_at, withdrawn_at=row.withdrawn_at)
    if AuditedPatient.objects.filter(patient=patient_id).exists():
        return AuditedPerson(patient=patient_id, made_at=None, withdrawn_at=None)
    raise PatientUnknown(f"The audit knows no patient {patient_id!r}: check the ID.")


def who_could_see(person: AuditedPerson, *, period: Period) -> list[Seer]:
    """By grants for the patient or for all, then who saw or sees all patients by role; each within the period."""
    found = [*_by_grants(person), *_by_role(person)]
    return [each for each in found if period.touches(each.since, each.until)]


def page_of_acts(person: AuditedPerson, *, part: Part, period: Period, before: int | None = None, size: int) -> ActPage:
    """The acts of one part that are older than the entry `before`, the newest first."""
    touched = _touched(person, period=period).filter(_acts_of(part)).order_by("-entry_id")
    if before is not None:
        touched = touched.filter(entry_id__lt=before)
    rows = list(touched[: size + 1])
    older = rows[size - 1].entry_id if len(rows) > size else None
    return ActPage(acts=tuple(_act(row.entry) for row in rows[:size]), older=older)


def every_act(person: AuditedPerson, *, period: Period) -> Iterator[Act]:
    """All acts that touched the patient, the oldest first, read in batches."""
    touched, last = _touched(person, period=period).order_by("entry_id"), 0
    while rows := list(touched.filter(entry_id__gt=last)[:BATCH]):
        yield from (_act(row.entry) for row in rows)
        last = rows[-1].entry_id


def part_of(act: str) -> Part:
    if act in LOOKING:
        return Part.LOOKED
    return Part.TOOK if act in TAKING else Part.REST


def _touched(person: AuditedPerson, *, period: Period) -> QuerySet[AuditedPatient]:
    found = AuditedPatient.objects.filter(patient=person.patient).select_related("entry")
    if period.begin is not None:
        found = found.filter(entry__at__gte=period.begin)
    return found if period.end is None else found.filter(entry__at__lt=period.end)


def _acts_of(part: Part) -> Q:
    if part is Part.REST:
        return ~Q(entry__act__in=sorted(LOOKING | TAKING))
    return Q(entry__act__in=sorted(LOOKING if part is Part.LOOKED else TAKING))


def _act(entry: AuditEntry) -> Act:
    return Act(
        entry=entry.pk,
        at=entry.at,
        act=entry.act,
        part=part_of(entry.act),
        user=entry.by_name,
        means=entry.means,
        origin=entry.origin,
        question=entry.question,
        size_bytes=entry.bytes,
        outcome=entry.outcome_text,
        reason=entry.reason,
    )


def _by_grants(person: AuditedPerson) -> Iterator[Seer]:
    """A grant lets see from its first day, but not before it was given, nor before the patient was there."""
    grants = Grant.objects.filter(Q(patient_id=person.patient) | Q(patient_id__isnull=True))
    for grant in grants.select_related("user", "given_by", "revoked_by").order_by("given_at", "pk"):
        begins = datetime.combine(grant.valid_from, time.min, tzinfo=UTC)
        since = max(moment for moment in (begins, grant.given_at, person.made_at) if moment is not None)
        until = _first(_after(grant.valid_until), grant.revoked_at, person.withdrawn_at)
        if until is not None and until <= since:
            continue
        yield Seer(
            user=grant.user.get_username(),
            which=grant.patient_id or ALL_PATIENTS,
            since=since,
            until=until,
            reason=grant.reason,
            given_by=_name(grant.given_by),
            given_at=grant.given_at,
            revoked_by=_name(grant.revoked_by) if grant.revoked_at else "",
            note="" if grant.user.is_active else "the account is closed now",
        )


def _by_role(person: AuditedPerson) -> Iterator[Seer]:
    """Staff and superusers, while the patient was there."""
    for sight in sights(now=timezone.now()):
        since = sight.since if person.made_at is None else max(sight.since, person.made_at)
        until = _first(sight.until, person.withdrawn_at)
        if until is not None and until <= since:
            continue
        yield Seer(
            user=sight.username,
            which=ALL_PATIENTS,
            since=since,
            until=until,
            reason="superuser" if sight.superuser else "staff",
            given_by=sight.given_by,
            given_at=sight.since if sight.given_by else None,
            revoked_by=sight.ended_by,
            note=sight.note,
        )


def _after(last_day: date | None) -> datetime | None:
    return None if last_day is None else datetime.combine(last_day + timedelta(days=1), time.min, tzinfo=UTC)


def _first(*moments: datetime | None) -> datetime | None:
    return min((moment for moment in moments if moment is not None), default=None)


def _name(user: User | None) -> str:
    return "server" if user is None else user.get_username()
