"""A selection that Spark asks by itself is asked by somebody, and written down."""

from pathlib import Path

import pytest

from analysis.origins import FromSelection, Narrowing
from analysis.runs import Run
from people.errors import AskerUnknown
from people.models import AuditEntry
from storage.objects import Objects
from tests.analysis.made import take, write
from tests.people.makers import grant, make_user

pytestmark = pytest.mark.database(transaction=True)


@pytest.fixture(autouse=True)
def two_patients(tmp_path: Path, objects: Objects, transactional_db: None) -> None:
    for patient, seed in (("2002", 0), ("3003", 1)):
        write(tmp_path / f"{patient}.edf", seed=seed)
        take(tmp_path / f"{patient}.edf", objects, patient=patient)


def asked(objects: Objects, selection: str, *, as_user: str = "", narrowing: Narrowing | None = None) -> list[Run]:
    return list(FromSelection(selection, as_user).runs(objects, narrowing=narrowing or Narrowing()))


def test_a_user_gets_what_she_may_see_and_the_audit_says_so(objects: Objects) -> None:
    grant(make_user("alice"), patient="3003")
    assert {run.patient for run in asked(objects, "", as_user="alice")} == {"3003"}
    assert asked(objects, "patient=2002", as_user="alice") == []
    first, second = AuditEntry.objects.filter(act="spark read").order_by("pk")
    assert (first.by_name, first.outcome, [each.patient for each in first.patients.all()]) == (
        "alice",
        "done",
        ["3003"],
    )
    assert (second.question, second.outcome, list(second.patients.all())) == ("patient=2002", "done", [])


def test_nobody_named_is_the_administrator(objects: Objects) -> None:
    assert {run.patient for run in asked(objects, "channel=ltg1")} == {"2002", "3003"}
    narrow = Narrowing().also("patient", frozenset({"2002"}))
    assert {(run.patient, run.label) for run in asked(objects, "channel=ltg1", narrowing=narrow)} == {("2002", "LTG1")}


def test_an_unknown_user_is_nobody(objects: Objects) -> None:
    with pytest.raises(AskerUnknown):
        asked(objects, "", as_user="alicia")
