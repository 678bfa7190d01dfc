"""Whether a file's header speaks of the patient it is taken in for: keyed hashes of what earlier headers said.

Owns: the rows of `PatientIdentity`, the rule of agreement, and that nothing of a header is stored, logged or said.
Hashes are made under each patient's own key, so asking of all patients hashes a few times for each row. The values come
normalised from whoever reads headers; an empty one is unknown and agrees with everything.
"""

import hmac
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from people.errors import OtherIdentity, PatientWithdrawn
from people.identity import keyed_hash
from people.models import Patient, PatientIdentity
from people.scope import Scope

CHECKED = (
    "If it is the right one all the same, take it alone and say that you have checked it (--identity-checked, or the "
    "box on the page)."
)
_WORDS = {"name": "name", "birth_date": "birth date", "code": "patient code"}
# A shorter ID than this stands in many a field by chance.
_ID_LENGTH_MIN = 3


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a header says of who was recorded, normalised; empty: unknown."""

    name: str = field(default="", repr=False)
    birth_date: str = field(default="", repr=False)
    code: str = field(default="", repr=False)

    @property
    def is_known(self) -> bool:
        return bool(self.name or self.birth_date or self.code)


def check_identity(patient: str, said: Said, *, scope: Scope) -> None:
    """Nothing, where `said` may be this patient (ID as first written).

    Raises `OtherIdentity` where it disagrees with what is remembered of the patient, or is what is remembered of
    another one, who is named where `scope` allows it. Neither message holds anything of the header.
    """
    if not said.is_known:
        return
    mine = list(PatientIdentity.objects.filter(patient_id=patient))
    if differing := [word for column, word in _WORDS.items() if _differs(mine, said, column, patient=patient)]:
        those = " and ".join(filter(None, [", ".join(differing[:-1]), differing[-1]]))
        raise OtherIdentity(
            f"The {those} in the file's header {'is' if len(differing) == 1 else 'are'} not what earlier files of "
            f"patient {patient} say. Check whose recording it is. {CHECKED}"
        )
    if any(_same(row, said, column) for row in mine for column in ("name", "code")):
        return
    if other := next(_others(patient, said), None):
        who = f"patient {other}" if scope.allows(other) else "another patient"
        raise OtherIdentity(
            f"The file's header says what it says in files of {who}, not {patient}. Check whose recording it is. "
            f"{CHECKED}"
        )


def remember_identity(patient: str, said: Said, *, scope: Scope, checked: bool) -> None:
    """Remembers what a file says of the patient beside what is remembered.

    Where two files are taken at once the later one is checked against the earlier. Raises as `check_identity`, unless a
    person has `checked` it; and `PatientWithdrawn`.
    """
    with transaction.atomic():
        row = Patient.objects.select_for_update().get(pk=patient)
        if row.withdrawn_at is not None:
            raise PatientWithdrawn(f"Patient {patient} has withdrawn: nothing of this patient is ingested.")
        if not checked:
            check_identity(patient, said, scope=scope)
        if said.is_known:
            hashes: dict[str, Any] = {f"{column}_hash": _hash(patient, said, column) for column in _WORDS}
            PatientIdentity.objects.get_or_create(patient=row, **hashes)


def forget_identities(patient: str) -> None:
    """Forgets all that is remembered of a patient of whom no recording is held."""
    PatientIdentity.objects.filter(patient_id=patient).delete()


def _differs(rows: Sequence[PatientIdentity], said: Said, column: str, *, patient: str) -> bool:
    """Whether this is known of both, and of none of the rows the same."""
    known = [row for row in rows if getattr(row, f"{column}_hash")]
    return bool(known and getattr(said, column)) and not any(_same(row, said, column) for row in known)


def _others(patient: str, said: Said) -> Iterator[str]:
    """Other patients who are what is said: by ID, or by name or code where nothing else speaks against it."""
    words = {said.name.replace(" ", ""), said.code}
    for other in Patient.objects.exclude(pk=patient).filter(withdrawn_at__isnull=True).order_by("pk"):
        if len(other.pk) >= _ID_LENGTH_MIN and other.folded.replace("-", "") in words:
            yield other.pk
    for row in PatientIdentity.objects.exclude(patient_id=patient).order_by("patient_id", "pk"):
        known = [column for column in _WORDS if getattr(said, column) and getattr(row, f"{column}_hash")]
        if {"name", "code"} & set(known) and all(_same(row, said, column) for column in known):
            yield row.patient_id


def _same(row: PatientIdentity, said: Said, column: str) -> bool:
    stored, hashed = getattr(row, f"{column}_hash"), _hash(row.patient_id, said, column)
    return bool(stored and hashed) and hmac.compare_digest(stored, hashed)


def _hash(patient: str, said: Said, column: str) -> str:
    """Empty for what is unknown."""
    value: str = getattr(said, column)
    return keyed_hash(value, purpose=f"header's {_WORDS[column]}", patient=patient) if value else ""
