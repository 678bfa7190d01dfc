"""The page of what could not be indexed: who sees it, and that a hostile key is only text."""

from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from chunks.fault_page import PAGE_ROWS
from chunks.models import IndexFault
from people.models import AuditedPatient
from people.patients import add_patient
from people.roles import Role
from tests.people.makers import grant, make_user, with_role

pytestmark = pytest.mark.database(transaction=True)
MOMENT = datetime(2026, 5, 1, 12, 30, tzinfo=UTC)
HOSTILE = "day1_000000/<script>alert(1)</script>_chunk-0.chn"


def fault(key: str, *, bucket: str = "edf-chunks-2002") -> IndexFault:
    return IndexFault.objects.create(
        bucket=bucket, object_key=key, reason="It is no chunk.", first_seen=MOMENT, last_seen=MOMENT, times=3
    )


def browser(name: str, role: Role) -> Client:
    client = Client()
    client.force_login(with_role(make_user(name), role))
    return client


def page(client: Client, address: str = "/index-faults") -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_data_manager_sees_what_is_wrong_and_the_audit_knows() -> None:
    add_patient("2002")
    fault(HOSTILE)
    fault("0b9c-message", bucket="")
    fault("x_chunk-1.chn", bucket="edf-chunks-nobody")
    client = browser("dora", Role.DATA_MANAGER)
    told = page(client)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in told
    assert "<script>alert" not in told
    for words in ("It is no chunk.", "2026-05-01 12:30", "a message", "edf-chunks-nobody", "reindex --patient ID"):
        assert words in told
    assert [row.patient for row in AuditedPatient.objects.filter(entry__question="index faults")] == ["2002"]
    assert "Index faults" in page(client, "/admin/")


def test_a_researcher_is_turned_away() -> None:
    fault(HOSTILE)
    assert browser("ann", Role.RESEARCHER).get("/index-faults").status_code == 403


def test_who_sees_some_patients_sees_the_faults_of_those() -> None:
    for patient in ("2002", "2003"):
        add_patient(patient)
        fault(f"of-{patient}_chunk-0.chn", bucket=f"edf-chunks-{patient}")
    fault("message", bucket="")
    user = with_role(make_user("carl"), Role.RESEARCHER)
    user.user_permissions.add(Permission.objects.get(codename="ingest"))
    grant(user, patient="2003")
    client = Client()
    client.force_login(user)
    told = page(client)
    assert "of-2003" in told
    assert "of-2002" not in told
    assert "a message" not in told


def test_many_are_shown_a_page_at_a_time() -> None:
    rows = [fault(f"{number:04}_chunk-0.chn", bucket="edf-chunks-x") for number in range(PAGE_ROWS + 1)]
    client = browser("dora", Role.DATA_MANAGER)
    first = page(client)
    assert rows[0].object_key not in first
    assert f"?before={rows[1].pk}" in first
    assert rows[0].object_key in page(client, f"/index-faults?before={rows[1].pk}")
    assert rows[-1].object_key in page(client, "/index-faults?before=x")


def test_nothing_wrong_is_said() -> None:
    assert "Nothing is wrong" in page(browser("dora", Role.DATA_MANAGER))
