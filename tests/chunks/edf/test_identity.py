import datetime as dt

import pytest

from chunks.edf.errors import NotWritable
from chunks.edf.identity import format_identity, format_recording_field, parse_identity, parse_recording_field


def test_subfields_of_a_patient_field_are_read() -> None:
    identity, fits = parse_identity("MCH-0234567 F 02-MAY-1951 Haagse_Harry")
    assert fits
    assert (identity.code, identity.sex, identity.birth_date, identity.name) == (
        "MCH-0234567",
        "F",
        "02-MAY-1951",
        "Haagse_Harry",
    )


def test_unknown_subfields_are_none() -> None:
    identity, fits = parse_identity("X X X X")
    assert fits
    assert (identity.code, identity.sex, identity.birth_date, identity.name) == (None, None, None, None)


@pytest.mark.parametrize("text", ["", "standard EEG", "Haagse Harry 1951", "X X X", "X Z 02-MAY-1951 X"])
def test_a_patient_field_of_another_form_keeps_its_text(text: str) -> None:
    identity, fits = parse_identity(text)
    assert not fits
    assert identity.text == text
    assert identity.name is None


def test_subfields_of_a_recording_field_are_read() -> None:
    field, fits = parse_recording_field("Startdate 02-MAR-2002 EMG561 BK/JOP Sony. MNC R Median Nerve.")
    assert fits
    assert field.start_date == dt.date(2002, 3, 2)
    assert (field.administration, field.technician, field.equipment) == ("EMG561", "BK/JOP", "Sony.")


def test_a_short_recording_field_still_gives_its_date() -> None:
    field, fits = parse_recording_field("Startdate 02-MAR-2002 X")
    assert not fits
    assert field.start_date == dt.date(2002, 3, 2)
    assert field.equipment is None


@pytest.mark.parametrize("text", ["26.08.23", "", "Modular EEG  Unit"])
def test_a_recording_field_of_another_form_has_no_date(text: str) -> None:
    field, fits = parse_recording_field(text)
    assert not fits
    assert field.start_date is None


def test_neither_shows_a_person_or_a_date() -> None:
    identity, _ = parse_identity("MCH-0234567 F 02-MAY-1951 Haagse_Harry")
    field, _ = parse_recording_field("Startdate 02-MAR-2002 EMG561 BK/JOP Sony")
    for secret in ("MCH", "1951", "Harry", "2002", "EMG561", "JOP"):
        assert secret not in repr(identity) + repr(field)


def test_what_is_written_is_read() -> None:
    text = format_identity(code="A 1", sex="F", birth_date=dt.date(1951, 5, 2), name="Haagse Harry")
    assert parse_identity(text)[0].name == "Haagse_Harry"
    assert parse_identity(text)[0].code == "A_1"
    text = format_recording_field(dt.date(2002, 3, 2), equipment="Box 7")
    assert text == "Startdate 02-MAR-2002 X X Box_7"
    assert parse_recording_field(text)[1]


def test_a_sex_that_the_field_does_not_know_is_refused() -> None:
    with pytest.raises(NotWritable):
        format_identity(sex="female")
