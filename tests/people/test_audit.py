"""The audit: intent before the act, outcome after it, and no change ever."""

import signal
import subprocess
import sys
from datetime import timedelta
from os import environ

import pytest
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import ProtectedError
from django.utils import timezone

from people import audit
from people.errors import AuditIsFinal, BadPatientId, PatientWithdrawn, kept_reason
from people.models import AuditedPatient, AuditEntry
from people.scope import scope_for, server_scope
from tests.people.makers import make_user
from tests.shared_database import at_once

pytestmark = pytest.mark.database


class CannotReadFile(Exception):
    """An error of another app, whose message may hold anything."""


class Cancelled(Exception):
    audit_outcome = "cancelled"


@pytest.fixture
def scope(db):
    return server_scope(means="command")


def touched(entry):
    return sorted(entry.patients.values_list("patient", flat=True))


def test_the_intent_is_written_before_the_act_and_the_outcome_after_it():
    user = make_user()
    before = timezone.now()
    scope = scope_for(user, means="zip")
    with audit.act("download", scope=scope, question="patient=2002", patients=["2002"], origin="10.0.0.7") as opened:
        entry = AuditEntry.objects.get()
        assert entry.is_open
        assert entry.outcome_text == "outcome unknown"
        assert (entry.act, entry.by_name, entry.user, entry.means) == ("download", "alice", user, "zip")
        assert (entry.question, entry.origin, touched(entry)) == ("patient=2002", "10.0.0.7", ["2002"])
        assert before <= entry.at <= timezone.now()
        opened.add_patients(["2003", "2002"])
        assert touched(entry) == ["2002", "2003"]
        opened.add_bytes(5)
        opened.add_bytes(2**40)
    entry = AuditEntry.objects.get()
    assert (entry.outcome, entry.reason, entry.bytes, entry.is_open) == ("done", "", 5 + 2**40, False)
    assert entry.at <= entry.closed_at <= timezone.now() + timedelta(seconds=1)


@pytest.mark.parametrize(
    ("error", "outcome", "reason"),
    [
        (CannotReadFile("Jane Doe 1970-01-01.edf"), "failed", "CannotReadFile"),
        (PatientWithdrawn("Patient 2002 has withdrawn."), "refused", "PatientWithdrawn: Patient 2002 has withdrawn."),
        (BadPatientId("'Jane Doe' is not a patient ID"), "refused", "BadPatientId"),
        (PermissionDenied("Jane Doe"), "refused", "PermissionDenied"),
        (Cancelled("Jane Doe"), "cancelled", "Cancelled"),
        (KeyboardInterrupt(), "cancelled", "KeyboardInterrupt"),
        (SystemExit(1), "failed", "SystemExit"),
    ],
)
def test_an_error_goes_on_and_is_written_as_what_may_be_kept_of_it(scope, error, outcome, reason):
    def ingest():
        with audit.act("ingest", scope=scope) as opened:
            opened.add_bytes(7)
            raise error

    with pytest.raises(type(error)) as raised:
        ingest()
    assert raised.value is error
    entry = AuditEntry.objects.get()
    assert (entry.outcome, entry.reason, entry.bytes) == (outcome, reason, 7)


def test_a_stream_that_nobody_reads_on_is_cancelled(scope):
    def body():
        with audit.act("fetch", scope=scope) as opened:
            for _ in range(10):
                opened.add_bytes(1)
                yield b"x"

    stream = body()
    next(stream)
    next(stream)
    stream.close()
    entry = AuditEntry.objects.get()
    assert (entry.outcome, entry.bytes) == ("cancelled", 2)


def test_an_act_can_fail_or_be_refused_without_an_error(scope):
    with audit.act("ingest", scope=scope) as opened:
        opened.ends_as(audit.Outcome.FAILED, reason="2 of 40 files failed")
    entry = AuditEntry.objects.get()
    assert (entry.outcome, entry.reason) == ("failed", "2 of 40 files failed")


def test_a_long_reason_is_cut_to_its_column():
    assert len(kept_reason(PatientWithdrawn("x" * 2000))) == 500


def test_nothing_is_added_to_a_closed_act(scope):
    with audit.act("search", scope=scope) as opened:
        pass
    with pytest.raises(AuditIsFinal):
        opened.add_patients(["2002"])
    with pytest.raises(AuditIsFinal):
        opened.add_bytes(1)
    with pytest.raises(AuditIsFinal):
        opened.close(audit.Outcome.FAILED)
    entry = AuditEntry.objects.get()
    assert (entry.outcome, entry.bytes, touched(entry)) == ("done", 0, [])


def test_bytes_are_counted_from_many_threads(scope):
    with audit.act("download", scope=scope) as opened:
        at_once(lambda _number: [opened.add_bytes(1) for _ in range(2000)], threads=8)
    assert AuditEntry.objects.get().bytes == 16000


def change(entry):
    entry.outcome = "done"
    entry.save()


def overwrite(entry):
    AuditEntry.objects.bulk_create(
        [AuditEntry(pk=entry.pk, act="other")],
        update_conflicts=True,
        update_fields=["act"],
        unique_fields=["id"],
    )


FORBIDDEN = {
    "save": change,
    "delete": lambda entry: entry.delete(),
    "update": lambda _entry: AuditEntry.objects.update(act="other"),
    "filtered update": lambda entry: AuditEntry.objects.filter(pk=entry.pk).update(act="other"),
    "base manager": lambda _entry: AuditEntry._base_manager.all().update(act="other"),
    "queryset delete": lambda _entry: AuditEntry.objects.all().delete(),
    "bulk update": lambda entry: AuditEntry.objects.bulk_update([entry], ["act"]),
    "update or create": lambda entry: AuditEntry.objects.update_or_create(pk=entry.pk, defaults={"act": "other"}),
    "overwriting bulk create": overwrite,
    "patients save": lambda entry: entry.patients.get().save(),
    "patients delete": lambda entry: entry.patients.get().delete(),
    "patients update": lambda entry: entry.patients.update(patient="x"),
    "patients queryset delete": lambda _entry: AuditedPatient.objects.all().delete(),
}


@pytest.mark.parametrize("still_open", [True, False])
@pytest.mark.parametrize("name", FORBIDDEN)
def test_rows_are_neither_changed_nor_deleted(scope, name, still_open):
    with audit.act("search", scope=scope, patients=["2002"]):
        if still_open:
            self_made = list(AuditEntry.objects.values())
            with pytest.raises(AuditIsFinal), transaction.atomic():
                FORBIDDEN[name](AuditEntry.objects.get())
            assert list(AuditEntry.objects.values()) == self_made
    closed = list(AuditEntry.objects.values()), list(AuditedPatient.objects.values())
    with pytest.raises(AuditIsFinal), transaction.atomic():
        FORBIDDEN[name](AuditEntry.objects.get())
    assert (list(AuditEntry.objects.values()), list(AuditedPatient.objects.values())) == closed


def test_a_new_row_cannot_take_the_place_of_another(scope):
    with audit.act("search", scope=scope):
        pass
    entry = AuditEntry.objects.get()
    with pytest.raises(Exception, match=r"(?i)unique|duplicate"), transaction.atomic():
        AuditEntry(pk=entry.pk, act="other", by_name="x", means="x").save()
    assert AuditEntry.objects.get().act == "search"


def test_who_has_acted_is_deactivated_and_not_deleted():
    user = make_user()
    with audit.act("search", scope=scope_for(user, means="page")):
        pass
    with pytest.raises(ProtectedError):
        user.delete()


def test_an_act_is_never_part_of_a_transaction_that_could_take_it_back(shared_database):
    scope = server_scope(means="command")
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"), audit.act("search", scope=scope):
        pass
    assert not AuditEntry.objects.exists()


KILLED = """
import os, signal
import django
django.setup()
from people import audit
from people.scope import server_scope
with audit.act("download", scope=server_scope(means="command"), patients=["2002"]):
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_process_leaves_its_intent_with_an_unknown_outcome(shared_database):
    killed = subprocess.run([sys.executable, "-c", KILLED], env=environ | shared_database, check=False)
    assert killed.returncode == -signal.SIGKILL
    entry = AuditEntry.objects.get()
    assert (entry.is_open, entry.outcome_text, touched(entry)) == (True, "outcome unknown", ["2002"])
