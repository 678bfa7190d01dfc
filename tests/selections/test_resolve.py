"""What a question finds: edges to the microsecond, each chunk once, in order, of recordings that are ok."""

import pytest

from chunks.models import ChunkHeader, Recording, RecordingState
from people.patients import add_patient
from people.scope import server_scope
from selections.cursor import Cursor, parse_cursor
from selections.resolve import Resolved, resolve
from selections.words import parse
from tests.selections.made import DAY, HOUR, MINUTE, chunk, chunks, hold, keys, put, recording

pytestmark = pytest.mark.database


def ask(**words: str | list[str]) -> Resolved:
    texts = {field: [text] if isinstance(text, str) else text for field, text in words.items()}
    return resolve(parse(texts), scope=server_scope(means="test"))


def numbers(resolved: Resolved) -> list[int]:
    return [row.chunk for row in resolved.headers()]


def labels(resolved: Resolved) -> set[tuple[str, str]]:
    return {(row.recording, row.label) for row in resolved.headers()}


@pytest.mark.parametrize(
    ("start", "stop", "found"),
    [
        ("day 3 15:00", "day 3 16:00", [1]),
        ("day 3 14:59:59.999999", "day 3 16:00", [0, 1]),
        ("day 3 15:00", "day 3 16:00:00.000001", [1, 2]),
        ("day 3 15:30", "day 3 15:30:00.000001", [1]),
        ("day 3 13:00", "day 3 14:00", []),
        ("day 3 13:00", "day 3 14:00:00.000001", [0]),
        ("day 3 16:59:59.999999", "day 3 20:00", [2]),
        ("day 3 17:00", "day 3 20:00", []),
    ],
)
def test_a_window_that_only_touches_a_chunk_does_not_fetch_it(start, stop, found):
    hold("2002", "day3_140000", (3 * DAY + 14 * HOUR, 3 * DAY + 17 * HOUR))
    assert numbers(ask(patient="2002", start=start, stop=stop)) == found


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ({"day": "-1"}, [0, 1]),
        ({"day": "0"}, [1, 2]),
        ({"day": "-1..0"}, [0, 1, 2]),
        ({"day": "1"}, []),
        ({"hours": "00:00-00:30"}, [1]),
        ({"hours": "23:00-00:30"}, [0, 1]),
        ({"day": "2001-12-30", "hours": "23:00-24:00"}, [0, 1]),
    ],
)
def test_a_recording_over_midnight_is_found_by_both_days(words, found):
    hold("2002", "night", (-90 * MINUTE, 90 * MINUTE))  # chunks: 22:30, 23:30 (over midnight), 00:30
    assert numbers(ask(patient="2002", **words)) == found


def test_daily_windows_over_several_days_find_each_night():
    hold("2002", "week", (0, 4 * DAY))
    found = numbers(ask(patient="2002", hours="22:00-02:00", day="0..2"))
    assert found == [0, 1, 22, 23, 24, 25, 46, 47, 48, 49, 70, 71]


def test_a_chunk_that_overlaps_two_intervals_is_found_once():
    hold("2002", "rec", (0, 4 * HOUR), labels=["A1", "A2"])
    stretches = ["day 0 01:10..day 0 01:20", "day 0 01:30..day 0 01:40", "day 0 01:50..day 0 02:10"]
    resolved = ask(patient="2002", when=stretches)
    assert sorted(numbers(resolved)) == [1, 1, 2, 2]
    assert resolved.totals().chunks == 4
    assert [len(rows) for _, rows in resolved.by_recording()] == [4]


def test_long_chunks_are_found_beside_hourly_ones_in_order_and_once():
    hold("2002", "hourly", (0, 2 * DAY), labels=["A1"])
    hold("2002", "daily", (10 * MINUTE, 2 * DAY), labels=["B1"], every=24 * HOUR)
    resolved = ask(patient="2002", when=["day 0 20:00..day 0 21:00", "day 1 05:00..day 1 06:00"])
    rows = list(resolved.headers())
    assert [(row.label, row.chunk) for row in rows] == [("B1", 0), ("A1", 20), ("B1", 1), ("A1", 29)]
    assert rows == sorted(rows, key=lambda row: (row.start, row.stop))
    assert resolved.totals().chunks == 4
    assert resolved.totals().covered_us == 2 * DAY - 10 * MINUTE


@pytest.mark.parametrize("state", [state for state in RecordingState.values if state != "ok"])
def test_recordings_that_are_not_ok_never_show(state):
    hold("2002", "good", (0, 2 * HOUR))
    hold("2002", "other", (0, 30 * HOUR), state=state)
    resolved = ask(patient="2002")
    assert {row.recording for row in resolved.headers()} == {"good"}
    assert {row.recording for row in resolved.page(size=100).rows} == {"good"}
    assert [held.name for held, _ in resolved.by_recording()] == ["good"]
    totals = resolved.totals()
    assert (totals.chunks, totals.recordings, totals.covered_us) == (2, 1, 2 * HOUR)


def test_chunks_of_which_no_recording_is_known_never_show():
    hold("2002", "good", (0, HOUR))
    put(chunks(recording("2002", "unseen", (0, HOUR)), (0, HOUR)))
    put(chunks(recording("2002", "good", (0, HOUR), bucket="another-bucket"), (0, HOUR)))
    resolved = ask(patient="2002")
    assert keys(resolved.headers()) == [("2002", "good/LTG1~1_chunk-0.chn")]
    assert resolved.totals().chunks == 1
    assert [len(rows) for _, rows in resolved.by_recording()] == [1]


def test_a_recording_hidden_while_one_reads_is_left_out():
    hold("2002", "a", (0, HOUR))
    hold("2002", "b", (HOUR, 2 * HOUR))
    resolved = ask(patient="2002")
    assert len(resolved.stays[0].recordings) == 2
    Recording.objects.filter(name="a").update(state=RecordingState.HIDDEN)
    assert [held.name for held, _ in resolved.by_recording()] == ["b"]


@pytest.mark.parametrize("size", range(1, 14))
def test_pages_of_any_size_are_the_whole(size):
    hold("2002", "a", (0, 3 * HOUR), labels=["A1", "A2"])
    hold("2002", "b", (90 * MINUTE, 4 * HOUR), labels=["A1"], every=24 * HOUR)
    hold("2002", "c", (0, 20 * MINUTE), labels=["A1", "A2"])  # begins with another chunk, ends before it
    hold("2003", "a", (0, 2 * HOUR), labels=["A1", "A2"])
    resolved = ask(patient="200*")
    whole = list(resolved.headers())
    found: list[ChunkHeader] = []
    after: Cursor | None = None
    while len(found) < 100:
        page = resolved.page(after, size=size)
        found += page.rows
        if page.next is None:
            break
        assert len(page.rows) == size
        after = parse_cursor(str(page.next))
    assert found == whole
    assert len(whole) == 13


def test_a_position_of_another_patient_shows_no_more_than_the_question():
    hold("2002", "a", (0, HOUR))
    hold("2003", "a", (0, HOUR))
    before, after = (Cursor(patient=patient, start_us=0, stop_us=1, row=0) for patient in ("1", "9"))
    assert [row.patient for row in ask(patient="2003").page(before, size=10).rows] == ["2003"]
    assert ask(patient="2003").page(after, size=10).rows == []


@pytest.mark.parametrize("size", [0, -1, 10_001])
def test_a_page_has_some_rows_and_not_endless_ones(size):
    with pytest.raises(ValueError, match="a page has"):
        ask().page(size=size)


def test_recordings_and_chunks_come_in_the_order_of_paths():
    for name in ("day2_1", "day10_1", "day-1_1", "Zed", "day2"):
        hold("2002", name, (0, HOUR), labels=["b", "A", "a", "Ab"])
    hold("1001", "z", (0, HOUR))
    found = [(held.patient, held.name) for held, _ in ask().by_recording()]
    assert found == [("1001", "z"), *(("2002", name) for name in ("Zed", "day-1_1", "day10_1", "day2", "day2_1"))]
    for _, rows in ask().by_recording():
        assert [row.object_key for row in rows] == sorted((row.object_key for row in rows), key=str.encode)


def test_chunks_of_a_recording_are_read_page_by_page(monkeypatch):
    monkeypatch.setattr("selections.resolve.FETCH_ROWS", 3)
    hold("2002", "rec", (0, 5 * HOUR), labels=[f"A{number}" for number in range(1, 12)])
    whole = ask(patient="2002")
    assert len(list(whole.headers())) == len({row.pk for row in whole.headers()}) == 55
    for channels in ([], ["A1..A3"], ["A1..A10"]):
        [(_, rows)] = ask(patient="2002", channel=channels, stop="day 0 04:00").by_recording()
        expected = ask(patient="2002", channel=channels, stop="day 0 04:00").headers()
        assert [row.object_key for row in rows] == sorted(row.object_key for row in expected)


def test_a_recording_without_chunks_has_nothing_to_fetch():
    add_patient("2002")
    recording("2002", "annotations-only", (0, 0), labels=[]).save()
    resolved = ask(patient="2002")
    assert list(resolved.by_recording()) == []
    assert resolved.totals().recordings == 0


def test_channels_are_told_apart_recording_by_recording():
    hold("2002", "one", (0, HOUR), labels=["LTG1", "ltg01", "DC01"])
    hold("2002", "two", (HOUR, 2 * HOUR), labels=["POL LTG1", "POL LTG2"])
    assert labels(ask(channel="LTG1")) == {("one", "LTG1"), ("two", "POL LTG1")}
    assert labels(ask(channel="Ltg1")) == {("one", "LTG1"), ("one", "ltg01"), ("two", "POL LTG1")}
    assert labels(ask(channel="2")) == {("one", "ltg01"), ("two", "POL LTG2")}
    assert labels(ask(channel="DC*,LTG2")) == {("one", "DC01"), ("two", "POL LTG2")}


def test_a_number_tells_twins_of_one_label_apart():
    hold("2002", "twins", (0, HOUR), labels=["EEG 1", "EEG 1", "EEG 2"])
    found = [(row.channel, row.label) for row in ask(channel="2").headers()]
    assert found == [(2, "EEG 1")]
    assert ask(channel="2").totals().chunks == 1
    assert len(list(ask(channel="EEG 1").headers())) == 2


def test_channels_whose_number_nobody_knows_are_found_by_label():
    add_patient("2002")
    adopted = recording("2002", "old", (0, HOUR), channels=[(None, "LTG1"), (None, "LTG2")])
    adopted.save()
    put(chunks(adopted, (0, HOUR)))
    assert labels(ask(channel="LTG1")) == {("old", "LTG1")}
    assert labels(ask(channel="1")) == set()


def test_a_number_that_means_different_channels_is_told():
    hold("2002", "one", (0, HOUR), labels=["LTG1", "LTG2"])
    hold("2002", "two", (HOUR, 2 * HOUR), labels=["LTG1", "LPT2"])
    hold("2002", "three", (DAY, DAY + HOUR), labels=["LTG2", "LPT2"])
    [warning] = ask(channel="1,2", day="0").warnings
    assert "2 is ltg2 (1) and lpt2 (1)" in warning
    assert "1 is" not in warning
    assert ask(channel="1", day="0").warnings == ()


def test_a_number_that_reads_like_a_label_is_told():
    hold("2002", "one", (0, HOUR), labels=["05", "LTG1", "A", "B", "C"])
    [warning] = ask(channel="5").warnings
    assert 'write "5" in quotes' in warning
    hold("2003", "egi", (0, HOUR), labels=["EEG 1", "EEG 2"])
    assert ask(patient="2003", channel="1").warnings == ()


def test_words_that_match_nothing_are_told_when_others_match():
    hold("2002", "one", (0, HOUR), labels=["LTG1"])
    hold("2003", "one", (0, HOUR), labels=["LTG1", "LTG2"])
    warnings = ask(patient=["2002", "2003", "2004"], channel="LTG1,LTG2,XX*").warnings
    assert warnings == (
        "There is no patient 2004 whom you may see. The most similar: 2003, 2002.",
        "No channel of patient 2002 is LTG2, in the time asked for.",
        "No channel of patients 2002, 2003 is xx*, in the time asked for.",
    )


def test_a_stay_before_the_first_year_that_rows_know_is_asked_for_without_an_error():
    hold("1001", "early", (-364 * DAY, -364 * DAY + HOUR))
    assert numbers(ask(patient="1001")) == [0]


def test_a_stray_chunk_of_another_patient_in_the_folder_is_not_shown():
    held, rows = hold("2002", "rec", (0, HOUR))
    add_patient("2003")
    put([chunk(held, channel=(9, "LTG9"), number=0, start=0, stop=HOUR, patient="2003")])
    assert [each for _, found in ask(patient="2002").by_recording() for each in found] == rows
    assert ask(patient="2003").totals().chunks == 0
