"""Questions with tasks: every session of every matching task counts, and only these, whatever the clocks say."""

import random

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext

from behavior.names import fold
from behavior.trigger_channel import looks_like_trigger
from chunks.format.clock import since_day_zero_us
from chunks.models import ChunkHeader, Recording
from people.patients import add_patient
from people.scope import Scope, scope_for, server_scope
from selections.channels import chosen
from selections.intervals import Interval, intersection, overlaps
from selections.padding import Padding
from selections.resolve import Resolved, resolve
from selections.selection import Selection
from selections.words import parse
from tests.people.makers import grant, make_user
from tests.selections.made import DAY, HOUR, MINUTE, chunk, chunks, hold, put, recording
from tests.selections.sessions import alias, keep, record, session

pytestmark = pytest.mark.database

NOON = 3 * DAY + 12 * HOUR
LABELS = ["LTG1", "LTG2", "DC1", "Photo"]


def ask(scope: Scope | None = None, **words: str) -> Resolved:
    texts = {field: [text] for field, text in words.items()}
    return resolve(parse(texts), scope=scope or server_scope(means="test"))


def found(resolved: Resolved) -> set[tuple[str, str, int]]:
    return {(row.patient, row.label, row.chunk) for row in resolved.headers()}


def test_a_task_finds_the_chunks_of_its_sessions_alone():
    hold("2002", "rec", (NOON, NOON + 6 * HOUR))
    session("2002", NOON + 90 * MINUTE, NOON + 100 * MINUTE)
    session("2002", NOON + 4 * HOUR, NOON + 4 * HOUR + MINUTE, task="faces_task")
    assert found(ask(task="tom loc")) == {("2002", "LTG1", 1)}
    assert found(ask(task="TOM_LOC, faces")) == {("2002", "LTG1", 1), ("2002", "LTG1", 4)}
    assert found(ask(task="*")) == found(ask(task="tom*, ?aces*"))
    assert found(ask(task="=ToM")) == set()


def test_channels_are_those_of_the_found_chunks_whatever_their_recordings_say():
    labels = ["LTG1", "LTG2", "LTG3"]
    session("2002", NOON, NOON + MINUTE)
    hold("2002", "hidden", (NOON, NOON + HOUR), labels=["HID1"], state="hidden")
    hold("2002", "lacking", (NOON, NOON + 2 * HOUR), labels=labels)
    ChunkHeader.objects.get(label="LTG3", chunk=0).delete()
    assert ask(task="tom").totals().channels == 2
    hold("2002", "whole", (NOON, NOON + HOUR), labels=labels)
    assert ask(task="tom").totals().channels == 3
    foreign, rows = hold("2002", "foreign", (NOON, NOON + HOUR), labels=labels)
    rows[2].delete()
    other = chunk(foreign, channel=(9, "RTG9"), number=0, start=NOON, stop=NOON + HOUR)
    put([other])
    assert ask(task="tom").totals().channels == 4  # as many chunks as channels
    rows[0].delete()
    rows[1].delete()
    ChunkHeader.objects.filter(pk=other.pk).update(channel=1 + 2 + 3)
    assert ask(task="tom").totals().channels == 4  # whose numbers have the same sum


def test_padding_reaches_the_neighbours():
    hold("2002", "rec", (NOON, NOON + 6 * HOUR))
    session("2002", NOON + 65 * MINUTE, NOON + 115 * MINUTE)
    assert [number for _, _, number in sorted(found(ask(task="tom", pad="5")))] == [1]
    assert [number for _, _, number in sorted(found(ask(task="tom", pad="6")))] == [0, 1, 2]
    assert [number for _, _, number in sorted(found(ask(task="tom", pad="0,6")))] == [1, 2]


def test_a_task_holds_together_with_day_time_patient_and_channel():
    for patient in ("2002", "2003"):
        hold(patient, "rec", (NOON, NOON + 2 * DAY), labels=["LTG1", "LTG2"])
        for day in (0, 1):
            session(patient, NOON + day * DAY + 10 * MINUTE, NOON + day * DAY + 70 * MINUTE)
    assert found(ask(task="tom", patient="2003", day="4", channel="LTG2")) == {
        ("2003", "LTG2", 24),
        ("2003", "LTG2", 25),
    }
    both = found(ask(task="tom", hours="13:05-14:00", channel="LTG1"))
    assert both == {(patient, "LTG1", number) for patient in ("2002", "2003") for number in (1, 25)}
    assert [each.record.day for each in ask(task="tom", patient="2002", day="4").sessions] == [4]


def test_sums_count_each_instant_once():
    hold("2002", "rec", (NOON, NOON + 6 * HOUR), labels=["LTG1", "LTG2"])
    session("2002", NOON + 10 * MINUTE, NOON + 40 * MINUTE)
    session("2002", NOON + 30 * MINUTE, NOON + 50 * MINUTE, task="faces_task")
    totals = ask(task="*").totals()
    assert (totals.chunks, totals.covered_us, totals.asked_us) == (2, HOUR, 40 * MINUTE)


def test_triggers_come_along_unless_they_are_left_away():
    hold("2002", "rec", (NOON, NOON + HOUR), labels=LABELS)
    hold("2002", "other", (NOON, NOON + HOUR), labels=["TTL", "C3"])
    session("2002", NOON, NOON + MINUTE)

    def labels(**words: str) -> set[str]:
        return {label for _, label, _ in found(ask(task="tom", **words))}

    assert labels(channel="LTG1") == {"LTG1", "DC1", "Photo", "TTL"}
    assert labels(channel="LTG1", triggers="no") == {"LTG1"}
    assert labels(channel="DC1", triggers="no") == {"DC1"}
    assert labels(channel="XX1") == set()
    assert labels() == {*LABELS, "TTL", "C3"}
    assert labels(triggers="no") == {"LTG1", "LTG2", "C3"}
    assert {label for _, label, _ in found(ask(channel="LTG1"))} == {"LTG1"}


def test_an_alias_is_the_task():
    hold("2002", "rec", (NOON, NOON + HOUR))
    alias("faces", "faces_task")
    session("2002", NOON, NOON + MINUTE, task="faces")
    assert found(ask(task="=faces_task")) == {("2002", "LTG1", 0)}


def test_what_nothing_is_recorded_of_is_said():
    hold("2002", "rec", (NOON, NOON + HOUR))
    session("2002", NOON + 10 * MINUTE, NOON + 20 * MINUTE)
    session("2002", NOON + 50 * MINUTE, NOON + 90 * MINUTE)
    session("2002", NOON + 5 * HOUR, NOON + 6 * HOUR, task="faces_task")
    resolved = ask(task="tom loc, faces, bio")
    assert len(resolved.sessions) == 3
    assert resolved.warnings == (
        "No task is called 'bio'.",
        "Of 3 sessions, 1 session has no recording: faces_task of patient 2002 on day 3 17:00.",
        "1 session is recorded in part: ToM_Loc of patient 2002 on day 3 12:50: 25.0 %.",
    )


def test_an_empty_answer_says_what_would_match():
    hold("2002", "rec", (NOON, NOON + HOUR))
    hold("2003", "rec", (NOON, NOON + HOUR))
    session("2002", NOON, NOON + MINUTE)
    assert ask(task="tom lok").hints() == ("No task is called 'tomlok'. Did you mean ToM_Loc?",)
    assert ask(task="tom", patient="2003").hints() == (
        "No patient asked for has a session of ToM_Loc. Of it there are sessions of patient 2002.",
    )
    assert ask(task="tom", day="9").hints() == (
        "No session lies in the time asked for. There are: ToM_Loc of patient 2002 on day 3 12:00.",
    )
    assert ask(task="tom", channel="XX7").hints()[0].startswith("No channel of patient 2002 is XX7")


def test_hidden_patients_are_nowhere():
    for patient in ("2002", "2003"):
        hold(patient, "rec", (NOON, NOON + HOUR))
        session(patient, NOON, NOON + MINUTE)
    session("2003", NOON, NOON + MINUTE, task="Secret_Task")
    user = make_user()
    grant(user, patient="2002")
    scope = scope_for(user, means="test")
    seen = ask(scope, task="*")
    assert {patient for patient, _, _ in found(seen)} == {"2002"}
    assert {each.record.subject for each in seen.sessions} == {"2002"}
    hints = ask(scope, task="secret task", patient="2002").hints()
    nothing = ask(scope, task="zecret tazk", patient="2002").hints()
    assert hints == ("No task is called 'secrettask'.",)
    assert nothing == ("No task is called 'zecrettazk'.",)
    assert ask(scope, task="tom", patient="2003").hints() == (
        "No patient asked for has a session of ToM_Loc. Of it there are sessions of patient 2002.",
        "There is no patient 2003 whom you may see. The most similar: 2002.",
    )


def test_the_clock_of_each_recording_decides():
    hold("2002", "summer", (NOON, NOON + 3 * HOUR))
    hold("2002", "winter", (NOON + 6 * HOUR, NOON + 9 * HOUR))
    Recording.objects.filter(name="winter").update(clock_offset_us=HOUR)
    session("2002", NOON + 10 * MINUTE, NOON + 20 * MINUTE)
    session("2002", NOON + 8 * HOUR + 10 * MINUTE, NOON + 8 * HOUR + 20 * MINUTE)
    resolved = ask(task="tom")
    assert {(row.recording, row.chunk) for row in resolved.headers()} == {("summer", 0), ("winter", 1)}
    assert resolved.totals().asked_us == 20 * MINUTE


def test_two_thousand_sessions_are_answered_in_few_statements():
    made = []
    for number in range(50):
        patient = f"{3000 + number}"
        hold(patient, "rec", (0, DAY), labels=["LTG1", "LTG2"])
        made += [record(patient, at * 30 * MINUTE, at * 30 * MINUTE + 10 * MINUTE) for at in range(40)]
    keep(made)
    resolved = ask(task="tom", pad="1")
    headers = connections["headers"]
    with CaptureQueriesContext(headers) as captured:
        assert resolved.totals().chunks == 50 * 20 * 2
    assert len(captured) == 2 + 2 * 16  # recordings, longest chunks; one channel and sums, 128 sessions at once
    with CaptureQueriesContext(headers) as captured:
        assert len(resolved.page(size=50).rows) == 50
    assert len(captured) == 10  # of two patients: 1, 2, 4, 8, 16 sessions at once, …


TASKS = ["ToM_Loc", "tom-loc", "faces_task", "Bio Motion", "Movie_Task"]
ASKED = [("tom loc",), ("faces",), ("*",), ("mo*", "=ToM_Loc"), ("t",), ("nothing",)]


@pytest.mark.parametrize("seed", range(14))
def test_answers_equal_a_look_at_every_row_and_session(seed, monkeypatch):
    chance = random.Random(seed)
    patients = ["2002", "2003", "ab-1"]
    sessions = make_archive(chance, patients)
    if seed % 2:
        monkeypatch.setattr("selections.rows.ARMS_MAX", 2)
    user = make_user()
    for patient in chance.sample(patients, 2):
        grant(user, patient=patient)
    for _ in range(10):
        selection = make_question(chance)
        for scope in (server_scope(means="test"), scope_for(user, means="test")):
            rows = expected(selection, scope, sessions)
            resolved = resolve(selection, scope=scope)
            assert list(resolved.headers()) == rows
            totals = resolved.totals()
            assert totals.chunks == len(rows)
            assert totals.size_bytes == sum(row.size_bytes for row in rows)
            assert totals.channels == len({(row.patient, row.label_norm) for row in rows})
            streamed = [row for _, some in resolved.streams() for row in some]
            assert {row.pk for row in streamed} == {row.pk for row in rows}
            assert len(streamed) == len(rows)


def make_archive(chance: random.Random, patients: list[str]) -> list[tuple]:
    sessions = []
    for patient in patients:
        add_patient(patient)
        skewed = chance.random() < 0.5
        for number in range(chance.randint(0, 4)):
            start = chance.randrange(-DAY, 3 * DAY, 10 * MINUTE)
            stretches = [(start, start + 3 * HOUR), (start + 5 * HOUR, start + chance.choice([6, 40]) * HOUR)]
            state, labels = chance.choice(["ok", "ok", "ok", "hidden"]), chance.sample(LABELS, 2)
            held = recording(patient, f"rec{number}", *stretches, labels=labels, state=state)
            held.clock_offset_us = chance.choice([0, HOUR, -90 * MINUTE]) if skewed else 0
            held.save(force_insert=True)
            put(chunks(held, *stretches, every=chance.choice([HOUR, HOUR, 24 * HOUR])))
        for number in range(chance.randint(0, 12)):
            start = chance.randrange(-DAY, 4 * DAY, 7_000_001)
            stop = start + chance.choice([0, MINUTE, HOUR])
            offset, task = chance.choice([0, 0, 0, HOUR, -26 * HOUR]), chance.choice(TASKS)
            session(patient, start, stop, task=task, name=f"{patient}-{number}.json", offset=offset)
            sessions.append((patient, task, Interval(start_us=start, stop_us=max(stop, start + 1)), offset))
    return sessions


def make_question(chance: random.Random) -> Selection:
    starts = [chance.randrange(-DAY, 4 * DAY, 10 * MINUTE) for _ in range(chance.choice([0, 0, 1, 3]))]
    hours = chance.choice([(), (), (Interval(start_us=10 * HOUR, stop_us=20 * HOUR),)])
    return Selection(
        patients=tuple(chance.choice([[], ["2002"], ["200*"]])),
        when=tuple(Interval(start_us=at, stop_us=at + chance.choice([HOUR, DAY])) for at in starts),
        hours=hours,
        channels=tuple(chance.choice([[], [], ["LTG1"], ["LTG*", "XX1"], ["DC1"]])),
        tasks=chance.choice(ASKED),
        pad=Padding(before_us=chance.choice([0, HOUR]), after_us=chance.choice([0, 5 * MINUTE])),
        triggers=chance.choice([True, True, False]),
    )


def expected(selection: Selection, scope: Scope, sessions: list[tuple]) -> list[ChunkHeader]:
    ok = {(each.bucket, each.name): each for each in Recording.objects.filter(state="ok")}
    inside = [row for row in ChunkHeader.objects.all() if _in_time(row, ok, selection, scope, sessions)]
    rows = []
    for patient in {row.patient for row in inside}:
        own = [row for row in inside if row.patient == patient]
        rows += _of_channels(own, ok, selection)
    return sorted(rows, key=lambda row: (row.patient, row.start, row.stop, row.pk))


def _in_time(row: ChunkHeader, ok, selection: Selection, scope: Scope, sessions: list[tuple]) -> bool:
    held = ok.get((row.bucket, row.recording))
    if held is None or not scope.allows(row.patient) or not selection.asks_for(row.patient):
        return False
    start, stop = (since_day_zero_us(row.patient, at) for at in (row.start, row.stop))
    for patient, task, time, offset in sessions:
        if patient != row.patient or not any(_means(name, task) for name in selection.tasks):
            continue
        shift = offset - held.clock_offset_us
        window = selection.pad.around(Interval(start_us=time.start_us + shift, stop_us=time.stop_us + shift))
        asked = intersection(selection.intervals_for(-9 * DAY, 99 * DAY), (window,))
        if overlaps(asked, Interval(start_us=start, stop_us=stop)):
            return True
    return False


def _means(name: str, task: str) -> bool:
    plain = {"*": True, "mo*": fold(task).startswith("mo"), "=tomloc": fold(task) == "tomloc"}
    return plain.get(name, name in fold(task))


def _of_channels(rows: list[ChunkHeader], ok, selection: Selection) -> list[ChunkHeader]:
    words = selection.channel_words
    if not words:
        return [row for row in rows if selection.triggers or not looks_like_trigger(row.label)]
    patient = rows[0].patient
    known = {label for held in ok.values() if held.patient == patient for _, label in held.labels}
    touched = {(row.bucket, row.recording) for row in rows}
    picked = {
        place: {channel for word in words for channel in chosen(word, held.labels, known=known)}
        for place, held in ok.items()
        if place in touched
    }
    along = selection.triggers and any(picked.values())
    return [
        row
        for row in rows
        if (row.channel, row.label) in picked.get((row.bucket, row.recording), ())
        or (along and looks_like_trigger(row.label))
    ]


def test_where_the_clock_was_set_back_in_mid_recording_both_times_of_an_hour_are_found():
    """In autumn: an hour and a half, then an hour back and on; the session played in the doubled hour has both."""
    hold("2002", "rec", (NOON, NOON + 90 * MINUTE), (NOON + 30 * MINUTE, NOON + 150 * MINUTE), every=30 * MINUTE)
    session("2002", NOON + 61 * MINUTE, NOON + 70 * MINUTE)
    session("2002", NOON + 125 * MINUTE, NOON + 135 * MINUTE)
    resolved = ask(task="tom")
    assert sorted(row.chunk for row in resolved.headers()) == [2, 4, 6]
    assert resolved.totals().asked_us == 19 * MINUTE
