"""What earlier headers said of a patient, and files that say otherwise."""

import pytest
from django.utils import timezone

from people.errors import OtherIdentity, PatientWithdrawn
from people.models import Patient, PatientIdentity
from people.patient_identity import Said, check_identity, forget_identities, remember_identity
from people.patients import add_patient
from people.scope import scope_for, server_scope
from tests.people.makers import grant, make_user
from tests.shared_database import at_once

pytestmark = pytest.mark.database
JANE = Said(name="doe jane", birth_date="1951-05-02", code="mch0234567")
JOHN = Said(name="john smith", birth_date="1960-01-03", code="mch0777777")


def everybody():
    return server_scope(means="test")


@pytest.fixture
def patients(db):
    for each in ("2002", "2003"):
        add_patient(each)


def remember(patient, said, *, checked=False):
    return remember_identity(patient, said, scope=everybody(), checked=checked)


def check(patient, said, *, scope=None):
    check_identity(patient, said, scope=scope or everybody())


def test_the_first_file_is_remembered_as_hashes_alone(patients):
    check("2002", JANE)
    for _ in range(2):
        remember("2002", JANE)
    (row,) = PatientIdentity.objects.all()
    assert {len(each) for each in (row.name_hash, row.birth_date_hash, row.code_hash)} == {64}
    assert not any(each in str(vars(row)).lower() for each in ("jane", "1951", "mch"))
    assert "jane" not in repr(JANE).lower()
    check("2002", JANE)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (JOHN, "name, birth date and patient code in the file's header are not"),
        (Said(name="john smith"), "The name in the file's header is not"),
        (Said(name="doe jane", birth_date="1951-05-03"), "The birth date in the file's header is not"),
        (Said(code="1"), "The patient code in the file's header is not"),
    ],
)
def test_a_file_that_disagrees_is_refused_without_saying_what_it_says(patients, said, told):
    remember("2002", JANE)
    with pytest.raises(OtherIdentity, match=told) as refused:
        check("2002", said)
    assert not any(each and each in str(refused.value) for each in (said.name, said.birth_date, "jane", "1951"))


@pytest.mark.parametrize("said", [Said(), Said(name="doe jane"), Said(birth_date="1951-05-02", code="mch0234567")])
def test_what_is_unknown_agrees(patients, said):
    remember("2002", JANE)
    check("2002", said)


def test_what_a_person_has_checked_is_remembered_beside_the_other(patients):
    remember("2002", JANE)
    with pytest.raises(OtherIdentity):
        remember("2002", JOHN)
    remember("2002", JOHN, checked=True)
    for each in (JANE, JOHN):
        check("2002", each)
    with pytest.raises(OtherIdentity):
        check("2002", Said(name="third somebody"))


@pytest.mark.parametrize(
    "said", [JANE, Said(code=JANE.code), Said(name=JANE.name), Said(code="2002"), Said(name="2002")]
)
def test_a_file_that_is_another_patients_is_refused_and_names_who_may_be_seen(patients, said):
    remember("2002", JANE)
    with pytest.raises(OtherIdentity, match="patient 2002, not 2003"):
        check("2003", said)
    nurse = make_user("nurse")
    grant(nurse, patient="2003")
    with pytest.raises(OtherIdentity, match="another patient, not 2003") as refused:
        check("2003", said, scope=scope_for(nurse, means="page"))
    assert "2002" not in str(refused.value)


@pytest.mark.parametrize("said", [Said(birth_date=JANE.birth_date), Said(name=JANE.name, code="another")])
def test_a_birth_date_alone_or_a_name_with_another_code_is_not_another_patient(patients, said):
    remember("2002", JANE)
    check("2003", said)


def test_who_is_known_as_this_patient_is_not_taken_for_another_again(patients):
    remember("2002", JANE)
    remember("2003", JANE, checked=True)
    check("2003", JANE)


def test_what_is_remembered_of_one_patient_can_be_forgotten(patients):
    remember("2002", JANE)
    remember("2003", JOHN)
    forget_identities("2002")
    assert list(PatientIdentity.objects.values_list("patient", flat=True)) == ["2003"]
    check("2002", Said(name="somebody new"))


def test_nothing_is_remembered_of_who_has_withdrawn(patients):
    Patient.objects.filter(pk="2002").update(withdrawn_at=timezone.now())
    with pytest.raises(PatientWithdrawn):
        remember("2002", JANE)


def test_of_two_files_taken_at_once_the_one_that_disagrees_is_refused(shared_database):
    for attempt in range(5):
        patient = add_patient(f"20{attempt:02}")[0].pk

        def give(number, patient=patient):
            try:
                remember(patient, (JANE, JOHN)[number % 2])
            except OtherIdentity:
                return None
            return number % 2

        PatientIdentity.objects.all().delete()
        assert len(set(at_once(give, threads=4)) - {None}) == 1
        assert PatientIdentity.objects.count() == 1
