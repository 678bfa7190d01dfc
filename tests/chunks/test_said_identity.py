"""What a header says of who was recorded: spellings that are equal, and values that say nobody."""

import pytest

from chunks.edf.identity import parse_identity
from chunks.said_identity import said_by
from people.patient_identity import Said

JANE = Said(name="doe jane", birth_date="1951-05-02", code="mch0234567")


def said(text: str, *, patient: str = "2002") -> Said:
    return said_by(parse_identity(text)[0], patient=patient)


@pytest.mark.parametrize(
    "text",
    [
        "MCH-0234567 F 02-MAY-1951 Doe_Jane",
        "mch_0234567 X 02-may-1951 JANE_DOE",
        "MCH0234567 F 02-MAY-1951 Jane Doe",
        "MCH-0234567 F 02-MAY-1951 Jané Doé",
        "Doe, Jane 02.05.1951 F MCH-0234567",
        "MCH.0234567, Jane DOE, 1951-05-02",
        "Jane Doe 02-MAY-1951 MCH/0234567",
    ],
)
def test_spellings_of_one_person_are_equal(text: str) -> None:
    assert said(text) == JANE


@pytest.mark.parametrize(
    "text",
    [
        "",
        "X X X X",
        "X M X X",
        "2002 F X No_Name",
        "0000000 X 01-JAN-0000 Anonymous",
        "000 F 01-JAN-1900 Anonymous_0017",
        "X X 01-JAN-1800 xxxx",
        "X F X 2002",
        "sub-2002 F X Unknown_Unknown",
        "PAT_002002 M X -",
        "P2002 M X ____",
        "No Name",
        "anonymized",
        "Anonymous_0017",
        "Patient 2002",
        "-",
        "0",
    ],
)
def test_what_says_nobody_is_unknown(text: str) -> None:
    assert said(text) == Said(), text
    assert not said(text).is_known


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("X F X Noname_Smith", Said(name="noname smith")),
        ("2003 X X X", Said(code="2003")),
        ("X X X Anna", Said(name="anna")),
        ("X X 01-JAN-1970 X", Said(birth_date="1970-01-01")),
        ("X X X 李_小龙", Said(name="小龙 李")),
    ],
)
def test_what_says_somebody_is_known(text: str, known: Said) -> None:
    assert said(text) == known
