"""The audit in the Django admin: read and filtered, never changed, and reading it is written down."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from people.audit_list import entries, touched
from people.models import AuditedPatient, AuditEntry
from people.patients import add_patient
from tests.people.makers import grant, make_user
from tests.people.test_audit_answers import entry

pytestmark = pytest.mark.database(transaction=True)
LIST = "admin:people_auditentry_changelist"


@pytest.fixture
def admin(client):
    user = make_user("ada", is_staff=True, is_superuser=True)
    client.force_login(user)
    return user


@pytest.fixture
def acts() -> list[int]:
    add_patient("2002")
    add_patient("2003")
    alice = make_user("alice")
    return [
        entry("look", "2002", user=alice).pk,
        entry("fetch", "2002", "2003", user=alice, means="token").pk,
        entry("ingest", "2003", by_name="server", means="command").pk,
    ]


def shown(client, **words) -> list[int]:
    rows = client.get(reverse(LIST), words).context["cl"].result_list
    return [row.pk for row in rows if row.act != "read audit"]


@pytest.mark.usefixtures("admin")
def test_entries_are_found_by_patient_user_act_and_means(client, acts):
    look, fetch, ingest = acts
    assert shown(client) == [ingest, fetch, look]
    assert shown(client, patient="2002") == shown(client, q="2002") == [fetch, look]
    assert shown(client, by="alice") == shown(client, q="alice") == [fetch, look]
    assert shown(client, by="server") == [ingest]
    assert shown(client, act="fetch", days="1") == shown(client, means="token") == [fetch]
    assert shown(client, by="alice", patient="2003") == [fetch]
    assert shown(client, q="nobody") == shown(client, patient="x") == []


def test_reading_is_written_down(client, acts, admin):
    client.get(reverse(LIST), {"patient": "2002"})
    client.get(reverse("admin:people_auditentry_change", args=[acts[1]]))
    client.get(reverse("admin:people_auditedpatient_changelist"), {"patient": "2003"})
    read = AuditEntry.objects.filter(act="read audit").order_by("pk")
    assert [(each.user_id, each.question, each.outcome) for each in read] == [
        (admin.pk, "patient=2002", "done"),
        (admin.pk, f"auditentry {acts[1]}", "done"),
        (admin.pk, "patient=2003", "done"),
    ]
    assert [[row.patient for row in each.patients.all()] for each in read] == [["2002"], [], ["2003"]]


@pytest.mark.usefixtures("admin")
@pytest.mark.parametrize("model", ["auditentry", "auditedpatient"])
def test_nobody_changes_the_audit(client, acts, model):
    before = list(AuditedPatient.objects.values())
    for name, arguments in (("add", []), ("change", [acts[0]]), ("delete", [acts[0]])):
        response = client.post(reverse(f"admin:people_{model}_{name}", args=arguments), {"act": "x", "post": "yes"})
        assert response.status_code in {302, 403}
    assert list(AuditedPatient.objects.filter(entry_id__in=acts).values()) == before
    assert AuditEntry.objects.get(pk=acts[0]).act == "look"


@pytest.mark.usefixtures("acts")
@pytest.mark.parametrize("model", ["auditentry", "auditedpatient"])
def test_a_researcher_and_a_data_manager_are_not_let_in(client, model):
    researcher, manager = make_user("rita"), make_user("mia", is_staff=True)
    grant(researcher)
    for user, status in ((researcher, 302), (manager, 403)):
        client.force_login(user)
        assert client.get(reverse(f"admin:people_{model}_changelist")).status_code == status
    assert not AuditEntry.objects.filter(act="read audit").exists()


def test_the_lists_walk_an_index_and_sort_nothing(acts):
    others = [make_user(f"user{number}") for number in range(20)]
    when = timezone.now() - timedelta(days=300)
    AuditEntry.objects.bulk_create(
        AuditEntry(act="look", by_name="x", means="page", user=others[hour % 20], at=when + timedelta(hours=hour))
        for hour in range(7_000)
    )
    written = AuditEntry.objects.filter(act="look", by_name="x").values_list("pk", flat=True)
    AuditedPatient.objects.bulk_create(AuditedPatient(entry_id=pk, patient=f"20{pk % 50:02}") for pk in written)
    mysql = connection.vendor == "mysql"
    for words in (
        {},
        {"days": "7"},
        {"by": "alice"},
        {"by": "alice", "days": "7"},
        {"patient": "2003"},
        {"act": "fetch"},
    ):
        with CaptureQueriesContext(connection) as captured:
            assert list(entries(words)[:100]), words
            if set(words) <= {"patient"}:
                assert list(touched(words)[:100])
        for query in captured.captured_queries:
            if "ORDER BY" not in query["sql"]:
                continue
            with connection.cursor() as cursor:
                cursor.execute(("EXPLAIN " if mysql else "EXPLAIN QUERY PLAN ") + query["sql"].replace("%", "%%"))
                plan = str(cursor.fetchall())
            assert "TEMP B-TREE" not in plan, (words, plan)
            assert "filesort" not in plan, (words, plan)
    assert acts
