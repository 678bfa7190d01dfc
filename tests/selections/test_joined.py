"""Sessions meet recordings: on which clock, how much of them is recorded, and at which cost."""

import random

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext

from behavior.catalogue import Catalogue
from behavior.models import SessionNote
from chunks.format.clock import since_day_zero_us
from chunks.models import ChunkHeader, Recording
from people.patients import add_patient
from people.scope import scope_for, server_scope
from selections.intervals import Interval, intersection, measure_us, union
from selections.joined import Joined, State, join, join_all, share_text
from selections.padding import NO_PADDING, Padding
from tests.people.makers import grant, make_user
from tests.selections.made import DAY, HOUR, MINUTE, chunks, hold, put, recording
from tests.selections.sessions import alias, keep, record, session

pytestmark = pytest.mark.database

NOON = 3 * DAY + 12 * HOUR


def catalogue() -> Catalogue:
    return Catalogue(scope=server_scope(means="test"))


def joined(*records, pad: Padding = NO_PADDING) -> Joined:
    (found,) = join(records[0].subject, records, catalogue=catalogue(), padding=pad)
    return found


def test_a_session_within_a_recording_is_covered():
    hold("2002", "rec", (NOON, NOON + 5 * HOUR), labels=["LTG1", "DC1"])
    found = joined(session("2002", NOON + HOUR, NOON + HOUR + 10 * MINUTE))
    assert (found.state, found.covered, found.task) == (State.COVERED, 1.0, "ToM_Loc")
    (touched,) = found.recordings
    assert (touched.name, touched.offset_us) == ("rec", HOUR)
    assert found.own == found.window == Interval(start_us=NOON + HOUR, stop_us=NOON + HOUR + 10 * MINUTE)


def test_padding_is_asked_for_and_not_counted_as_covered():
    hold("2002", "rec", (NOON, NOON + HOUR))
    found = joined(session("2002", NOON, NOON + 10 * MINUTE), pad=Padding(before_us=5 * MINUTE, after_us=MINUTE))
    assert found.window == Interval(start_us=NOON - 5 * MINUTE, stop_us=NOON + 11 * MINUTE)
    assert found.covered == 1


def test_a_session_over_the_recordings_end_is_partly_covered():
    hold("2002", "rec", (NOON, NOON + HOUR))
    found = joined(session("2002", NOON + 50 * MINUTE, NOON + 90 * MINUTE))
    assert (found.state, found.covered) == (State.PARTLY, 0.25)


def test_a_pause_in_a_recording_is_no_recording():
    hold("2002", "rec", (NOON, NOON + HOUR), (NOON + 3 * HOUR, NOON + 4 * HOUR))
    found = joined(session("2002", NOON + 90 * MINUTE, NOON + 100 * MINUTE))
    assert (found.state, found.covered, found.recordings) == (State.NO_RECORDING, 0, ())


def test_a_recording_that_only_the_padding_reaches_is_touched():
    hold("2002", "rec", (NOON, NOON + HOUR))
    found = joined(session("2002", NOON + 65 * MINUTE, NOON + 70 * MINUTE), pad=Padding(before_us=10 * MINUTE))
    assert (found.state, [each.name for each in found.recordings]) == (State.NO_RECORDING, ["rec"])
    assert found.recordings[0].offset_us == 65 * MINUTE


def test_only_recordings_in_state_ok_count():
    hold("2002", "rec", (NOON, NOON + HOUR), state="hidden")
    assert joined(session("2002", NOON, NOON + MINUTE)).state == State.NO_RECORDING


def test_clock_offsets_of_sessions_and_recordings_decide():
    hold("2002", "rec", (NOON, NOON + HOUR))
    Recording.objects.update(clock_offset_us=2 * HOUR)
    found = joined(session("2002", NOON - HOUR, NOON - HOUR + 10 * MINUTE, offset=3 * HOUR + MINUTE))
    assert (found.state, found.clock_offset_us) == (State.COVERED, 3 * HOUR + MINUTE)
    assert found.own.start_us == NOON + MINUTE
    assert found.recordings[0].offset_us == MINUTE
    assert found.recordings[0].clock_offset_us == 2 * HOUR
    SessionNote.objects.all().delete()
    assert joined(record("2002", NOON - HOUR, NOON - HOUR + 10 * MINUTE)).state == State.NO_RECORDING


def test_two_amplifiers_count_once():
    hold("2002", "one", (NOON, NOON + HOUR))
    hold("2002", "two", (NOON + 30 * MINUTE, NOON + 2 * HOUR))
    found = joined(session("2002", NOON + 20 * MINUTE, NOON + 100 * MINUTE))
    assert (found.covered, [each.name for each in found.recordings]) == (1.0, ["one", "two"])
    assert found.recordings[1].offset_us == -10 * MINUTE


def test_a_session_without_duration_lies_in_its_recording():
    hold("2002", "rec", (NOON, NOON + HOUR))
    assert joined(session("2002", NOON, NOON)).state == State.COVERED
    assert joined(session("2002", NOON + HOUR, NOON + HOUR)).state == State.NO_RECORDING


def test_a_task_has_its_name_for_people():
    alias("faces", "faces_task")
    found = joined(session("2002", NOON, NOON + MINUTE, task="faces", alignment={"method": "hand"}))
    assert (found.task, found.record.experiment) == ("faces_task", "faces")
    assert found.alignment == {"method": "hand"}


def test_sessions_of_patients_outside_the_scope_are_not_joined():
    mine, other = session("2002", NOON, NOON + MINUTE), session("2003", NOON, NOON + MINUTE)
    user = make_user()
    grant(user, patient="2002")
    seen = Catalogue(scope=scope_for(user, means="test"))
    assert [of.patient for of in join_all([mine, other], catalogue=seen)] == ["2002"]
    assert join("2003", [other], catalogue=seen) == ()
    assert len(join("2003", [mine, other], catalogue=catalogue())) == 1


@pytest.mark.parametrize(
    ("share", "text"),
    [(0, "0 %"), (1, "100 %"), (0.25, "25.0 %"), (0.99999, "99.9 %"), (1e-9, "0.1 %")],
)
def test_a_share_is_never_rounded_to_all_or_nothing(share, text):
    assert share_text(share) == text


def test_two_thousand_sessions_of_fifty_patients_cost_a_few_statements_a_patient():
    made = []
    for number in range(50):
        patient = f"{3000 + number}"
        hold(patient, "rec", (0, DAY), labels=["LTG1", "LTG2"])
        made += [record(patient, at * 30 * MINUTE, at * 30 * MINUTE + 10 * MINUTE) for at in range(40)]
    keep(made)
    known = catalogue()
    with CaptureQueriesContext(connections["headers"]) as headers, CaptureQueriesContext(connections["default"]) as own:
        found = join_all(made, catalogue=known, padding=Padding(before_us=MINUTE))
    assert sum(len(of.sessions) for of in found) == 2_000
    assert all(each.state == State.COVERED for of in found for each in of.sessions)
    assert len(headers) == 2 + 16  # recordings, longest chunks; chunks of one channel, around 128 sessions at once
    assert len(own) == 5  # notes, 400 sessions each


@pytest.mark.parametrize("seed", range(8))
def test_joins_equal_a_look_at_every_chunk(seed):
    chance = random.Random(seed)
    patient = chance.choice(["2002", "ab-1"])
    add_patient(patient)
    for number in range(chance.randint(0, 4)):
        start = chance.randrange(-DAY, 3 * DAY, MINUTE)
        state, labels = chance.choice(["ok", "ok", "ok", "hidden"]), chance.sample(["A1", "A2", "B", ""], 2)
        stretches = [(start, start + 3 * HOUR), (start + 5 * HOUR, start + chance.choice([6, 40]) * HOUR)]
        held = recording(patient, f"rec{number}", *stretches, labels=labels, state=state)
        held.clock_offset_us = chance.choice([0, 0, HOUR, -HOUR, 7_000_001])
        held.save(force_insert=True)
        put(chunks(held, *stretches, every=chance.choice([HOUR, 24 * HOUR])))
    pad = Padding(before_us=chance.choice([0, 5 * MINUTE, 2 * HOUR]), after_us=chance.choice([0, HOUR]))
    made = []
    for number in range(30):
        start = chance.randrange(-DAY, 5 * DAY, 7_000_001)
        stop = start + chance.choice([0, 1, MINUTE, HOUR, 20 * HOUR])
        offset = chance.choice([0, 0, HOUR, -26 * HOUR])
        made.append((session(patient, start, stop, name=f"{number}.json", offset=offset), start, stop, offset))
    found = {
        each.record.file_name: each
        for each in join(patient, [row[0] for row in made], catalogue=catalogue(), padding=pad)
    }
    for kept, start, stop, offset in made:
        check(found[kept.file_name], Interval(start_us=start, stop_us=max(stop, start + 1)), offset, pad)


def check(found: Joined, time: Interval, offset: int, pad: Padding) -> None:
    covered, touched = [], set()
    for held in Recording.objects.filter(state="ok"):
        shift = offset - held.clock_offset_us
        own = Interval(start_us=time.start_us + shift, stop_us=time.stop_us + shift)
        for row in ChunkHeader.objects.filter(bucket=held.bucket, recording=held.name):
            start, stop = (since_day_zero_us(held.patient, at) for at in (row.start, row.stop))
            chunk = Interval(start_us=start, stop_us=stop)
            if intersection((chunk,), (pad.around(own),)):
                touched.add(held.name)
            parts = intersection((chunk,), (own,))
            covered += [Interval(start_us=p.start_us - shift, stop_us=p.stop_us - shift) for p in parts]
    assert {each.name for each in found.recordings} == touched
    assert found.covered == measure_us(union(covered)) / time.duration_us
