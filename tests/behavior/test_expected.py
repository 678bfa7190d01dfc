"""The codes that a task should have shown are read from whatever its trials hold."""

import pytest

from behavior.alignment_errors import TrialsUnmatched
from behavior.expected import by_kind, codes_shown, expected_codes

TOM = {"trial_num": 1, "story_start": 10.5, "quest_start": 17.6, "time_of_resp": 21.0, "response": "True"}


def told(data: object, *, task: str = "ToM_Loc", **fields: int) -> list[tuple[float, int, int]]:
    found = expected_codes(data, task=task, fields=fields or None)
    return [(each.time_s, each.code, each.trial) for each in found]


def test_stories_questions_and_responses_in_order_of_time() -> None:
    second = {"trial_num": 2, "story_start": 22.5, "quest_start": 29.6, "time_of_resp": "timeout"}
    assert told([second, TOM]) == [(10.5, 1, 1), (17.6, 4, 1), (21.0, 16, 1), (22.5, 1, 2), (29.6, 4, 2)]


@pytest.mark.parametrize(
    ("task", "trial", "codes"),
    [
        ("ToM_Task_2010", {"story_start": 1, "quest_start": 2, "time_of_response": 3}, [1, 4, 16]),
        ("ToM-2010", {"story_start": 1, "quest_start": 2, "time_of_response": 3}, [1, 4, 16]),
        ("faces", {"mov_start": 1, "quest_start": 2, "time_of_resp": 3}, [1, 4, 16]),
        ("Bio_Motion", {"fix_cross_starttime": 1, "dot_stim_starttime": 2}, [2, 8]),
        ("Movie_Task", {"psychopy_start_time": 1, "psychopy_stop_time": 2}, [4, 16]),
        ("something else", {"quest_start": 2, "story_start": 1}, [1, 4]),
    ],
)
def test_every_task_of_the_lab_is_read(task: str, trial: dict[str, float], codes: list[int]) -> None:
    assert [code for _, code, _ in told([trial], task=task)] == codes


def test_fields_can_be_named() -> None:
    assert told([{"cue": "4.5", "story_start": 1}], cue=2) == [(4.5, 2, 1)]


def test_what_is_no_trial_or_no_time_is_passed_over() -> None:
    data = [{"wall_time": "9:5:3:42"}, None, 7, [TOM], {"story_start": True}, {"story_start": float("nan")}, TOM]
    # A number that is not told is the place among the trials; the last one tells its own.
    assert told(data) == [(10.5, 1, 1), (17.6, 4, 1), (21.0, 16, 1)]


@pytest.mark.parametrize("data", [None, [], {}, "text", [{"wall_time": 3}], [{"story_start": None}]])
def test_a_session_that_tells_of_no_code_is_refused_with_the_fields(data: object) -> None:
    with pytest.raises(TrialsUnmatched, match="looked for story_start, quest_start, time_of_resp"):
        told(data)


def test_codes_of_a_kind_stand_for_each_other() -> None:
    found = expected_codes([{"fix_cross_starttime": 1, "dot_stim_starttime": 2}], task="biomotion")
    assert [each.code for each in by_kind(found)] == [1, 8]
    assert {1, 2, 8, 170} <= codes_shown(found)
