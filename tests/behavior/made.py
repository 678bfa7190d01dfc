"""Sessions made for tests: the lab's JSON as its converter writes it, and their records."""

import json
from datetime import datetime, timedelta
from typing import Any

from behavior.record import SessionRecord
from chunks.format.clock import day_zero


def document(
    *,
    experiment: Any = "ToM_Loc",
    subject: Any = "2003",
    start: Any = "9:5:3:42",
    stop: Any = "9:20:0:7",
    day: Any = "3",
    data: Any = (),
) -> dict[str, Any]:
    meta = {"subject": subject, "start_time": start, "stop_time": stop, "experiment": experiment, "day": day}
    return {"meta": meta, "data": list(data) if isinstance(data, tuple) else data}


def content(*documents: dict[str, Any]) -> bytes:
    """Documents appended in one file, nothing between them."""
    return "".join(map(json.dumps, documents)).encode()


def record(
    name: str = "ToM_Loc_2003.json",
    *,
    experiment: str = "ToM_Loc",
    subject: str = "2003",
    day: int = 3,
    minute: int = 545,
    lasting: int = 15,
) -> SessionRecord:
    """A record that begins so many minutes after midnight."""
    start = day_zero(subject) + timedelta(days=day, minutes=minute)
    return SessionRecord(
        experiment=experiment,
        file_name=name,
        start=start,
        stop=start + timedelta(minutes=lasting),
        subject=subject,
        day=day,
    )


def at(subject: str, *, day: int, hour: int = 0, minute: int = 0, second: int = 0, us: int = 0) -> datetime:
    return day_zero(subject) + timedelta(days=day, hours=hour, minutes=minute, seconds=second, microseconds=us)
