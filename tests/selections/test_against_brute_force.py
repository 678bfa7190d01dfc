"""Random archives and random questions: what is found, counted and paged equals what a look at every row gives."""

import itertools
import random

import pytest
from django.contrib.auth.models import User

from chunks.format.clock import since_day_zero_us
from chunks.models import ChunkHeader, Recording
from people.patients import add_patient
from people.scope import scope_for, server_scope
from selections.channels import chosen
from selections.intervals import Interval, intersection, measure_us, overlaps, union
from selections.resolve import resolve
from selections.selection import Selection
from tests.people.makers import grant, make_user
from tests.selections.made import DAY, HOUR, MINUTE, chunks, put, recording

pytestmark = pytest.mark.database

LABELS = ["LTG1", "ltg1", "LTG2", "POL LTG02-Ref", "EEG LTG3", "T8-P8", "T8-P8", "5", "DC01", ""]
WORDS = ["LTG1", "ltg2", "LTG1..LTG3", "LTG*", "1..3", "5", "2", "T8-P8", "DC?", '"5"', "XX9", "eeg*"]
PATIENTS = ["2002", "2003", "ab-1"]


def make_archive(chance: random.Random) -> None:
    made, rows = [], []
    for patient in PATIENTS:
        for number in range(chance.randint(0, 5)):
            start = chance.randrange(-2 * DAY, 6 * DAY, 10 * MINUTE)
            middle = start + chance.randrange(MINUTE, 4 * HOUR, MINUTE)
            gap = middle + chance.choice([0, 1, 1_000_000, 1_000_001, HOUR])
            stretches = [(start, middle), (gap, gap + chance.choice([1, HOUR, 5 * HOUR, 30 * HOUR]))]
            labels = chance.sample(LABELS, chance.randint(1, 6))
            state = chance.choice(["ok", "ok", "ok", "hidden", "ingesting", "duplicate", "conflict", "version 1"])
            made.append(recording(patient, f"rec{number}", *stretches, labels=labels, state=state))
            every = chance.choice([HOUR, HOUR, HOUR, 24 * HOUR])
            rows += [row for row in chunks(made[-1], *stretches, every=every) if chance.random() < 0.95]
        if made and chance.random() < 0.3:
            orphan = recording(patient, "unknown", (0, HOUR))  # chunks whose recording.json nobody has seen yet
            rows += chunks(orphan, (0, HOUR))
    Recording.objects.bulk_create(made)
    put(rows)


def make_question(chance: random.Random) -> Selection:
    when = []
    for _ in range(chance.choice([0, 1, 1, 2, 5])):
        start = chance.randrange(-2 * DAY, 6 * DAY, 10 * MINUTE)
        when.append(Interval(start_us=start, stop_us=start + chance.choice([1, MINUTE, HOUR, 3 * HOUR, DAY])))
    hours = [[], [], [(0, 6 * HOUR), (22 * HOUR, DAY)], [(10 * HOUR, 11 * HOUR), (12 * HOUR, 12 * HOUR + MINUTE)]]
    return Selection(
        patients=tuple(chance.choice([[], ["2002"], ["2002", "ab-1"], ["200*"]])),
        when=tuple(when),
        hours=tuple(Interval(start_us=start, stop_us=stop) for start, stop in chance.choice(hours)),
        channels=tuple(chance.sample(WORDS, chance.choice([0, 0, 1, 2, 3]))),
    )


def span(row: ChunkHeader | Recording) -> Interval:
    start, stop = (since_day_zero_us(row.patient, at) for at in (row.start, row.stop))
    return Interval(start_us=start, stop_us=stop)


def expected(selection: Selection, patients: set[str]) -> list[ChunkHeader]:
    ok = {(each.bucket, each.name): each for each in Recording.objects.filter(state="ok")}
    asked = selection.intervals_for(-3 * DAY, 10 * DAY)
    found = []
    for row in ChunkHeader.objects.all():
        held = ok.get((row.bucket, row.recording))
        if held is None or row.patient not in patients or not selection.asks_for(row.patient):
            continue
        known = {label for each in ok.values() if each.patient == row.patient for _, label in each.labels}
        picked = [set(chosen(word, held.labels, known=known)) for word in selection.channel_words]
        if picked and (row.channel, row.label) not in set.union(*picked):
            continue
        if overlaps(asked, span(row)):
            found.append(row)
    return sorted(found, key=lambda row: (row.patient, row.start, row.stop, row.pk))


def check_totals(selection: Selection, rows: list[ChunkHeader], totals: object) -> None:
    by_patient = {patient: [row for row in rows if row.patient == patient] for patient in {row.patient for row in rows}}
    asked = selection.intervals_for(-3 * DAY, 10 * DAY)
    covered = {patient: union(map(span, some)) for patient, some in by_patient.items()}
    holes = [
        measure_us(intersection(asked, (Interval(start_us=one.stop_us, stop_us=two.start_us),)))
        for time in covered.values()
        for one, two in itertools.pairwise(time)
    ]
    assert totals.chunks == len(rows)
    assert totals.size_bytes == sum(row.size_bytes for row in rows)
    assert totals.patients == len(by_patient)
    assert totals.recordings == len({(row.bucket, row.recording) for row in rows})
    assert totals.channels == len({(row.patient, row.label_norm) for row in rows})
    assert totals.covered_us == sum(map(measure_us, covered.values()))
    assert totals.asked_us == sum(measure_us(intersection(asked, time)) for time in covered.values())
    assert totals.gaps == sum(hole > 1_000_000 for hole in holes)


@pytest.mark.parametrize("seed", range(12))
def test_answers_equal_a_look_at_every_row(seed, monkeypatch):
    chance = random.Random(seed)
    make_archive(chance)
    server = server_scope_over(PATIENTS)
    nobody_or_some = scope_over(chance.sample(PATIENTS, chance.randint(0, 2)))
    if seed % 2:
        monkeypatch.setattr("selections.rows.NAMES_MAX", 1)  # every interval in as many parts as there are recordings
    for _ in range(12):
        selection = make_question(chance)
        for scope in (server, nobody_or_some):
            rows = expected(selection, set(scope.patients))
            resolved = resolve(selection, scope=scope)
            assert list(resolved.headers()) == rows
            check_totals(selection, rows, resolved.totals())
            check_recordings(resolved, rows)
            check_pages(resolved, rows, size=chance.choice([1, 2, 3, 7, 50]))


def check_recordings(resolved, rows: list[ChunkHeader]) -> None:
    found = [(held.patient, held.name, [row.object_key for row in some]) for held, some in resolved.by_recording()]
    places = sorted({(row.patient, row.recording) for row in rows})
    assert found == [
        (*place, sorted(row.object_key for row in rows if (row.patient, row.recording) == place)) for place in places
    ]


def check_pages(resolved, rows: list[ChunkHeader], *, size: int) -> None:
    after, found = None, []
    for _ in range(len(rows) // size + 2):
        page = resolved.page(after, size=size)
        assert len(page.rows) <= size
        found += page.rows
        after = page.next
        if after is None:
            break
    assert found == rows


def server_scope_over(patients: list[str]):
    for patient in patients:
        add_patient(patient)
    return server_scope(means="test")


def scope_over(patients: list[str]):
    user = make_user(f"user{User.objects.count()}")
    for patient in patients:
        grant(user, patient=patient)
    return scope_for(user, means="test")
