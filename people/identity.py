"""Keyed hashes of what identifies people, so that it can be compared and never read.

Owns: how a hash is made (HMAC-SHA256 under `IDENTITY_KEY`, apart for each purpose and each patient) and the surgery
date, of which nothing but its hash is ever stored, logged or said. Losing the key loses every comparison.
"""

import hashlib
import hmac
from datetime import date

from django.conf import settings

from people.errors import OtherSurgeryDate, PatientWithdrawn
from people.models import Patient


def keyed_hash(value: str, *, purpose: str, patient: str) -> str:
    """64 hex digits for `value`: equal for equal values of one purpose and one patient (in any case)."""
    # A purpose and a patient ID hold no NUL, so no two questions give one message.
    message = "\0".join((purpose, patient.lower(), value)).encode()
    return hmac.new(settings.IDENTITY_KEY.encode(), message, hashlib.sha256).hexdigest()


def surgery_date_hash(patient: str, *, surgery_date: date) -> str:
    """The hash under which the date of a patient's implantation is remembered."""
    return keyed_hash(surgery_date.isoformat(), purpose="surgery date", patient=patient)


def check_surgery_date(patient: str, *, surgery_date: date) -> bool:
    """Whether this date is remembered for the patient (ID as first written); False: none is remembered yet.

    Raises `OtherSurgeryDate` where another one is, `PatientWithdrawn`, and `Patient.DoesNotExist`.
    """
    row = Patient.objects.get(pk=patient)
    if row.withdrawn_at is not None:
        raise PatientWithdrawn(f"Patient {patient} has withdrawn: nothing of this patient is ingested.")
    if not row.surgery_date_hash:
        return False
    if not hmac.compare_digest(row.surgery_date_hash, surgery_date_hash(patient, surgery_date=surgery_date)):
        raise OtherSurgeryDate(
            f"The surgery date given is not the one that patient {patient} was ingested with before. Check the patient "
            "and the date of the implantation; two dates for one patient would move her recordings apart, so this "
            "cannot be forced."
        )
    return True


def remember_surgery_date(patient: str, *, surgery_date: date) -> None:
    """Remembers the date for the patient, for good; the same again changes nothing. Safe when two do it at once.

    Raises as `check_surgery_date`.
    """
    blank = Patient.objects.filter(pk=patient, surgery_date_hash="", withdrawn_at__isnull=True)
    if not blank.update(surgery_date_hash=surgery_date_hash(patient, surgery_date=surgery_date)):
        check_surgery_date(patient, surgery_date=surgery_date)


def forget_surgery_date(patient: str) -> None:
    """Forgets the date of a patient of whom no recording is held, so that it may be given anew."""
    Patient.objects.filter(pk=patient).update(surgery_date_hash="")
