"""`manage.py align_session` as a person uses it: what is sure is kept, what is doubtful asks, all is written down."""

import json
from io import StringIO
from typing import Any

import numpy as np
import pytest
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.core.management.base import CommandError
from pytest_django import Settings

from behavior.alignment import from_json
from behavior.notes import read_notes
from people.models import AuditEntry
from people.roles import Role
from storage.objects import Objects
from tests.behavior.aligned import BUCKET, hold_recording, hold_session
from tests.behavior.photodiode import Channel, as_recorded, trials
from tests.people.makers import grant, make_user

pytestmark = pytest.mark.database(transaction=True)
NAME = "ToM_Loc_2003.json"


def align(*words: str, **options: Any) -> str:
    out = StringIO()
    call_command("align_session", NAME, *words, stdout=out, **options)
    return out.getvalue()


def kept(objects: Objects) -> Any:
    notes = read_notes(objects.get(BUCKET, f"{NAME}.notes.json"))
    return from_json(notes.of(1).alignment or {})


def names(objects: Objects) -> list[str]:
    return [each.key for each in objects.list(BUCKET)]


def hold(objects: Objects, *, lost: float = 0.05) -> None:
    rng = np.random.default_rng(2)
    made = trials(rng, count=20, first_s=100)
    seen = as_recorded(made, rng, offset_s=235, drift_ppm=-25, lost=lost)
    hold_session(objects, made)
    hold_recording(
        objects,
        {
            "LTG1": Channel(seconds=900, sfreq=250, noise=0.3),
            "DC01": Channel(shown=seen, seconds=900, sfreq=250, noise=0.03),
        },
    )


def test_a_sure_alignment_is_kept_shown_and_written_down(patient: str, objects: Objects) -> None:
    hold(objects)
    said = align("--reason", "after the stay")
    assert "DC01: " in said
    assert "codes in 900 s (upright, lowest bit first, dark stop bit)" in said
    assert "triggers: offset -64." in said or "triggers: offset -65." in said
    assert "57 of 60 codes matched, residual " in said
    assert "Kept in the session's notes." in said
    assert kept(objects).matched == 57
    assert f"{NAME}.triggers.csv" in names(objects)
    entry = AuditEntry.objects.get(act="align session")
    assert (entry.question, entry.outcome, entry.by_name) == (NAME, "done", "server")
    assert [each.patient for each in entry.patients.all()] == ["2003"]


def test_a_doubtful_one_needs_a_yes(patient: str, objects: Objects) -> None:
    hold(objects, lost=0.2)
    with pytest.raises(CommandError, match=r"Only 48 of 60 codes were found, under 90%\. Not kept\.") as refused:
        align()
    assert refused.value.returncode == 4
    assert names(objects) == [NAME]
    assert AuditEntry.objects.get(act="align session").outcome == "refused"
    assert "Kept" in align("--yes")
    assert kept(objects).matched == 48


def test_a_dry_run_keeps_nothing(patient: str, objects: Objects) -> None:
    hold(objects)
    assert "57 of 60" in align("--dry-run")
    assert names(objects) == [NAME]


def test_by_hand_and_back_to_the_clocks(patient: str, objects: Objects) -> None:
    hold(objects)
    align()
    assert "hand: offset -64.9000 s" in align("--hand=-64.9")
    assert (kept(objects).method, kept(objects).offset_s) == ("hand", -64.9)
    assert names(objects) == [NAME, f"{NAME}.notes.json"]
    align("--clock")
    assert kept(objects).method == "clock"
    history = json.loads(objects.get(BUCKET, f"{NAME}.notes.json"))["history"]
    assert [each["changes"]["alignment"]["method"] for each in history] == ["triggers", "hand", "clock"]


def test_fields_and_bits_can_be_named(patient: str, objects: Objects) -> None:
    hold(objects)
    said = align("--code", "story_start=1", "--code", "quest_start=5", "--bit-time", "1/60", "--channel", "dc1")
    assert "of 40 codes matched" in said


def test_how_long_a_bit_lasts_is_a_setting_too(patient: str, objects: Objects, settings: Settings) -> None:
    hold(objects)
    settings.PHOTODIODE_BIT_S = 1 / 20
    with pytest.raises(CommandError, match="carries no codes"):
        align("--channel", "dc1")
    assert "codes matched" in align("--channel", "dc1", "--bit-time", "1/60")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--channel", "LTG1"], "LTG1 carries no codes"),
        (["--channel", "DC7"], "No channel called 'DC7'"),
        (["--bit-time", "0"], "'0' is no bit time"),
        (["--bit-time", "1/0"], "'1/0' is no bit time"),
        (["--bit-time", "1/20"], "carries no codes"),
        (["--hand", "soon"], "'soon' is no number"),
        (["--hand", "inf"], "'inf' is no offset"),
        (["--search", "0"], "--search is 0"),
        (["--code", "quest_start"], "write FIELD=CODE"),
        (["--code", "cue=4"], "looked for cue"),
        (["--as", "nobody"], "There is no user 'nobody'"),
    ],
)
def test_what_cannot_be_done_is_a_sentence(patient: str, objects: Objects, words: list[str], sentence: str) -> None:
    hold(objects)
    with pytest.raises(CommandError, match=sentence):
        align(*words)
    assert names(objects) == [NAME]


def test_a_session_of_a_hidden_patient_does_not_exist(patient: str, objects: Objects) -> None:
    hold(objects)
    make_user("eve")
    with pytest.raises(CommandError, match=f"There is no session '{NAME}'"):
        align("--as", "eve", "--dry-run")


def test_who_is_no_data_manager_may_look_and_not_keep(patient: str, objects: Objects) -> None:
    hold(objects)
    grant(make_user("alice"), patient="2003")
    with pytest.raises(CommandError, match="alice may not align sessions"):
        align("--as", "alice")
    assert "57 of 60" in align("--as", "alice", "--dry-run")
    assert names(objects) == [NAME]
    manager = make_user("dana")
    manager.groups.set(Group.objects.filter(name=Role.DATA_MANAGER))
    grant(manager, patient="2003")
    align("--as", "dana")
    assert kept(objects).author == "dana"
