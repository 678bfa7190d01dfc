"""Names of buckets and objects, and that none climbs out of its folder."""

import re
from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chunks.format import keys


def test_ids_that_differ_only_by_case_share_a_bucket_name() -> None:
    assert keys.patient_bucket("AB-1", prefix="edf-chunks-") == "edf-chunks-ab-1"


@pytest.mark.parametrize("name", ["day3_140500", "a", "Run+1.v2", "x" * 100])
def test_recording_names(name: str) -> None:
    assert keys.check_recording_name(name) == name


@pytest.mark.parametrize(
    "name", ["", "../up", "a/b", ".hidden", "con", "NUL.txt", "com1", "end.", "x" * 101, "a\0", "a b", "a\n", "~1", "é"]
)
def test_names_that_are_unsafe_somewhere_are_refused(name: str) -> None:
    with pytest.raises(keys.NameRefused):
        keys.check_recording_name(name)


def test_the_name_of_a_recording_before_surgery() -> None:
    name = keys.recording_name(day=-1, hour=8, minute=5, second=0)
    assert name == "day-1_080500"
    assert keys.check_recording_name(name) == name


def test_labels_that_become_equal_get_their_channel_number() -> None:
    parts = keys.label_parts([(1, "A/B"), (2, "A:B"), (3, "a-b"), (4, ""), (5, ""), (6, "LTG1")])
    assert parts == {1: "A-B~1", 2: "A-B~2", 3: "a-b~3", 4: "channel-4", 5: "channel-5", 6: "LTG1"}


def test_an_empty_label_and_one_that_reads_like_its_stand_in_are_told_apart() -> None:
    assert keys.label_parts([(1, ""), (2, "Channel-1")]) == {1: "channel-1~1", 2: "Channel-1~2"}


@pytest.mark.parametrize("label", ["L'1", "Fc5.", "T8-P8", "Sensor-A:EMG (ra", "0.2Hz Blk 1/0uV", "µV"])
def test_a_lone_label_keeps_what_is_safe(label: str) -> None:
    (part,) = keys.label_parts([(7, label)]).values()
    assert part == "".join(c if re.match(r"[A-Za-z0-9._+'-]", c) else "-" for c in label)


@given(st.lists(st.text(max_size=16), min_size=1, max_size=30))
def test_no_label_leaves_its_folder_or_shares_a_key(labels: list[str]) -> None:
    parts = keys.label_parts(list(enumerate(labels, start=1)))
    made = [keys.chunk_key("day1_000000", label_part=part, chunk=0) for part in parts.values()]
    assert len({key.lower() for key in made}) == len(labels)
    for key in made:
        assert len(PurePosixPath(key).parts) == len(PureWindowsPath(key).parts) == 2
        assert re.fullmatch(r"day1_000000/[A-Za-z0-9._+'~-]+_chunk-0\.chn", key)


def test_a_chunk_key_is_taken_apart_again() -> None:
    key = keys.chunk_key("day1_000000", label_part="x_chunk-1", chunk=12)
    assert keys.parse_chunk_key(key) == keys.ChunkKey(recording="day1_000000", label_part="x_chunk-1", chunk=12)


@pytest.mark.parametrize(
    "key", ["a/recording.json", "a_chunk-0.chn", "a/b/c_chunk-0.chn", "a/b_chunk-x.chn", "a/b.chn"]
)
def test_other_keys_are_no_chunks(key: str) -> None:
    assert keys.parse_chunk_key(key) is None


def test_withheld_texts_of_two_patients_never_share_a_key() -> None:
    assert keys.withheld_key("2002", "day3_080000") != keys.withheld_key("2007", "day3_080000")
