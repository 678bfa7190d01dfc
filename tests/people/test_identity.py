"""Keyed hashes and the surgery date."""

from datetime import date

import pytest
from django.utils import timezone

from people.errors import OtherSurgeryDate, PatientWithdrawn
from people.identity import check_surgery_date, keyed_hash, remember_surgery_date, surgery_date_hash
from people.models import Patient
from people.patients import add_patient
from tests.shared_database import at_once

pytestmark = pytest.mark.database
THE_DAY, ANOTHER = date(2017, 1, 28), date(2017, 1, 29)


def test_a_hash_is_repeatable_and_apart_for_each_value_purpose_patient_and_key(settings):
    settings.IDENTITY_KEY = "one"
    first = keyed_hash("Jane", purpose="name", patient="Ab-1")
    assert first == keyed_hash("Jane", purpose="name", patient="aB-1")
    others = {
        keyed_hash("Janet", purpose="name", patient="Ab-1"),
        keyed_hash("Jane", purpose="code", patient="Ab-1"),
        keyed_hash("Jane", purpose="name", patient="Ab-2"),
    }
    settings.IDENTITY_KEY = "two"
    others.add(keyed_hash("Jane", purpose="name", patient="Ab-1"))
    assert len(others | {first}) == 5
    assert len(first) == 64


def test_the_hash_is_the_published_function(settings):
    settings.IDENTITY_KEY = "key"
    # printf 'surgery date\0002002\0002017-01-28' | openssl dgst -sha256 -hmac key
    expected = "830057a7fbee838553e59f69a16baffca32399aaf7f6159df8a11b3c4d1d9bb4"
    assert surgery_date_hash("2002", surgery_date=THE_DAY) == expected


def test_a_date_is_remembered_once_and_never_stored():
    add_patient("2002")
    assert check_surgery_date("2002", surgery_date=THE_DAY) is False
    remember_surgery_date("2002", surgery_date=THE_DAY)
    remember_surgery_date("2002", surgery_date=THE_DAY)
    assert check_surgery_date("2002", surgery_date=THE_DAY) is True
    stored = Patient.objects.get(pk="2002").surgery_date_hash
    assert stored == surgery_date_hash("2002", surgery_date=THE_DAY)
    assert "2017" not in stored[:10]


@pytest.mark.parametrize("function", [check_surgery_date, remember_surgery_date])
def test_another_date_is_refused_without_saying_either(function):
    add_patient("2002")
    remember_surgery_date("2002", surgery_date=THE_DAY)
    before = Patient.objects.get(pk="2002").surgery_date_hash
    with pytest.raises(OtherSurgeryDate, match="patient 2002") as refused:
        function("2002", surgery_date=ANOTHER)
    assert "2017" not in str(refused.value)
    assert Patient.objects.get(pk="2002").surgery_date_hash == before


@pytest.mark.parametrize("function", [check_surgery_date, remember_surgery_date])
def test_nothing_is_remembered_of_who_has_withdrawn(function):
    Patient.objects.create(id="2002", withdrawn_at=timezone.now())
    with pytest.raises(PatientWithdrawn):
        function("2002", surgery_date=THE_DAY)
    assert Patient.objects.get(pk="2002").surgery_date_hash == ""


def test_of_two_dates_given_at_once_one_is_refused(shared_database):
    for attempt in range(5):
        patient = f"20{attempt:02}"
        add_patient(patient)
        dates = [THE_DAY, ANOTHER] * 3

        def give(number, patient=patient, dates=dates):
            try:
                remember_surgery_date(patient, surgery_date=dates[number])
            except OtherSurgeryDate:
                return None
            return dates[number]

        taken = set(at_once(give, threads=len(dates))) - {None}
        assert len(taken) == 1
        assert check_surgery_date(patient, surgery_date=taken.pop())
