"""What two recordings hold both is found, compared by samples and told; states follow, and nothing is lost by it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from pytest_django import Settings

from chunks import standing
from chunks.batch import Batch, Result, Wish
from chunks.document import read_document
from chunks.errors import OverlapUnknown, SettledMeanwhile
from chunks.format.keys import recording_key
from chunks.headers_db.place import State
from chunks.headers_db.state import read_state, set_state
from chunks.models import Recording, RecordingOverlap
from chunks.reindex import reindex
from chunks.settle import How, settle
from people.scope import server_scope
from storage.objects import Objects
from tests.chunks.conftest import BUCKET
from tests.chunks.made import START, SURGERY, Channel, whole_tree
from tests.chunks.overlapping import MONTAGE, Signals

pytestmark = pytest.mark.database
FIRST = "day3_140500"
SIGNALS = Signals(began=START)


def take(path: Path, objects: Objects, **wish: object) -> Result:
    batch = Batch(
        patient="2002",
        surgery=SURGERY,
        surgery_source="date given",
        wish=Wish(**wish),
        objects=objects,
        scope=server_scope(means="test"),
    )
    result = batch.ingest(path, place=1, progress=lambda _bytes: None)
    assert result.outcome != "refused", result.reason
    return result


def states() -> dict[str, str]:
    return dict(Recording.objects.order_by("name").values_list("name", "state"))


def rows() -> list[tuple[object, ...]]:
    fields = ("recording", "earlier", "start", "stop", "channels", "verdict", "shift_us", "contained")
    return list(RecordingOverlap.objects.order_by("recording", "place").values_list(*fields))


def test_files_that_follow_one_another_overlap_nowhere(tmp_path: Path, patient: str, objects: Objects) -> None:
    for number in range(3):
        take(SIGNALS.write(tmp_path / f"{number}.edf", after_s=60 * number), objects)
    assert rows() == []
    assert set(states().values()) == {"ok"}


def test_what_it_is_compared_with_is_told_while_it_is(tmp_path: Path, patient: str, objects: Objects) -> None:
    take(SIGNALS.write(tmp_path / "a.edf"), objects)
    told: list[str] = []
    batch = Batch(
        patient="2002",
        surgery=SURGERY,
        surgery_source="date given",
        wish=Wish(),
        objects=objects,
        scope=server_scope(means="test"),
    )
    path = SIGNALS.write(tmp_path / "b.edf", after_s=50)
    batch.ingest(path, place=1, progress=lambda _bytes: None, phase=told.append)
    assert set(told) == {f"comparing with {FIRST}"}


def test_a_partial_overlap_hides_nothing(tmp_path: Path, patient: str, objects: Objects) -> None:
    take(SIGNALS.write(tmp_path / "a.edf"), objects)
    told = take(SIGNALS.write(tmp_path / "b.edf", after_s=50), objects)
    assert states() == {FIRST: "ok", "day3_140550": "ok"}
    start, stop = datetime(2002, 1, 3, 14, 5, 50), datetime(2002, 1, 3, 14, 6)
    channels = '["ltg1", "ltg2", "spo2"]'
    assert rows() == [("day3_140550", FIRST, start, stop, channels, "equal", 0, "")]
    assert told.overlaps == (
        "day 3 14:05:50 to day 3 14:06:00 is held by day3_140500 too: the same samples in 3 channels.",
    )


@pytest.mark.parametrize("off_ms", [0, 1000, -2000, 1370])
def test_a_copy_is_a_duplicate_also_where_its_start_was_rounded_or_the_clock_set(
    tmp_path: Path, patient: str, objects: Objects, off_ms: int
) -> None:
    take(SIGNALS.write(tmp_path / "a.edf"), objects)
    copy = SIGNALS.write(
        tmp_path / "b.edf", kind="EDF", record_s=5, clock_off=timedelta(milliseconds=off_ms // 1000 * 1000)
    )
    if off_ms % 1000:  # a start between two seconds is told by the first mark of EDF+ alone
        onsets = [Decimal("0.37") + number for number in range(60)]
        SIGNALS.write(copy, onsets=onsets, kind="EDF+D", clock_off=timedelta(seconds=1))
    copied = take(copy, objects, chunk_seconds=7).recording
    assert states() == {FIRST: "ok", copied: "duplicate"}
    assert [row[5:] for row in rows()] == [("equal", -off_ms * 1000, "both")]


def test_of_a_half_copied_file_and_its_whole_copy_the_half_one_is_the_duplicate(
    tmp_path: Path, patient: str, objects: Objects
) -> None:
    whole = SIGNALS.write(tmp_path / "whole.edf")
    half = tmp_path / "half.edf"
    half.write_bytes(whole.read_bytes()[: whole.stat().st_size * 2 // 3])
    take(half, objects, accept_truncated=True)
    take(whole, objects)
    assert states() == {FIRST: "duplicate", f"{FIRST}_b": "ok"}
    document = read_document(objects, bucket=BUCKET, recording=FIRST)
    assert document["state_reason"] == f"Every instant of every channel is equal in {FIRST}_b."
    before = whole_tree(tmp_path / "objects")
    assert take(half, objects, accept_truncated=True).outcome == "already there"
    assert whole_tree(tmp_path / "objects") == before


def test_a_shorter_copy_that_comes_later_is_the_duplicate(tmp_path: Path, patient: str, objects: Objects) -> None:
    take(SIGNALS.write(tmp_path / "whole.edf"), objects)
    take(SIGNALS.write(tmp_path / "piece.edf", after_s=20, seconds=20), objects)
    assert states() == {FIRST: "ok", "day3_140520": "duplicate"}


def test_different_data_at_the_same_time_are_in_conflict(tmp_path: Path, patient: str, objects: Objects) -> None:
    take(SIGNALS.write(tmp_path / "a.edf"), objects)
    take(SIGNALS.write(tmp_path / "b.edf", after_s=30, seconds=60, wrong_second=40), objects)
    assert states() == {FIRST: "conflict", "day3_140530": "conflict"}
    assert [(row[4], row[5]) for row in rows()] == [('["ltg1"]', "different"), ('["ltg2", "spo2"]', "equal")]


def test_a_conflict_with_what_turns_out_a_duplicate_is_none(tmp_path: Path, patient: str, objects: Objects) -> None:
    """The wrong piece stays in conflict with the whole copy; the right one is that copy's duplicate."""
    take(SIGNALS.write(tmp_path / "a.edf"), objects)
    take(SIGNALS.write(tmp_path / "b.edf", after_s=30, wrong_second=40), objects)
    take(SIGNALS.write(tmp_path / "c.edf", seconds=120), objects)
    assert states() == {FIRST: "duplicate", f"{FIRST}_b": "conflict", "day3_140530": "conflict"}


def test_a_conflict_at_the_edge_ends_with_the_one_that_turns_out_a_duplicate(
    tmp_path: Path, patient: str, objects: Objects
) -> None:
    """By the clock of the whole copy, which is two seconds off, the other one does not lie in its time."""
    take(SIGNALS.write(tmp_path / "piece.edf", after_s=10, seconds=20), objects)
    take(Signals(began=START, seed=9).write(tmp_path / "other.edf", after_s=28), objects)
    assert set(states().values()) == {"conflict"}
    take(SIGNALS.write(tmp_path / "whole.edf", seconds=30, clock_off=timedelta(seconds=-2)), objects)
    assert states() == {"day3_140458": "ok", "day3_140510": "duplicate", "day3_140528": "ok"}


def test_two_recorders_that_begin_in_one_second_share_nothing(tmp_path: Path, patient: str, objects: Objects) -> None:
    take(SIGNALS.write(tmp_path / "a.edf"), objects)
    take(Signals(began=START, channels=[Channel("RTG1", 100)]).write(tmp_path / "b.edf"), objects)
    assert states() == {FIRST: "ok", f"{FIRST}_b": "ok"}
    assert rows() == []


@pytest.mark.parametrize(
    "other",
    [
        {"limit": 1600},
        {"channels": [Channel("LTG1", 50)]},
    ],
    ids=["another scale", "another rate"],
)
def test_what_cannot_be_compared_changes_no_state(
    tmp_path: Path, patient: str, objects: Objects, other: dict[str, object]
) -> None:
    take(SIGNALS.write(tmp_path / "a.edf"), objects)
    take(SIGNALS.write(tmp_path / "b.edf", after_s=10, seconds=20, **other), objects)
    assert set(states().values()) == {"ok"}
    assert {row[5] for row in rows()} == {"not comparable"}


def test_flat_signals_alone_are_no_evidence(tmp_path: Path, patient: str, objects: Objects) -> None:
    flat = Signals(began=START, flat=frozenset({"LTG1", "LTG2", "SpO2"}))
    take(flat.write(tmp_path / "a.edf"), objects)
    take(flat.write(tmp_path / "b.edf", after_s=1), objects)
    assert set(states().values()) == {"ok"}
    assert [row[5] for row in rows()] == ["not comparable"]


def test_a_flat_channel_does_not_keep_a_copy_from_being_one(tmp_path: Path, patient: str, objects: Objects) -> None:
    some = Signals(began=START, flat=frozenset({"LTG2"}))
    take(some.write(tmp_path / "a.edf"), objects)
    take(some.write(tmp_path / "b.edf", record_s=5), objects)
    assert states() == {FIRST: "ok", f"{FIRST}_b": "duplicate"}


def test_a_copy_without_one_channel_is_the_duplicate(tmp_path: Path, patient: str, objects: Objects) -> None:
    take(SIGNALS.write(tmp_path / "a.edf", channels=MONTAGE[:2]), objects)
    take(SIGNALS.write(tmp_path / "b.edf"), objects)
    assert states() == {FIRST: "duplicate", f"{FIRST}_b": "ok"}


def test_less_than_a_second_between_rounded_starts_is_no_finding(
    tmp_path: Path, patient: str, objects: Objects
) -> None:
    """A file of 60 s, and the next one, whose header says a start 0.63 s before its end: records of 0.119 s do that."""
    channel = [Channel("LTG1", 238)]
    a, b = (Signals(began=START, channels=channel, seed=seed) for seed in (1, 2))
    take(a.write(tmp_path / "a.edf", kind="EDF+D", seconds=2, onsets=[Decimal("0.63"), Decimal("1.63")]), objects)
    take(b.write(tmp_path / "b.edf", after_s=2), objects)
    assert rows() == []


@pytest.mark.parametrize("order", [(0, 1, 2), (0, 2, 1), (2, 0, 1)])
def test_a_clock_that_is_a_second_off_is_no_conflict_with_what_follows(
    tmp_path: Path, patient: str, objects: Objects, order: tuple[int, ...]
) -> None:
    """Where a copy with the right clock, taken in before, tells that it is off."""
    files = [
        SIGNALS.write(tmp_path / "piece.edf", after_s=20, seconds=40),
        SIGNALS.write(tmp_path / "whole.edf", seconds=60, clock_off=timedelta(seconds=1)),
        SIGNALS.write(tmp_path / "next.edf", after_s=60),
    ]
    for number in order:
        take(files[number], objects)
    assert states() == {"day3_140501": "ok", "day3_140520": "duplicate", "day3_140600": "ok"}
    assert {row[5] for row in rows()} == {"equal"}


def test_a_recording_with_a_gap_and_a_step_back_equals_its_copy(tmp_path: Path, patient: str, objects: Objects) -> None:
    onsets = [Decimal(each) for each in [*range(20), *range(40, 60), *range(10, 30)]]
    take(SIGNALS.write(tmp_path / "a.edf", kind="EDF+D", onsets=onsets), objects)
    copy = SIGNALS.write(tmp_path / "b.edf", kind="EDF+D", onsets=onsets, clock_off=timedelta(seconds=1))
    copied = take(copy, objects).recording
    assert states() == {FIRST: "ok", copied: "duplicate"}
    assert {row[5:7] for row in rows()} == {("equal", -1_000_000)}


def test_an_object_that_lacks_is_told_and_hides_nothing(tmp_path: Path, patient: str, objects: Objects) -> None:
    take(SIGNALS.write(tmp_path / "a.edf"), objects)
    objects.delete(BUCKET, f"{FIRST}/LTG2_chunk-0.chn")
    take(SIGNALS.write(tmp_path / "b.edf", record_s=5), objects)
    assert set(states().values()) == {"ok"}
    assert {(row[4], row[5]) for row in rows()} == {('["ltg1", "spo2"]', "equal"), ('["ltg2"]', "not comparable")}


def test_reindex_rebuilds_overlaps_and_states(tmp_path: Path, patient: str, objects: Objects) -> None:
    take(SIGNALS.write(tmp_path / "a.edf"), objects)
    take(SIGNALS.write(tmp_path / "b.edf", after_s=30, wrong_second=40), objects)
    before = rows(), states()
    RecordingOverlap.objects.all().delete()
    Recording.objects.all().delete()
    reindex(objects)
    assert (rows(), states()) == before
    objects.delete(BUCKET, recording_key("day3_140530"))
    reindex(objects, fix=True, many=lambda _: True)
    assert rows() == []


def test_a_longer_copy_that_was_killed_before_the_other_knew_is_made_true_by_the_next_run(
    tmp_path: Path, patient: str, objects: Objects, monkeypatch: pytest.MonkeyPatch
) -> None:
    take(SIGNALS.write(tmp_path / "a.edf"), objects)
    monkeypatch.setattr("chunks.ingest.follow", lambda document, **_: document)
    whole = SIGNALS.write(tmp_path / "b.edf", seconds=120)
    take(whole, objects)
    assert set(states().values()) == {"ok"}  # both are counted, and the time once
    monkeypatch.undo()
    take(whole, objects)
    assert states() == {FIRST: "duplicate", f"{FIRST}_b": "ok"}


def test_two_that_end_at_once_find_each_other(
    tmp_path: Path, patient: str, objects: Objects, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither saw the other before it was said to be ok; both look again, and decide alike."""
    monkeypatch.setattr("chunks.ingest.with_overlaps", lambda document, **_: document | {"overlaps": []})
    monkeypatch.setattr("chunks.ingest.follow", lambda document, **_: document)
    first, second = SIGNALS.write(tmp_path / "a.edf"), SIGNALS.write(tmp_path / "b.edf", record_s=5)
    take(first, objects)
    take(second, objects)
    monkeypatch.undo()
    take(second, objects)
    take(first, objects)
    assert states() == {FIRST: "ok", f"{FIRST}_b": "duplicate"}


@pytest.mark.database(transaction=True)
def test_overlaps_are_found_while_the_headers_database_sleeps(tmp_path: Path, patient: str, objects: Objects) -> None:
    take(SIGNALS.write(tmp_path / "a.edf"), objects)
    set_state(read_state(), state=State.ASLEEP, by="test")
    take(SIGNALS.write(tmp_path / "b.edf", record_s=5), objects)
    set_state(read_state(), state=State.AWAKE, by="test")
    reindex(objects)
    assert states() == {FIRST: "ok", f"{FIRST}_b": "duplicate"}


@pytest.mark.database(transaction=True)
def test_what_came_while_it_slept_and_has_no_row_yet_is_compared_too(
    tmp_path: Path, patient: str, objects: Objects
) -> None:
    set_state(read_state(), state=State.ASLEEP, by="test")
    take(SIGNALS.write(tmp_path / "a.edf"), objects)
    set_state(read_state(), state=State.AWAKE, by="test")
    take(SIGNALS.write(tmp_path / "b.edf", record_s=5), objects)
    assert read_document(objects, bucket=BUCKET, recording=f"{FIRST}_b")["state"] == "duplicate"


def test_overlaps_are_found_where_the_lambda_writes_the_rows(
    tmp_path: Path, patient: str, objects: Objects, settings: Settings
) -> None:
    settings.INDEX = "events"
    take(SIGNALS.write(tmp_path / "a.edf"), objects)
    take(SIGNALS.write(tmp_path / "b.edf", record_s=5), objects)
    assert read_document(objects, bucket=BUCKET, recording=f"{FIRST}_b")["state"] == "duplicate"
    assert not Recording.objects.exists()


@pytest.fixture
def conflict(tmp_path: Path, patient: str, objects: Objects) -> tuple[str, str]:
    """The later and the earlier of two with different data."""
    take(SIGNALS.write(tmp_path / "a.edf"), objects)
    take(SIGNALS.write(tmp_path / "b.edf", after_s=30, wrong_second=40), objects)
    return "day3_140530", FIRST


@pytest.mark.parametrize(
    ("how", "later", "earlier"),
    [
        (How.BOTH_KEPT, "ok", "ok"),
        (How.THIS_HIDDEN, "hidden", "ok"),
        (How.EARLIER_HIDDEN, "ok", "hidden"),
    ],
)
def test_a_conflict_is_settled_and_stays_so(
    tmp_path: Path, conflict: tuple[str, str], objects: Objects, how: How, later: str, earlier: str
) -> None:
    names = dict(zip(("recording", "earlier"), conflict, strict=True))
    for _ in range(2):
        settle(objects, bucket=BUCKET, **names, how=how, by="dora", now=datetime(2026, 5, 1, tzinfo=UTC))
    after = whole_tree(tmp_path / "objects")
    for path in (tmp_path / "a.edf", tmp_path / "b.edf"):
        assert take(path, objects).outcome == "already there"
    reindex(objects)
    assert states() == {FIRST: earlier, "day3_140530": later}
    assert whole_tree(tmp_path / "objects") == after
    document = read_document(objects, bucket=BUCKET, recording="day3_140530")
    assert [each["settled"] for each in document["overlaps"]][:1] == [
        {"at": "2026-05-01T00:00:00+00:00", "by": "dora", "how": how.value}
    ]
    assert [each["state_before"] for each in document["corrections"]] == ["conflict"]
    assert set(RecordingOverlap.objects.values_list("verdict", "settled")) == {("different", how.value), ("equal", "")}


def test_who_settles_it_at_once_in_two_ways_leaves_one_of_both_in_searches(
    conflict: tuple[str, str], objects: Objects, settings: Settings
) -> None:
    settings.INDEX = "events"  # the objects alone are written, as by two portals
    names = dict(zip(("recording", "earlier"), conflict, strict=True))
    hows, barrier = [How.THIS_HIDDEN, How.EARLIER_HIDDEN], Barrier(2)

    def decide(how: How) -> str:
        barrier.wait()
        try:
            settle(objects, bucket=BUCKET, **names, how=how, by="dora")
        except SettledMeanwhile:
            return ""
        return how

    with ThreadPoolExecutor(2) as pool:
        (done,) = filter(None, pool.map(decide, hows))
    held = [read_document(objects, bucket=BUCKET, recording=each)["state"] for each in conflict]
    assert held == (["hidden", "ok"] if done == How.THIS_HIDDEN else ["ok", "hidden"])


def test_a_kill_before_the_earlier_one_is_hidden_is_made_good_by_settling_it_again(
    conflict: tuple[str, str], objects: Objects, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = dict(zip(("recording", "earlier"), conflict, strict=True))
    real = standing.change

    def killed(*words: Any, recording: str, **options: Any) -> Any:
        if recording == FIRST:
            raise KeyboardInterrupt
        return real(*words, recording=recording, **options)

    with monkeypatch.context() as patched:
        patched.setattr("chunks.settle.change", killed)
        with pytest.raises(KeyboardInterrupt):
            settle(objects, bucket=BUCKET, **names, how=How.EARLIER_HIDDEN, by="dora")
    settle(objects, bucket=BUCKET, **names, how=How.EARLIER_HIDDEN, by="dora")
    assert states() == {FIRST: "hidden", "day3_140530": "ok"}


def test_what_does_not_differ_cannot_be_settled(tmp_path: Path, patient: str, objects: Objects) -> None:
    take(SIGNALS.write(tmp_path / "a.edf"), objects)
    take(SIGNALS.write(tmp_path / "b.edf", after_s=30), objects)
    before = whole_tree(tmp_path / "objects")
    for how in How:
        with pytest.raises(OverlapUnknown):
            settle(objects, bucket=BUCKET, recording="day3_140530", earlier=FIRST, how=how, by="dora")
    assert whole_tree(tmp_path / "objects") == before


def test_one_conflict_settled_leaves_the_others_and_who_is_hidden_is_in_none(
    conflict: tuple[str, str], tmp_path: Path, objects: Objects
) -> None:
    take(SIGNALS.write(tmp_path / "c.edf", after_s=20, seconds=60, wrong_second=25), objects)
    settle(objects, bucket=BUCKET, recording="day3_140530", earlier=FIRST, how=How.BOTH_KEPT, by="dora")
    assert states() == {FIRST: "conflict", "day3_140520": "conflict", "day3_140530": "conflict"}
    settle(objects, bucket=BUCKET, recording="day3_140520", earlier=FIRST, how=How.THIS_HIDDEN, by="dora")
    assert states() == {FIRST: "ok", "day3_140520": "hidden", "day3_140530": "ok"}


@pytest.mark.parametrize("order", ["before", "after"])
def test_a_copy_of_what_is_hidden_is_not_found_and_is_again_with_it(
    tmp_path: Path, patient: str, objects: Objects, order: str
) -> None:
    """A wrong subject's file, exported again in another form, whole and in part, before it is hidden or after."""
    copies = {"whole.edf": {"after_s": 30, "record_s": 5}, "piece.edf": {"after_s": 70, "seconds": 20}}
    wrong = Signals(began=START, seed=9)
    take(SIGNALS.write(tmp_path / "a.edf"), objects)
    hidden = take(wrong.write(tmp_path / "wrong.edf", after_s=30), objects).recording
    names = {"recording": hidden, "earlier": FIRST}

    def take_copies() -> None:
        for name, words in copies.items():
            take(wrong.write(tmp_path / name, **words), objects)

    if order == "before":
        take_copies()
    settle(objects, bucket=BUCKET, **names, how=How.THIS_HIDDEN, by="dora")
    take_copies()
    copied = {f"{hidden}_b": "duplicate", "day3_140610": "duplicate"}
    assert states() == {FIRST: "ok", hidden: "hidden", **copied}
    for name in copied:
        reason = read_document(objects, bucket=BUCKET, recording=name)["state_reason"]
        assert reason == f"Every instant of every channel is equal in {hidden}, which is hidden."
    before = whole_tree(tmp_path / "objects")
    for path in sorted(tmp_path.glob("*.edf")):
        assert take(path, objects).outcome == "already there"
    assert whole_tree(tmp_path / "objects") == before
    settle(objects, bucket=BUCKET, **names, how=How.BOTH_KEPT, by="dora", seen="this hidden")
    assert states() == {FIRST: "ok", hidden: "ok", **copied}
    reason = read_document(objects, bucket=BUCKET, recording="day3_140610")["state_reason"]
    assert reason == f"Every instant of every channel is equal in {hidden}."


def test_what_is_in_a_longer_one_that_is_hidden_stays_so_on_a_second_run(
    tmp_path: Path, patient: str, objects: Objects
) -> None:
    piece = take(SIGNALS.write(tmp_path / "piece.edf", after_s=10, seconds=20), objects).recording
    whole = take(SIGNALS.write(tmp_path / "whole.edf"), objects).recording
    take(Signals(began=START, seed=9).write(tmp_path / "other.edf", after_s=40), objects)
    settle(objects, bucket=BUCKET, recording="day3_140540", earlier=whole, how=How.EARLIER_HIDDEN, by="dora")
    before = states()
    assert before == {piece: "duplicate", whole: "hidden", "day3_140540": "ok"}
    for _ in range(2):
        for path in sorted(tmp_path.glob("*.edf")):
            take(path, objects)
    assert states() == before
