"""Patients by their IDs."""

import pytest
from django.utils import timezone

from people.errors import BadPatientId, PatientUnknown, PatientWithdrawn
from people.models import Patient
from people.patients import add_patient, find_patient, parse_patient_id
from people.scope import scope_for, server_scope
from tests.people.makers import grant, make_user
from tests.shared_database import at_once

pytestmark = pytest.mark.database


@pytest.mark.parametrize("text", ["2002", "a", "A-b-1", "0", "x" * 40, "a--b", "withheld2", "1-withheld"])
def test_patient_ids_are_letters_digits_and_inner_hyphens(text):
    assert parse_patient_id(text) == text


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "-a",
            "a-",
            "-",
            "x" * 41,
            "a b",
            "a_b",
            "a.b",
            "2002\n",
            " 2002",
            "٢٠٠٢",
            "９９９９",
            "Zoë",
            "a/b",
            "a\0b",
        ),
        *("a\0b", "withheld", "Withheld", "WITHHELD"),
    ],
)
def test_everything_else_is_refused_with_its_value_and_never_kept(text):
    with pytest.raises(BadPatientId) as refused:
        parse_patient_id(text)
    assert repr(text) in str(refused.value)
    assert not refused.value.may_be_kept


def test_the_refusal_says_the_rule():
    with pytest.raises(BadPatientId, match=r"1 to 40 of the letters.*digits 0 to 9 and hyphens"):
        parse_patient_id("Doe, Jane")


def test_an_id_that_differs_only_by_case_is_the_same_patient_as_first_written():
    first, made = add_patient("Ab-1")
    again, made_again = add_patient("aB-1")
    assert (first.pk, made) == ("Ab-1", True)
    assert (again.pk, made_again) == ("Ab-1", False)
    assert [patient.pk for patient in Patient.objects.all()] == ["Ab-1"]


def test_who_has_withdrawn_is_not_added_again():
    Patient.objects.create(id="2002", withdrawn_at=timezone.now())
    with pytest.raises(PatientWithdrawn, match="2002"):
        add_patient("2002")


def test_a_patient_is_found_in_any_case():
    add_patient("Ab-1")
    assert find_patient("aB-1", scope=server_scope(means="command")).pk == "Ab-1"


def test_an_unknown_patient_is_refused_with_the_nearest_known():
    for known in ("2007", "2071", "9999"):
        add_patient(known)
    with pytest.raises(PatientUnknown, match=r"'2070'.*manage\.py add_patient 2070") as refused:
        find_patient("2070", scope=server_scope(means="command"))
    assert set(refused.value.nearest) == {"2007", "2071"}
    assert Patient.objects.count() == 3


def test_a_patient_outside_the_scope_is_as_unknown_as_one_that_does_not_exist():
    user = make_user()
    for known in ("2007", "2008", "2009"):
        add_patient(known)
    grant(user, patient="2007")
    scope = scope_for(user, means="page")
    messages = {}
    for asked in ("2008", "2006"):
        with pytest.raises(PatientUnknown) as refused:
            find_patient(asked, scope=scope)
        assert refused.value.nearest == ("2007",)
        messages[asked] = str(refused.value)
    assert messages["2008"].replace("2008", "?") == messages["2006"].replace("2006", "?")
    assert "2009" not in messages["2008"]
    assert find_patient("2007", scope=scope).pk == "2007"


def test_only_who_sees_all_is_told_of_a_withdrawal():
    user = make_user()
    add_patient("2007")
    grant(user, patient="2007")
    Patient.objects.filter(pk="2007").update(withdrawn_at=timezone.now())
    with pytest.raises(PatientWithdrawn):
        find_patient("2007", scope=server_scope(means="command"))
    with pytest.raises(PatientUnknown):
        find_patient("2007", scope=scope_for(user, means="page"))


def test_of_many_who_add_one_patient_at_once_one_makes_it(shared_database):
    spellings = ["ab-1", "Ab-1", "aB-1", "AB-1"] * 2
    made = at_once(lambda number: add_patient(spellings[number]), threads=len(spellings))
    assert sum(created for _, created in made) == 1
    assert len({patient.pk for patient, _ in made}) == 1
