"""Names of objects in the sessions bucket."""

from itertools import islice

import pytest

from behavior.keys import (
    attached_key,
    file_name,
    is_session_key,
    new_keys,
    notes_key,
    session_key_of,
    split_file_name,
    tree_paths,
)
from tests.behavior.made import at


def test_a_new_session_is_named_as_the_lab_does_and_by_its_time_where_that_is_taken() -> None:
    names = new_keys(experiment="ToM_Loc", subject="2003", start=at("2003", day=3, hour=9, minute=5, second=3), day=3)
    assert list(islice(names, 3)) == [
        "ToM_Loc_2003.json",
        "ToM_Loc_2003_day3_090503.json",
        "ToM_Loc_2003_day3_090503_b.json",
    ]


@pytest.mark.parametrize(
    ("experiment", "name"),
    [("../../etc", "etc_7.json"), ("tom loc/2", "tom-loc-2_7.json"), (".x", "x_7.json"), ("é", "session_7.json")],
)
def test_no_name_climbs_out_of_its_folder(experiment: str, name: str) -> None:
    key = next(new_keys(experiment=experiment, subject="7", start=at("7", day=1), day=1))
    assert key.replace("..-", "") == name


@pytest.mark.parametrize(
    ("key", "session"),
    [
        ("ToM_Loc_2003.json", "ToM_Loc_2003.json"),
        ("2003/x.JSON", "2003/x.JSON"),
        ("ToM_Loc_2003.json.notes.json", "ToM_Loc_2003.json"),
        ("ToM_Loc_2003.json.files/1.json", None),
        ("withdrawn/2003.json", None),
        ("notes.txt", None),
        ("x.notes.json", None),
    ],
)
def test_which_session_an_object_belongs_to(key: str, session: str | None) -> None:
    assert session_key_of(key) == session
    assert is_session_key(key) == (session == key)


def test_documents_are_numbered_from_the_second_on() -> None:
    assert [file_name("a.json", number=number) for number in (1, 2, 3)] == ["a.json", "a.json#2", "a.json#3"]
    assert [split_file_name(name) for name in ("a.json", "a.json#2", "a#b.json#12")] == [
        ("a.json", 1),
        ("a.json", 2),
        ("a#b.json", 12),
    ]


def test_attached_files_keep_nothing_of_their_name_but_the_suffix() -> None:
    assert attached_key("a.json", number=2, file_name="John Doe.CSV") == "a.json.files/2.csv"
    assert attached_key("a.json", number=1, file_name="doe") == "a.json.files/1"
    assert notes_key("a.json") == "a.json.notes.json"


def test_foreign_keys_keep_their_folders_and_twins_are_numbered() -> None:
    assert tree_paths(["2003//x.json", "../x.json", "a/b c.json", "A/b-c.json", "/lead.json"]) == {
        "2003//x.json": "2003/x.json",
        "../x.json": "x.json",
        "A/b-c.json": "A/b-c~1.json",
        "a/b c.json": "a/b-c~2.json",
        "/lead.json": "lead.json",
    }
