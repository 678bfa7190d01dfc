"""The codes that a task should have shown, read from a session's trials.

Owns: which field of a trial holds the time of which code. Trials are the `data` of a session's JSON: a list of objects,
each with times in seconds of the task's own clock. A field that is missing, or holds no number (`"timeout"`), showed no
code. What is no object (or one without any of these fields) is no trial and is passed over. Plain Python.

Codes of one kind stand for each other: versions of a task differ in whether a question is 4, 5 or, in faces, 170.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import isfinite
from typing import Any

from behavior.alignment_errors import TrialsUnmatched
from behavior.matching import Expected
from behavior.names import fold
from behavior.triggers import KNOWN_CODES, Code

STORY, QUESTION, RESPONSE = 1, 4, 16
# The first of each kind stands for all.
KINDS: tuple[tuple[int, ...], ...] = ((1, 2), (4, 5, 170))
_KIND_OF = {code: kind[0] for kind in KINDS for code in kind}

# Field of a trial → code.
_STORIES = {"story_start": STORY, "quest_start": QUESTION, "time_of_resp": RESPONSE, "time_of_response": RESPONSE}
_FILMS = {"mov_start": STORY, "quest_start": QUESTION, "time_of_resp": RESPONSE}
_WALKERS = {"fix_cross_starttime": 2, "dot_stim_starttime": 8}
_MOVIE = {"psychopy_start_time": QUESTION, "psychopy_stop_time": RESPONSE}
# By the folded name of the task; a task that is not here is read by whichever of these fields its trials have.
TASKS: Mapping[str, Mapping[str, int]] = {
    "tomloc": _STORIES,
    "tomtask2010": _STORIES,
    "tom2010": _STORIES,
    "facestask": _FILMS,
    "faces": _FILMS,
    "biomotiontask": _WALKERS | _FILMS,
    "biomotion": _WALKERS | _FILMS,
    "movietask": _MOVIE,
    "movtask": _MOVIE,
    "mov": _MOVIE,
}
_ANY = _STORIES | _FILMS | _WALKERS | _MOVIE


def expected_codes(data: Any, *, task: str, fields: Mapping[str, int] | None = None) -> Sequence[Expected]:  # noqa: ANN401 (whatever JSON holds)
    """The codes of a session's trials in order of time, by the task's fields or those given (field → code).

    A trial's number is its `trial_num` where that is a whole number, else its place among the trials, from 1.
    Raises `TrialsUnmatched` where there are none, with the fields that were looked for.
    """
    looked_for = fields or TASKS.get(fold(task), _ANY)
    trials = [each for each in data if isinstance(each, dict)] if isinstance(data, list) else []
    trials = [each for each in trials if any(field in each for field in looked_for)]
    found = [
        Expected(time_s=time_s, code=code, trial=_number(trial, place=place))
        for place, trial in enumerate(trials, 1)
        for field, code in looked_for.items()
        if (time_s := _seconds(trial.get(field))) is not None
    ]
    if not found:
        raise TrialsUnmatched(
            f"No trial of this session tells when it showed a code: looked for {', '.join(looked_for)}. "
            "Name the fields with --code FIELD=CODE, or align by hand."
        )
    return sorted(found, key=lambda each: (each.time_s, each.trial))


def codes_shown(expected: Sequence[Expected]) -> frozenset[int]:
    """Every code that a channel of this task may carry."""
    wanted = {each.code for each in expected}
    return KNOWN_CODES | wanted | {code for kind in KINDS if wanted & set(kind) for code in kind}


def by_kind(expected: Sequence[Expected]) -> Sequence[Expected]:
    """The same with the code that stands for its kind, so that they can be matched."""
    return [replace(each, code=_KIND_OF.get(each.code, each.code)) for each in expected]


def codes_by_kind(codes: Sequence[Code]) -> Sequence[Code]:
    return [replace(each, code=_KIND_OF.get(each.code, each.code)) for each in codes]


def _seconds(value: Any) -> float | None:  # noqa: ANN401 (whatever JSON holds)
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        seconds = float(value)
    except (ValueError, OverflowError):
        return None
    return seconds if isfinite(seconds) else None


def _number(trial: Mapping[str, Any], *, place: int) -> int:
    number = trial.get("trial_num")
    return number if isinstance(number, int) and not isinstance(number, bool) and number > 0 else place
