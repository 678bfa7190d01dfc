"""Patients by their IDs: what an ID may be, making a patient, finding one.

Owns: the rule of patient IDs and that IDs which differ only by case are one patient. Imports nothing of ours outside
`people`.
"""

import difflib
import re

from people.errors import BadPatientId, PatientUnknown, PatientWithdrawn
from people.models import Patient
from people.scope import Scope

_PATIENT_ID = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,38}[A-Za-z0-9])?")
RESERVED = frozenset({"withheld"})  # <bucket prefix>withheld holds the texts that no researcher reads
NEAREST = 3


def parse_patient_id(text: str) -> str:
    """`text` itself where it is a patient ID; raises `BadPatientId` with the rule where it is not."""
    if not _PATIENT_ID.fullmatch(text):
        raise BadPatientId(
            f"{text!r} is not a patient ID: 1 to 40 of the letters A to Z and a to z, the digits 0 to 9 and hyphens, "
            "beginning and ending with a letter or digit, such as 2002."
        )
    if text.lower() in RESERVED:
        raise BadPatientId(f"{text!r} cannot be a patient ID: the name is taken for a bucket. Choose another.")
    return text


def add_patient(text: str) -> tuple[Patient, bool]:
    """The patient of this ID, and whether she was made just now.

    An ID that differs only by case is the same patient, who keeps the ID as first written.
    Raises `BadPatientId`, and `PatientWithdrawn`: who has withdrawn does not come back.
    """
    patient_id = parse_patient_id(text)
    patient, created = Patient.objects.get_or_create(folded=patient_id.lower(), defaults={"id": patient_id})
    _refuse_withdrawn(patient)
    return patient, created


def find_patient(text: str, *, scope: Scope) -> Patient:
    """The patient of this ID, in any case, if `scope` allows her.

    Raises `BadPatientId`; `PatientUnknown`, for one that exists outside the scope too, with the most similar IDs
    inside it; `PatientWithdrawn`, which only who sees all is told.
    """
    patient_id = parse_patient_id(text)
    patient = Patient.objects.filter(folded=patient_id.lower()).first()
    if patient is not None and scope.sees_all:
        _refuse_withdrawn(patient)
    if patient is None or not scope.allows(patient.pk):
        raise _unknown(patient_id, scope=scope)
    return patient


def _refuse_withdrawn(patient: Patient) -> None:
    if patient.withdrawn_at is not None:
        raise PatientWithdrawn(
            f"Patient {patient.pk} has withdrawn: nothing of this patient is ingested, shown or brought back."
        )


def _unknown(patient_id: str, *, scope: Scope) -> PatientUnknown:
    nearest = difflib.get_close_matches(patient_id, scope.visible(scope.patients), n=NEAREST)
    message = f"There is no patient {patient_id!r}."
    if nearest:
        message += f" The most similar: {', '.join(nearest)}."
    if scope.sees_all:
        message += f" A new patient is made with: manage.py add_patient {patient_id}"
    return PatientUnknown(message, nearest=nearest)
