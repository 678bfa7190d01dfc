"""The part of `benchmarks.task_search` that is written by hand: the statements of one who knows the question.

Owns: SQL, and the little that must be done between its statements, since sessions and headers lie in two databases.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connections

_SESSIONS = """
    SELECT s.subject, s.start, s.stop, n.clock_offset_us FROM behavior_sessionrow s
    LEFT JOIN behavior_sessionnote n ON n.file_name = s.file_name
    WHERE s.experiment = %s ORDER BY s.subject, s.start
"""
# Order of tables and index are given: neither database must guess.
_JOIN = {"sqlite": "CROSS JOIN", "mysql": "STRAIGHT_JOIN"}
_LED = {"sqlite": "INDEXED BY {index}", "mysql": "FORCE INDEX ({index})"}
_OVERLAP = """
    FROM asked a {join} chunk_header h {by_start} ON h.patient = a.patient
        AND h.start > a.early AND h.start < a.stop AND h.stop > a.start
    {join} recording r ON r.bucket = h.bucket AND r.name = h.recording AND r.state = 'ok'
"""
_SUMS = """
    SELECT patient, start, stop, COUNT(*), SUM(bytes) FROM (
        SELECT DISTINCT h.id, h.patient, h.start, h.stop, h.bytes {overlap}
    ) found GROUP BY patient, start, stop
"""
_CHANNELS = "SELECT COUNT(*) FROM (SELECT DISTINCT h.patient, h.label_norm {overlap}) found"
_COVERED = """
    SELECT a.place, h.start, h.stop FROM played a {join} chunk_header h {by_label} ON h.patient = a.patient
        AND h.label_norm = 'e1' AND h.start > a.early AND h.start < a.stop AND h.stop > a.start
    {join} recording r ON r.bucket = h.bucket AND r.name = h.recording AND r.state = 'ok' ORDER BY a.place, h.start
"""
_PAGE = "SELECT DISTINCT h.* {overlap} AND a.patient = %s ORDER BY h.patient, h.start, h.stop, h.id LIMIT 50"


@dataclass(frozen=True)
class Found:
    """What both ways must agree on."""

    sessions: int
    covered_us: int
    chunks: int
    size_bytes: int
    channels: int
    page: tuple[str, ...]


def by_hand(task: str, *, pad: timedelta) -> Found:
    """The answer, with six statements and a table of windows."""
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT DISTINCT experiment FROM behavior_sessionrow")
        names = [name for (name,) in cursor.fetchall() if name.replace("_", "").lower() == task]
        cursor.execute(_SESSIONS, names)
        sessions = [(patient, _moment(start), _moment(stop)) for patient, start, stop, _ in cursor.fetchall()]
    headers = connections["headers"]
    with headers.cursor() as cursor:
        longest = {}
        for patient in dict.fromkeys(patient for patient, _, _ in sessions):
            cursor.execute("SELECT MAX(duration_us) FROM chunk_header WHERE patient = %s", [patient])
            longest[patient] = timedelta(microseconds=cursor.fetchone()[0] or 0)
        for name, windows in (("played", list(_numbered(sessions))), ("asked", list(_joined(sessions, pad=pad)))):
            cursor.execute(f"DROP TABLE IF EXISTS {name}")
            cursor.execute(
                f"CREATE TEMPORARY TABLE {name} (place INT, patient VARCHAR(40), early DATETIME(6), start DATETIME(6), "
                "stop DATETIME(6))"
            )
            cursor.executemany(
                f"INSERT INTO {name} VALUES (%s, %s, %s, %s, %s)",  # noqa: S608 (names of our own)
                [
                    (place, patient, _text(start - longest[patient]), _text(start), _text(stop))
                    for place, patient, start, stop in windows
                ],
            )
        cursor.execute(_written(_COVERED))
        covered_us = _covered_us(sessions, cursor.fetchall())
        cursor.execute(_written(_SUMS))
        stacks = cursor.fetchall()
        cursor.execute(_written(_CHANNELS))
        ((channels,),) = cursor.fetchall()
        cursor.execute(_written(_PAGE), [sessions[0][0]])
        key = [column[0] for column in cursor.description].index("objectKey")
        page = tuple(row[key] for row in cursor.fetchall())
    return Found(
        sessions=len(sessions),
        covered_us=covered_us,
        chunks=sum(chunks for _, _, _, chunks, _ in stacks),
        size_bytes=int(sum(size_bytes for _, _, _, _, size_bytes in stacks)),
        channels=channels,
        page=page,
    )


def _written(statement: str) -> str:
    vendor = connections["headers"].vendor
    by_start, by_label = (_LED[vendor].format(index=f"chunk_patient_{name}") for name in ("start", "label"))
    words = {"join": _JOIN[vendor], "by_start": by_start, "by_label": by_label}
    return statement.format(overlap=_OVERLAP.format(**words), **words)


Window = tuple[str, datetime, datetime]


def _numbered(sessions: list[Window]) -> Iterator[tuple[int, str, datetime, datetime]]:
    return ((place, *session) for place, session in enumerate(sessions))


def _joined(sessions: list[Window], *, pad: timedelta) -> Iterator[tuple[int, str, datetime, datetime]]:
    """Windows with their padding, those that overlap as one."""
    windows: list[list] = []
    for patient, start, stop in sessions:
        if windows and windows[-1][0] == patient and start - pad <= windows[-1][2]:
            windows[-1][2] = max(windows[-1][2], stop + pad)
        else:
            windows.append([patient, start - pad, stop + pad])
    return ((place, *window) for place, window in enumerate(windows))


def _covered_us(sessions: list[Window], chunks: list[tuple[int, object, object]]) -> int:
    """The chunks of one channel do not overlap here."""
    covered = timedelta()
    for place, start, stop in chunks:
        _, begin, end = sessions[place]
        covered += min(end, _moment(stop)) - max(begin, _moment(start))
    return covered // timedelta(microseconds=1)


def _moment(value: object) -> datetime:
    return value if isinstance(value, datetime) else datetime.fromisoformat(str(value))


def _text(moment: datetime) -> str:
    return moment.isoformat(sep=" ", timespec="microseconds")
