"""A portal of its own in another process, for the drill of backup and restore: filled, asked, compared."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.environment import portal_environment

ROOT = Path(__file__).parents[2]

FILL = """
from datetime import date
from django.contrib.auth.models import Group, User
from django.utils import timezone
from jobs.models import Job
from people import audit
from people.identity import remember_surgery_date
from people.models import AuditedPatient, AuditEntry, Grant, Patient, Token
from people.patients import add_patient
from people.scope import scope_for, server_scope

alice = User.objects.create_user("alice", password="a long pass phrase")
alice.groups.add(Group.objects.get(name="researcher"))
gina = User.objects.create_user("gina", password="another long phrase", is_staff=True)
for patient in ("2002", "Ab-1"):
    add_patient(patient)
remember_surgery_date("2002", surgery_date=date(2017, 1, 28))
Grant.objects.create(
    user=alice, patient_id="2002", valid_from=date(2025, 1, 1), reason="protocol 7 — ‘é’", given_by=gina
)
Token.objects.create(user=alice, name="laptop", digest="d" * 64, beginning="ecog_abc", expires_at=timezone.now())
Job.objects.create(kind="bundle", asker=alice, asker_name="alice", question="patient=2002", question_key="k",
                   result={"rows": [1, None, "x"]})
for number in range(20):
    with audit.act("search", scope=scope_for(alice, means="page"), question=f"n={number}\\u2028", patients=["2002"]):
        pass
AuditEntry.objects.bulk_create(
    AuditEntry(act="look", by_name="alice", user=alice, means="page", question=f"n={number}") for number in range(2_480)
)
looked = AuditEntry.objects.filter(act="look").values_list("pk", flat=True)
AuditedPatient.objects.bulk_create(AuditedPatient(entry_id=pk, patient="2002") for pk in looked)
audit.begin("fetch", scope=server_scope(means="command"), patients=["2002", "Ab-1"])
"""

SAY = """
import json
from datetime import date
from django.contrib.auth import authenticate
from django.contrib.auth.models import User
from django.test import RequestFactory
from django.core.serializers.json import DjangoJSONEncoder
from jobs.models import Job
from people.errors import OtherSurgeryDate
from people.identity import check_surgery_date
from people.models import AuditEntry, AuditedPatient, Grant, Patient, Token

def rows(model, **only):
    found = model.objects.filter(**only).order_by("pk").values()
    plain = lambda value: value.isoformat() if hasattr(value, "isoformat") else value
    return [{name: plain(value) for name, value in row.items()} for row in found]

def date_is_known():
    try:
        return check_surgery_date("2002", surgery_date=date(2017, 1, 28))
    except OtherSurgeryDate:
        return False

request = RequestFactory().post("/login/")
alice = User.objects.get(username="alice")
last = AuditEntry.objects.exclude(act__in=["restore backup", "back up"])
kept = list(last.order_by("pk").values_list("pk", flat=True))
print(json.dumps({
    "logs in": authenticate(request, username="alice", password="a long pass phrase") is not None,
    "role": [group.name for group in alice.groups.all()],
    "may search": alice.has_perm("people.search"),
    "date is known": date_is_known(),
    "patients": rows(Patient), "grants": rows(Grant), "tokens": rows(Token), "jobs": rows(Job),
    "users": rows(User),
    "entries": rows(AuditEntry, pk__in=kept[:300] + kept[-300:]) , "count": len(kept),
    "touched": AuditedPatient.objects.filter(entry__in=kept[-300:]).count(),
}))
"""

HEADER = "import django; django.setup()\n"


def run(environment: dict[str, str], code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", HEADER + code], env=environment, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def manage(environment: dict[str, str], *words: str, fails: bool = False) -> str:
    done = subprocess.run(
        [sys.executable, "manage.py", *words], env=environment, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode != 0) is fails, done.stdout + done.stderr
    return done.stdout + done.stderr


def portal(folder: Path, *, filled: bool = False, **settings: str) -> dict[str, str]:
    """The environment of a migrated portal."""
    environment = portal_environment(folder, **settings)
    manage(environment, "migrate", "--database", "default", "--verbosity", "0")
    if filled:
        run(environment, FILL)
    return environment


def said(environment: dict[str, str]) -> dict[str, Any]:
    return json.loads(run(environment, SAY))
