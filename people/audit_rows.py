"""The audit's answer as rows: one table for CSV, JSON and the terminal.

Owns: its columns and how each value is written. Rows come one by one, so that memory does not grow with the audit; no
spreadsheet runs what a cell holds.
"""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime

from people.audit_answers import Act, AuditedPerson, Period, Seer, every_act, who_could_see
from people.spreadsheet import line, tamed

COULD_SEE = "could see"
COLUMNS = ("part", "patient", "user", "from", "until", "act", "means", "origin", "question", "bytes", "outcome",
           "reason", "which", "given_by", "given_at", "revoked_by", "note", "entry")  # fmt: skip
Row = dict[str, str | int | None]


def answer_rows(person: AuditedPerson, *, period: Period) -> Iterator[Row]:
    """Who could see the patient, then every act that touched her, the oldest first."""
    for seer in who_could_see(person, period=period):
        yield _of_seer(seer) | {"patient": person.patient}
    for act in every_act(person, period=period):
        yield _of_act(act) | {"patient": person.patient}


def csv_lines(rows: Iterable[Row]) -> Iterator[str]:
    """A header line and one line for each row."""
    yield line(COLUMNS)
    for row in rows:
        yield line(tamed(_cell(row.get(column))) for column in COLUMNS)


def json_lines(rows: Iterable[Row]) -> Iterator[str]:
    """One JSON object a line; what a row has not is null."""
    for row in rows:
        yield json.dumps({column: row.get(column) for column in COLUMNS}, ensure_ascii=False) + "\n"


def _of_seer(seer: Seer) -> Row:
    return {
        "part": COULD_SEE,
        "user": seer.user,
        "from": _moment(seer.since),
        "until": _moment(seer.until),
        "reason": seer.reason,
        "which": seer.which,
        "given_by": seer.given_by,
        "given_at": _moment(seer.given_at),
        "revoked_by": seer.revoked_by,
        "note": seer.note,
    }


def _of_act(act: Act) -> Row:
    return {
        "part": act.part.value,
        "user": act.user,
        "from": _moment(act.at),
        "act": act.act,
        "means": act.means,
        "origin": act.origin,
        "question": act.question,
        "bytes": act.size_bytes,
        "outcome": act.outcome,
        "reason": act.reason,
        "entry": act.entry,
    }


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _cell(value: str | int | None) -> str:
    return "" if value is None else str(value)
