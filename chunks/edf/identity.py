"""The two header fields that say who and by whom: EDF+'s subfields of `patient` and `recording`, both ways.

What stands here identifies people. It is for comparing files of one patient at the ingest and for leaving out of
everything else, so nothing of it shows in a `repr`. Source: edfplus.info/specs/edfplus.html 2.1.3.
"""

import datetime as dt
from dataclasses import dataclass, field

from chunks.edf.dates import format_long_date, parse_long_date
from chunks.edf.errors import NotWritable

UNKNOWN = "X"
_SEXES = ("M", "F", UNKNOWN)
_PATIENT_SUBFIELDS = 4
_RECORDING_SUBFIELDS = 5


@dataclass(frozen=True)
class Identity:
    """The patient field: its subfields where it has the form of EDF+ (None where unknown), and the whole text."""

    code: str | None = field(repr=False)
    sex: str | None = field(repr=False)
    birth_date: str | None = field(repr=False)
    name: str | None = field(repr=False)
    text: str = field(repr=False)


@dataclass(frozen=True)
class RecordingField:
    """The recording field: its subfields where it has the form of EDF+ (None where unknown), and the whole text."""

    start_date: dt.date | None = field(repr=False)
    administration: str | None = field(repr=False)
    technician: str | None = field(repr=False)
    equipment: str | None
    text: str = field(repr=False)


def parse_identity(text: str) -> tuple[Identity, bool]:
    """Read a patient field; the second value tells whether it has the form of EDF+.

    A field of another form, such as plain EDF's free text, has no subfields and keeps its text.
    """
    parts = text.split()
    fits = len(parts) >= _PATIENT_SUBFIELDS and parts[1] in _SEXES and _is_birth_date(parts[2])
    code, sex, birth_date, name = (_known(part) for part in parts[:_PATIENT_SUBFIELDS]) if fits else (None,) * 4
    return Identity(code=code, sex=sex, birth_date=birth_date, name=name, text=text), fits


def parse_recording_field(text: str) -> tuple[RecordingField, bool]:
    """Read a recording field; the second value tells whether it has the form of EDF+."""
    parts = text.split()
    if len(parts) < 2 or parts[0].lower() != "startdate":
        return RecordingField(None, None, None, None, text), False
    start_date = parse_long_date(parts[1])
    fits = len(parts) >= _RECORDING_SUBFIELDS and (start_date is not None or parts[1] == UNKNOWN)
    administration, technician, equipment = (_known(part) for part in (*parts[2:5], *[UNKNOWN] * 3)[:3])
    return RecordingField(start_date, administration, technician, equipment, text), fits


def format_identity(*, code: str = "", sex: str = "", birth_date: dt.date | None = None, name: str = "") -> str:
    """Write a patient field; what is not given is unknown."""
    if sex and sex not in _SEXES:
        raise NotWritable("The sex in a patient field is M, F or X.")
    born = format_long_date(birth_date) if birth_date else UNKNOWN
    return " ".join((_subfield(code), sex or UNKNOWN, born, _subfield(name)))


def format_recording_field(
    start: dt.date, *, administration: str = "", technician: str = "", equipment: str = ""
) -> str:
    """Write a recording field; what is not given is unknown."""
    parts = (_subfield(part) for part in (administration, technician, equipment))
    return " ".join(("Startdate", format_long_date(start), *parts))


def _is_birth_date(text: str) -> bool:
    """Birth dates are kept as written: real files say 01-JAN-0000, and the form is all that is asked for."""
    return text == UNKNOWN or (len(text) == len("01-JAN-0000") and text[2] == text[6] == "-")


def _known(text: str) -> str | None:
    return None if text == UNKNOWN else text


def _subfield(text: str) -> str:
    return text.strip().replace(" ", "_") or UNKNOWN
