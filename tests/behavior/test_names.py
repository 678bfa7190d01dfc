"""A task is found whatever the case and separators of its name, by part, by pattern, by another name."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from behavior.names import Aliases, Group, canonical, fold, groups_of, matching, nearest, split_names

LAB = ("ToM_Loc", "ToM_Task_2010", "faces_task", "bio_motion_task", "Movie_Task", "penaltyshot", "Verb Gen")
NONE = Aliases()
NAMES = st.text(st.characters(categories=["L", "N", "P", "Zs"]), min_size=1, max_size=20).filter(
    lambda name: any(map(str.isalnum, fold(name)))
)
SEPARATORS = st.sampled_from(["_", "-", " ", ".", "", "__", " - "])


def groups(*names: str, aliases: Aliases = NONE) -> list[Group]:
    return groups_of(dict.fromkeys(names or LAB, 1), aliases=aliases)


def found(wanted: str, *names: str, aliases: Aliases = NONE) -> list[str]:
    return [group.name for group in matching(wanted, groups(*names, aliases=aliases), aliases=aliases)]


@pytest.mark.parametrize("wanted", ["ToM_Loc", "tom loc", "ToM-Loc", "TOM_LOC", "tomloc", " tom  loc ", "T.o.M/Loc"])
def test_case_and_separators_do_not_matter(wanted: str) -> None:
    assert found(wanted) == ["ToM_Loc"]


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        ("tom", ["ToM_Loc", "ToM_Task_2010"]),
        ("task", ["bio_motion_task", "faces_task", "Movie_Task", "ToM_Task_2010"]),
        ("tom*", ["ToM_Loc", "ToM_Task_2010"]),
        ("*task", ["bio_motion_task", "faces_task", "Movie_Task"]),
        ("t?m_loc", ["ToM_Loc"]),
        ("tom_lo?", ["ToM_Loc"]),
        ("tom?", []),
        ("*", sorted(LAB, key=fold)),
        ("=tom loc", ["ToM_Loc"]),
        ("=tom", []),
        ("[a-z]*", []),
        ("tom.*", ["ToM_Loc", "ToM_Task_2010"]),
        ("", []),
        ("__", []),
        ("verbgen", ["Verb Gen"]),
    ],
)
def test_parts_patterns_and_whole_names(wanted: str, names: list[str]) -> None:
    assert found(wanted) == names


def test_names_of_one_fold_are_one_task_called_as_most_sessions_call_it() -> None:
    assert groups_of({"ToM-Loc": 2, "tom_loc": 9, "TOM LOC": 9, "mov": 1}, aliases=NONE) == [
        Group(name="mov", filed=("mov",)),
        Group(name="TOM LOC", filed=("TOM LOC", "ToM-Loc", "tom_loc")),
    ]


def test_an_alias_finds_the_task_and_the_task_finds_what_is_filed_under_the_alias() -> None:
    aliases = Aliases([("faces", "faces_task"), ("gesichter", "faces"), ("ToM_2010", "ToM_Task_2010")])
    names = ("faces", "faces_task", "ToM_2010", "mov")
    whole = Group(name="faces_task", filed=("faces", "faces_task"))
    assert groups(*names, aliases=aliases)[0] == whole
    for wanted in ("=faces", "=faces_task", "Gesichter", "faces task"):
        assert matching(wanted, groups(*names, aliases=aliases), aliases=aliases) == [whole]
    assert found("2010", *names, aliases=aliases) == [
        "ToM_Task_2010"
    ]  # called as its alias says, though none is filed so
    assert aliases.of("faces_task") == ["faces", "gesichter"]


def test_aliases_in_a_circle_do_no_harm() -> None:
    aliases = Aliases([("a", "b"), ("b", "a"), ("c", "C")])
    assert {group.name for group in groups("a", "b", "c", aliases=aliases)} >= {"c"}


@pytest.mark.parametrize(
    ("wanted", "name"),
    [
        ("tom_lok", "ToM_Loc"),
        ("faecs", "faces_task"),
        ("moive", "Movie_Task"),
        ("penaltyshoot", "penaltyshot"),
        ("=tom", "ToM_Loc"),
    ],
)
def test_a_near_miss_is_answered_with_what_may_be_meant(wanted: str, name: str) -> None:
    assert not found(wanted)
    assert nearest(wanted, groups(), aliases=NONE)[0] == name


def test_what_is_like_nothing_is_answered_with_nothing() -> None:
    assert nearest("xyzzy", groups(), aliases=NONE) == []
    assert nearest("anything", [], aliases=NONE) == []


def test_several_names_at_once() -> None:
    assert split_names(["tom loc, faces;mov\n=x", "faces", " , "]) == ["tom loc", "faces", "mov", "=x"]


@given(name=NAMES, data=st.data())
def test_any_spelling_of_a_name_finds_it(name: str, data: st.DataObject) -> None:
    typed = "".join(letter + data.draw(SEPARATORS) for letter in name if letter not in "*?=,;\n" and letter.isalnum())
    changed = "".join(random.choice([str.lower, str.upper])(letter) for letter in typed)
    if fold(changed) == fold(name):  # some letters change by case alone, such as ß
        assert found(changed, name, "other") == [name] or fold(name) in fold("other")


@given(name=NAMES)
def test_folding_is_done_once(name: str) -> None:
    assert fold(fold(name)) == fold(name)


@given(names=st.dictionaries(NAMES, st.integers(0, 9), max_size=8))
def test_every_filed_name_is_in_one_group(names: dict[str, int]) -> None:
    filed = [name for group in groups_of(names, aliases=NONE) for name in group.filed]
    assert sorted(filed) == sorted(names)


@given(wanted=st.text(max_size=20), names=st.sets(NAMES, max_size=5))
def test_whatever_is_typed_has_an_answer(wanted: str, names: set[str]) -> None:
    held = groups_of(dict.fromkeys(names, 1), aliases=NONE)
    assert set(matching(wanted, held, aliases=NONE)) <= set(held)
    assert set(nearest(wanted, held, aliases=NONE)) <= {group.name for group in held}


@given(st.text(max_size=12))
def test_a_canonical_name_is_its_own_canonical_form(typed: str) -> None:
    once = canonical(typed)
    assert canonical(once) == once


@pytest.mark.parametrize(
    ("typed", "spelled"),
    [("ToM_Loc", "tomloc"), (" tom LOC", "tomloc"), ("=ToM-Loc", "=tomloc"), ("ToM_**Loc?", "tom*loc?"), ("*", "*")],
)
def test_names_that_mean_the_same_have_one_spelling(typed: str, spelled: str) -> None:
    assert canonical(typed) == spelled
