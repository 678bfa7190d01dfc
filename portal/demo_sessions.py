"""The demo's sessions: the JSON files that tasks would have written while the demo's recordings ran.

Owns: which there are, and that their trials fit the codes on the recordings' photodiode, seen by a laptop whose clock
is seconds off and drifts. One session has no recording, one is covered in part, one task is known of one patient alone.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from behavior.wall_time import wall_time_text
from portal import demo_signals
from portal.demo_patients import DEMO, DEMO2, DemoPatient, Made

LAPTOP_BEHIND_S = 2.4
DRIFT_PPM = 25.0
SCATTER_S = 0.004
ALIAS, ALIAS_OF = "faces", "faces_task"
_FIELDS = {
    "ToM_Loc": ("story_start", "quest_start", "time_of_resp"),
    "faces_task": ("mov_start", "quest_start", "time_of_resp"),
    "Movie_Task": (None, "psychopy_start_time", "psychopy_stop_time"),
}


@dataclass(frozen=True, kw_only=True)
class DemoSession:
    """A session: when it began by the laptop's clock, and its length."""

    patient: DemoPatient
    task: str
    start: datetime
    seconds: int

    @property
    def day(self) -> int:
        return (self.start.date() - self.patient.surgery).days


def _session(patient: DemoPatient, task: str, start: datetime, *, minutes: int) -> DemoSession:
    return DemoSession(patient=patient, task=task, start=start, seconds=minutes * 60)


ALIGNED = _session(DEMO, "ToM_Loc", datetime(2017, 3, 12, 14, 12, 20), minutes=18)
SESSIONS = (
    ALIGNED,
    _session(DEMO, "faces_task", datetime(2017, 3, 12, 15, 40, 5), minutes=14),
    _session(DEMO, "Movie_Task", datetime(2017, 3, 12, 16, 2), minutes=11),
    _session(DEMO, "Movie_Task", datetime(2017, 3, 13, 9, 2, 30), minutes=8),
    _session(DEMO, "ToM_Loc", datetime(2017, 3, 14, 10, 0), minutes=12),
    _session(DEMO2, "ToM_Loc", datetime(2018, 6, 5, 14, 8, 40), minutes=15),
    _session(DEMO2, "faces", datetime(2018, 6, 5, 14, 25), minutes=8),
    _session(DEMO2, "bio_motion_task", datetime(2018, 6, 6, 9, 1), minutes=3),
)


def make_files(folder: Path) -> None:
    """Writes them, the same at every run."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, each in enumerate(SESSIONS, 1):
        path = folder / f"session-{number}.json"
        path.write_text(json.dumps(_document(each, seed=number)), encoding="ascii")


def _document(session: DemoSession, *, seed: int) -> dict[str, Any]:
    stop = session.start + timedelta(seconds=session.seconds)
    meta = {
        "experiment": session.task,
        "subject": session.patient.name,
        "day": session.day,
        "start_time": _wall_time(session.start),
        "stop_time": _wall_time(stop),
    }
    fields = _FIELDS["faces_task" if session.task == ALIAS else session.task] if _is_known(session) else ()
    return {"meta": meta, "data": _trials(session, fields=fields, rng=np.random.default_rng(seed))}


def _is_known(session: DemoSession) -> bool:
    return session.task in _FIELDS or session.task == ALIAS


def _wall_time(moment: datetime) -> str:
    since_midnight = timedelta(hours=moment.hour, minutes=moment.minute, seconds=moment.second)
    return wall_time_text(since_midnight // timedelta(microseconds=1))


def _trials(session: DemoSession, *, fields: Sequence[str | None], rng: np.random.Generator) -> list[dict[str, Any]]:
    """A trial for each story, question and response that the photodiode showed; others where nothing was recorded."""
    codes = list(_codes(session)) if fields else []
    trials: list[dict[str, Any]] = []
    for code, onset_s in codes:
        if code == demo_signals.CODES[0] or not trials:
            trials.append({"trial_num": len(trials) + 1})
        field = fields[demo_signals.CODES.index(code)]
        if field is not None:
            trials[-1][field] = round(onset_s + float(rng.normal(0, SCATTER_S)), 4)
    if not trials:
        trials = [{"trial_num": number, "trial_start": 12.5 * number} for number in range(1, 11)]
    for trial in trials:
        trial |= {"condition": str(rng.choice(["belief", "photo"])), "answer": bool(rng.integers(2)), "rating": None}
    return trials


def _codes(session: DemoSession) -> Sequence[tuple[int, float]]:
    """Each code shown during the session, and when by the laptop's clock, in seconds since the session's start."""
    shown = []
    for number, made in enumerate(session.patient.recordings):
        behind = _overlap(session, made)
        if behind is None:
            continue
        onsets_s = demo_signals.code_onsets_s(seconds=made.seconds, seed=session.patient.seed + number)
        for place, onset_s in enumerate(onsets_s):
            laptop_s = (onset_s - behind - LAPTOP_BEHIND_S) * (1 - DRIFT_PPM / 1e6)
            if 0 < laptop_s < session.seconds - 5:
                shown.append((demo_signals.CODES[place % len(demo_signals.CODES)], laptop_s))
    return shown


def _overlap(session: DemoSession, made: Made) -> float | None:
    """Seconds from the recording's start to the session's, where they have time in common."""
    after_s = (session.start - made.start).total_seconds()
    return after_s if -session.seconds < after_s < made.seconds else None
