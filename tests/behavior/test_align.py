"""A session is aligned with the recording around it, and what comes of it is kept where it belongs."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from behavior import keys
from behavior.align import Asked, Proposal, keep, propose
from behavior.alignment import from_json
from behavior.alignment_errors import CodesMissing, TrialsUnmatched
from behavior.errors import SessionMissing
from behavior.models import SessionNote
from behavior.noted import notes_of
from behavior.notes import read_notes
from behavior.record import SessionRecord
from behavior.trigger_channel import recordings_in
from behavior.trigger_table import read_triggers
from chunks.format.clock import day_zero
from chunks.models import Recording, RecordingState
from people.scope import Scope, scope_for, server_scope
from storage.objects import Objects
from tests.behavior.aligned import BUCKET, SESSION_S, hold_recording, hold_session
from tests.behavior.photodiode import WRITTEN, Channel, Shown, as_recorded, trials
from tests.people.makers import make_user

pytestmark = pytest.mark.database

BEGIN = day_zero("2003") + timedelta(days=3, hours=9)
LAPTOP_S = 2236.9  # when the task's own clock shows the first trial, as clocks of tasks do


class Held:
    """A session of 20 trials whose first one the recorder saw 340 s after its start, drifting by 30 ppm."""

    def __init__(self, objects: Objects, *, sfreq: float = 500.0, seed: int = 1, **more: object) -> None:
        rng = np.random.default_rng(seed)
        self.objects = objects
        self.made = trials(rng, count=20, first_s=LAPTOP_S)
        self.seen = as_recorded(self.made, rng, offset_s=340 - LAPTOP_S, drift_ppm=30)
        self.photodiode = Channel(
            shown=self.seen, seconds=1000, sfreq=sfreq, layout=WRITTEN, inverted=True, noise=0.03, seed=seed
        )
        self.electrode = Channel(shown=[], seconds=1000, sfreq=sfreq, noise=0.3, seed=seed)
        self.record = hold_session(objects, self.made)
        self.more = more

    def record_on(self, *labels: str) -> Recording:
        channels = dict.fromkeys(("LTG1", "DC02"), self.electrode)
        return hold_recording(self.objects, channels | dict.fromkeys(labels, self.photodiode), **self.more)  # type: ignore[arg-type]

    def propose(self, *, scope: Scope | None = None, **asked: object) -> Proposal:
        return propose(
            self.record,
            asked=Asked(**asked),  # type: ignore[arg-type]
            objects=self.objects,
            scope=scope or server_scope(means="command"),
        )


@pytest.fixture
def held(patient: str, objects: Objects) -> Held:
    return Held(objects)


def assert_right(proposal: Proposal, held: Held) -> None:
    alignment = proposal.alignment
    middle_s = held.made[30].time_s
    true = BEGIN + timedelta(seconds=340 - LAPTOP_S + middle_s * (1 + 30e-6))
    assert abs(alignment.recorder_time(middle_s) - true) < timedelta(milliseconds=10)
    remaining = {(each.trial, each.code): each.time_s for each in held.seen if each.trial}
    rows = [row for row in proposal.triggers if row.trial]
    assert len(rows) >= 0.97 * len(remaining)
    for row in rows:
        seen_s = remaining[row.trial, row.code]
        assert abs((row.time - BEGIN).total_seconds() - seen_s) * held.photodiode.sfreq <= 1
        assert abs(row.sample - seen_s * held.photodiode.sfreq) < 2


def test_a_session_is_aligned_over_the_edges_of_chunks(held: Held) -> None:
    held.record_on("DC01")
    found = held.propose()
    assert_right(found, held)
    assert (found.alignment.channel, found.alignment.method, found.alignment.author) == ("DC01", "triggers", "server")
    assert found.alignment.since == BEGIN + timedelta(seconds=SESSION_S)
    assert not found.alignment.needs_yes
    assert (found.decoded.inverted, found.decoded.layout) == (True, WRITTEN)


def test_a_photodiode_by_name_is_tried_before_triggers_and_dc(held: Held) -> None:
    held.record_on("DC01", "Photo-1", "TRIG")
    assert held.propose().alignment.channel in {"DC01", "Photo-1", "TRIG"}
    assert held.propose(channel="trig").alignment.channel == "TRIG"


def test_a_named_electrode_is_refused_with_what_was_seen(held: Held) -> None:
    held.record_on("DC01")
    with pytest.raises(CodesMissing, match="LTG1 carries no codes: 1,000 s at 500 samples a second"):
        held.propose(channel="LTG1")


def test_a_channel_that_is_not_there_is_refused_with_those_that_are(held: Held) -> None:
    held.record_on("DC01")
    with pytest.raises(CodesMissing, match=r"called 'DC09' .* there are: DC01, DC02, LTG1\."):
        held.propose(channel="DC09")


def test_no_recording_around_the_session_is_said(held: Held) -> None:
    with pytest.raises(CodesMissing, match="No recording lies around this session"):
        held.propose()


def test_recordings_that_are_not_ok_are_not_read(held: Held) -> None:
    held.record_on("DC01")
    Recording.objects.update(state=RecordingState.HIDDEN)
    with pytest.raises(CodesMissing, match="No recording lies around"):
        held.propose()


def test_who_may_not_see_the_patient_aligns_nothing(held: Held) -> None:
    held.record_on("DC01")
    nobody = scope_for(make_user("eve"), means="command")
    with pytest.raises(SessionMissing):
        held.propose(scope=nobody)
    found = held.propose()
    with pytest.raises(SessionMissing):
        keep(held.record, found.alignment, triggers=found.triggers, reason="", objects=held.objects, by=nobody)
    assert [each.key for each in held.objects.list(BUCKET)] == ["ToM_Loc_2003.json"]
    times = {"start": BEGIN, "stop": BEGIN + timedelta(hours=1)}
    assert recordings_in("2003", scope=server_scope(means="command"), **times)
    assert not recordings_in("2003", scope=nobody, **times)


def test_a_session_whose_codes_lie_beyond_the_search_is_refused_and_a_wider_one_finds_them(held: Held) -> None:
    held.record_on("DC01")
    held.record = moved(held.record, minutes=-25)
    with pytest.raises((TrialsUnmatched, CodesMissing)):
        held.propose()
    assert_right(held.propose(search=timedelta(minutes=40)), held)


def moved(record: SessionRecord, *, minutes: int) -> SessionRecord:
    away = timedelta(minutes=minutes)
    return replace(record, start=record.start + away, stop=record.stop + away)


@pytest.mark.parametrize("whose", ["session", "recording"])
def test_clock_offsets_are_added_before_looking(patient: str, objects: Objects, whose: str) -> None:
    hour_us = 3_600_000_000
    if whose == "session":
        held = Held(objects)
        held.record = moved(held.record, minutes=60)
        SessionNote.objects.create(file_name=held.record.file_name, subject="2003", clock_offset_us=-hour_us)
    else:
        # The recorder is an hour ahead of the ward's clock and the session's.
        held = Held(objects, clock_offset_us=-hour_us)
        held.record = moved(held.record, minutes=-60)
    held.record_on("DC01")
    assert_right(held.propose(), held)


def test_gaps_between_recordings_are_no_hindrance(patient: str, objects: Objects) -> None:
    held = Held(objects)
    first = replace_seconds(held.photodiode, seconds=450, shown=held.seen)
    later = [
        Shown(time_s=each.time_s - 460, code=each.code, trial=each.trial) for each in held.seen if each.time_s > 460.5
    ]
    second = replace_seconds(held.photodiode, seconds=500, shown=later)
    hold_recording(objects, {"DC01": first})
    hold_recording(objects, {"DC01": second}, name="day3_090740", begins_s=9 * 3600 + 460)
    found = held.propose()
    lost = [each for each in held.seen if 449.8 < each.time_s < 460.5 and each.trial]
    true = [each for each in held.seen if each.trial]
    assert found.alignment.matched >= 0.97 * (len(true) - len(lost))
    times = {(each.trial, each.code): each.time_s for each in held.seen}
    for row in found.triggers:
        if row.trial:
            assert abs((row.time - BEGIN).total_seconds() - times[row.trial, row.code]) * 500 <= 1


def replace_seconds(channel: Channel, *, seconds: float, shown: list[Shown]) -> Channel:
    within = [each for each in shown if each.time_s < seconds + 1]
    return replace(channel, seconds=seconds, shown=within)


def test_what_is_kept_stands_in_the_notes_and_beside_them(held: Held) -> None:
    held.record_on("DC01")
    everybody = server_scope(means="command")
    found = held.propose()
    keep(
        held.record,
        found.alignment,
        triggers=found.triggers,
        objects=held.objects,
        by=server_scope(means="command"),
        reason="first",
    )
    notes = read_notes(held.objects.get(BUCKET, keys.notes_key("ToM_Loc_2003.json")))
    assert from_json(notes.of(1).alignment or {}) == found.alignment
    assert [(each.by, each.session, each.reason) for each in notes.history] == [("server", 1, "first")]
    copy = notes_of([held.record.file_name])[held.record.file_name]
    assert from_json(copy.alignment) == found.alignment
    table = held.objects.get(BUCKET, "ToM_Loc_2003.json.triggers.csv")
    assert read_triggers(table) == list(found.triggers)
    assert not keys.is_session_key("ToM_Loc_2003.json.triggers.csv")
    # Again, without codes: the old table would tell of another alignment.
    keep(held.record, found.alignment, triggers=(), reason="", objects=held.objects, by=everybody)
    assert len(read_notes(held.objects.get(BUCKET, "ToM_Loc_2003.json.notes.json")).history) == 2
    assert [each.key for each in held.objects.list(BUCKET)] == ["ToM_Loc_2003.json", "ToM_Loc_2003.json.notes.json"]


def test_further_documents_of_an_object_have_triggers_of_their_own() -> None:
    assert keys.triggers_key("a.json#2") == "a.json.2.triggers.csv"
    assert not keys.is_session_key("a.json.2.triggers.csv")
