"""What the administrators' list of the audit is asked for, and the entries that answer it.

Owns: the form of these queries. The newest entry comes first, along an index: of a patient (patient, entry), of a user
(user, at), of the last days (at), else the row's number; what else is asked for is passed by on the way.
"""

from collections.abc import Mapping
from datetime import timedelta

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.utils import timezone

from people.models import AuditedPatient, AuditEntry

PATIENT, USER, ACT, MEANS, SINCE = "patient", "by", "act", "means", "days"
DAYS = (1, 7, 30, 365)
SERVER = "server"


def entries(words: Mapping[str, str]) -> QuerySet[AuditEntry]:
    """The entries asked for by the parameters of an address; `q` is a patient's ID or a user's name."""
    found, patient, user = AuditEntry.objects.all(), words.get(PATIENT, ""), words.get(USER, "")
    if searched := words.get("q", "").strip():
        if AuditedPatient.objects.filter(patient=searched).exists():
            patient = patient or searched
        else:
            user = user or searched
    if patient:
        found = found.filter(patients__patient=patient)
    if user:
        found = found.filter(user=None) if user == SERVER else found.filter(user=_user(user))
    if words.get(ACT):
        found = found.filter(act=words[ACT])
    if words.get(MEANS):
        found = found.filter(means=words[MEANS])
    if words.get(SINCE, "") in map(str, DAYS):
        found = found.filter(at__gte=timezone.now() - timedelta(days=int(words[SINCE])))
    if patient:
        return found.order_by("-patients__entry_id")
    return found.order_by("-at", "-pk") if user or words.get(SINCE) else found.order_by("-pk")


def touched(words: Mapping[str, str]) -> QuerySet[AuditedPatient]:
    """The patients that acts touched; `q` is a patient's ID."""
    found, patient = AuditedPatient.objects.select_related("entry"), words.get(PATIENT) or words.get("q", "").strip()
    return found.filter(patient=patient).order_by("-entry_id") if patient else found.order_by("-pk")


def _user(name: str) -> int | None:
    """The number of the user of that name; one that nobody has where there is none, so that nothing is found."""
    return User.objects.filter(username=name).values_list("pk", flat=True).first() or 0
