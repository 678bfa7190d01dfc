"""A manifest is what its asker may see and asked for, and nobody else's; one that was changed or cut off is none."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from django.contrib.auth.models import User

from analysis.context import Event, decode_events, encode_event
from analysis.errors import ManifestRefused, NotAManifest, NothingFound
from analysis.manifest import check, write
from analysis.manifest_file import Manifest, Summary
from analysis.runs import Run
from analysis.runs import decode as decode_run
from analysis.runs import encode as encode_run
from chunks.models import ChunkHeader, Recording
from people.scope import Scope, scope_for, server_scope
from selections.resolve import resolve
from selections.words import parse
from storage.objects import Objects
from tests.analysis.made import BUCKET, GAPPED, NAME, START, take
from tests.analysis.made import write as write_edf
from tests.analysis.tables import faults, rows
from tests.people.makers import grant, make_user

pytestmark = pytest.mark.database
Words = dict[str, Sequence[str]]


def server() -> Scope:
    return server_scope(means="test")


def written(place: Path, objects: Objects, words: Words, *, scope: Scope | None = None) -> tuple[Summary, list[Run]]:
    summary = write(resolve(parse(words), scope=scope or server()), path=place, objects=objects)
    with place.open(encoding="utf-8") as lines:
        manifest = Manifest(lines)
        runs = list(manifest)
    assert manifest.summary == summary
    return summary, runs


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "manifest.jsonl"


@pytest.fixture
def minute(tmp_path: Path, objects: Objects) -> dict[str, np.ndarray]:
    """A minute in chunks of ten seconds."""
    samples = write_edf(tmp_path / "a.edf", records=60)
    take(tmp_path / "a.edf", objects, chunk_seconds=10)
    return samples


@pytest.fixture
def alice(db: None) -> User:
    return make_user("alice")


def test_everything_of_a_recording(minute: object, place: Path, objects: Objects) -> None:
    summary, runs = written(place, objects, {})
    assert [(run.label, run.first, run.last, run.within_us) for run in runs] == [
        ("LTG1", 0, 6, None),
        ("LTG2", 0, 6, None),
    ]
    etags = [objects.head(BUCKET, f"{NAME}/LTG1_chunk-{chunk}.chn").etag for chunk in range(6)]
    assert list(runs[0].etags) == etags
    assert (summary.size_bytes, summary.left_out, summary.software) == (60 * 250 * 2, {}, "ecog-portal 0.1.0")
    assert place.stat().st_mode & 0o777 == 0o600


def test_times_asked_for_are_the_chunks_and_windows_that_hold_them(
    minute: dict[str, np.ndarray], place: Path, objects: Objects, objects_url: str
) -> None:
    when = ["day 3 14:05:12..day 3 14:05:14", "day 3 14:05:28..day 3 14:05:31", "day 3 14:05:59..day 3 15:00"]
    _, runs = written(place, objects, {"when": when, "channel": ["LTG1"]})
    assert [(run.first, run.last) for run in runs] == [(1, 4), (5, 6)]
    table = rows(objects_url, manifest=str(place), values="digital")
    assert [row["window"] for row in table] == [12, 13, 28, 29, 30, 59]
    assert all(
        np.array_equal(row["samples"], minute["LTG1"][row["window"] * 200 : (row["window"] + 1) * 200]) for row in table
    )


def test_gaps_and_times_before_and_after_are_no_chunks(tmp_path: Path, place: Path, objects: Objects) -> None:
    write_edf(tmp_path / "a.edf", kind="EDF+D", onsets=GAPPED)
    take(tmp_path / "a.edf", objects)
    _, runs = written(place, objects, {"when": ["day 3 14:05:08..day 3 14:05:25"], "channel": ["LTG2"]})
    assert [(run.stretch, run.first, run.last, run.within_us) for run in runs] == [(1, 3, 5, ((0, 5_000_000),))]


def test_a_chunk_without_a_row_is_read_all_the_same_and_told_of_where_it_is_missing(
    minute: object, place: Path, objects: Objects, objects_url: str
) -> None:
    ChunkHeader.objects.filter(label="LTG1", chunk=2).delete()
    objects.delete(BUCKET, f"{NAME}/LTG1_chunk-2.chn")
    _, runs = written(place, objects, {"channel": ["LTG1"]})
    assert [(run.first, run.last) for run in runs] == [(0, 6)]
    assert list(faults(rows(objects_url, manifest=str(place)))) == [("LTG1", 2)]


def test_recordings_that_are_not_ok_are_left_out_and_counted(
    minute: object, tmp_path: Path, place: Path, objects: Objects
) -> None:
    for hours in (2, 4):
        write_edf(tmp_path / f"{hours}.edf", start=START.replace(hour=14 + hours), seed=hours)
        take(tmp_path / f"{hours}.edf", objects)
    Recording.objects.filter(name="day3_160500").update(state="hidden")
    document = json.loads(objects.get(BUCKET, "day3_180500/recording.json"))
    objects.put(BUCKET, "day3_180500/recording.json", json.dumps(document | {"state": "conflict"}).encode())
    summary, runs = written(place, objects, {})
    assert {run.recording for run in runs} == {NAME}
    assert summary.left_out == {"conflict": 1, "hidden": 1}


def test_a_patient_outside_the_scope_is_nowhere(
    minute: object, tmp_path: Path, place: Path, objects: Objects, alice: User
) -> None:
    write_edf(tmp_path / "b.edf", seed=1)
    take(tmp_path / "b.edf", objects, patient="3003")
    Recording.objects.filter(patient="2002").update(state="hidden")
    grant(alice, patient="3003")
    summary, runs = written(place, objects, {}, scope=scope_for(alice, means="test"))
    assert {run.patient for run in runs} == {"3003"}
    assert (summary.patients, summary.left_out) == (("3003",), {})
    assert '"2002"' not in (text := place.read_text(encoding="utf-8"))
    assert "edf-chunks-2002" not in text


def test_nothing_found_leaves_no_file(place: Path, objects: Objects, alice: User, minute: object) -> None:
    with pytest.raises(NothingFound, match="Nothing is found"):
        write(resolve(parse({}), scope=scope_for(alice, means="test")), path=place, objects=objects)
    assert not place.exists()


def lines(place: Path) -> list[str]:
    return place.read_text(encoding="utf-8").splitlines(keepends=True)


def test_the_askers_own_manifest_passes(minute: object, place: Path, objects: Objects, alice: User) -> None:
    grant(alice, patient="2002")
    scope = scope_for(alice, means="test")
    summary, _ = written(place, objects, {"patient": ["2002"]}, scope=scope)
    assert check(lines(place), scope=scope) == summary


def test_a_manifest_serves_nobody_else(minute: object, place: Path, objects: Objects, alice: User) -> None:
    bob = make_user("bob")
    for each in (alice, bob):
        grant(each, patient="2002")
    written(place, objects, {}, scope=scope_for(alice, means="test"))
    with pytest.raises(ManifestRefused, match="somebody else"):
        check(lines(place), scope=scope_for(bob, means="test"))
    with pytest.raises(ManifestRefused, match="somebody else"):
        check(lines(place), scope=server())


def test_a_manifest_ends_with_the_grant(minute: object, place: Path, objects: Objects, alice: User) -> None:
    given = grant(alice, patient="2002")
    written(place, objects, {}, scope=scope_for(alice, means="test"))
    given.delete()
    with pytest.raises(ManifestRefused, match="1 of the 1 patients"):
        check(lines(place), scope=scope_for(alice, means="test"))


def test_a_forged_manifest_is_refused(minute: object, place: Path, objects: Objects) -> None:
    written(place, objects, {"channel": ["LTG1"]})
    *runs, last = lines(place)
    claims = json.loads(last)
    with pytest.raises(ManifestRefused, match="did not sign"):
        check([*runs, json.dumps(claims | {"signature": ""}) + "\n"], scope=server())
    with pytest.raises(ManifestRefused, match="something else"):
        check([*runs, json.dumps(claims | {"question": ""}) + "\n"], scope=server())


def changed(line: str, **keys: object) -> str:
    return json.dumps(json.loads(line) | keys) + "\n"


def test_no_label_and_no_name_ends_a_line(minute: object, place: Path, objects: Objects) -> None:
    _, (run, *_) = written(place, objects, {})
    hostile = replace(run, label="a\u2028b\x85c\rd\ud800", unit="µV")
    assert list(map(decode_run, encode_run(hostile).splitlines())) == [hostile]
    event = Event(
        number=0, patient="2", bucket="b", recording="r", task="a\u2028b", session="\x85", code=1, trial=1, at=START
    )
    assert list(decode_events(encode_event(event).splitlines())) == [event]


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda runs, last: runs, "cut off"),
        (lambda runs, last: [*runs[:1], last], "not those"),
        (lambda runs, last: [runs[0].replace('"2002"', '"3003"'), runs[1], last], "not those"),
        (lambda runs, last: [*runs, last, *runs, last], "two were joined"),
        (lambda runs, last: [*runs, "{}\n", last], "cannot be read"),
        (lambda runs, last: ["[]\n"], "cannot be read"),
        (lambda runs, last: ["path,bucket\n"], "cannot be read"),
        (lambda runs, last: [], "cut off"),
        (lambda runs, last: ["[" * 100_000], "cannot be read"),
        (lambda runs, last: [changed(runs[0], record_duration="1e999999999"), last], "cannot be read"),
        (lambda runs, last: [changed(runs[0], record_duration="nan"), last], "cannot be read"),
        (lambda runs, last: [changed(runs[0], gain=float("nan")), last], "cannot be read"),
        (lambda runs, last: [changed(runs[0], gain="1"), last], "cannot be read"),
        (lambda runs, last: [changed(runs[0], patient=None), last], "cannot be read"),
        (lambda runs, last: [changed(runs[0], samples_per_record=1e300), last], "cannot be read"),
        (lambda runs, last: [changed(runs[0], within_us=[[0]]), last], "cannot be read"),
        (lambda runs, last: [changed(runs[0], last=10**400), last], "cannot be read"),
        (lambda runs, last: [*runs, last.replace('"manifest":1', '"manifest":9')], "another form"),
    ],
)
def test_a_damaged_manifest_is_none(damage: object, says: str, minute: object, place: Path, objects: Objects) -> None:
    written(place, objects, {})
    *runs, last = lines(place)
    with pytest.raises(NotAManifest, match=says):
        list(Manifest(damage(runs, last)))
