"""What is told of session files that were taken in: lines for the person at work, JSON for keeping.

Owns: the words. A file's own name is shown on the person's own terminal alone; JSON, pipes and logs get its place in
the list and its size.
"""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from behavior.check import moment_text
from behavior.errors import NotASession
from behavior.record import SessionRecord, attributes
from behavior.take import Taken
from jobs.terminal import size_text


@dataclass(frozen=True, kw_only=True)
class Result:
    """What became of one file. `place` counts from 1; either it was taken, or an error says why not."""

    place: int
    size_bytes: int
    taken: Taken | None = None
    error: Exception | None = None


def lines(result: Result, *, of: int, path: Path | None) -> Iterator[str]:
    """What became of one file; `path` only where the reader may see it."""
    yield f"{result.place} of {of}{f'  {path}' if path else ''}  ({size_text(result.size_bytes)})"
    if result.taken is None:
        yield f"  refused: {result.error}"
        return
    yield f"  {result.taken.outcome} as {result.taken.key}"
    for record in result.taken.records:
        yield f"    {session_text(record)}"
    for finding in result.taken.findings:
        yield f"  note: {finding}"


def session_text(record: SessionRecord) -> str:
    """A session in one line."""
    lasts_s = int((record.stop - record.start).total_seconds())
    span = f"{moment_text(record.subject, record.start)}, {lasts_s // 60} min {lasts_s % 60} s"
    return f"{record.experiment}  patient {record.subject}  {span}"


def summary(results: Sequence[Result]) -> str:
    counts = Counter(result.taken.outcome if result.taken else "refused" for result in results)
    told = ", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items()))
    return f"{len(results)} {'file' if len(results) == 1 else 'files'}: {told}."


def as_json(results: Sequence[Result]) -> str:
    """The whole report, without any file's name."""
    return json.dumps({"files": list(map(_plain, results))}, ensure_ascii=False, indent=1)


def _plain(result: Result) -> dict[str, Any]:
    plain: dict[str, Any] = {"place": result.place, "size_bytes": result.size_bytes}
    if result.taken is None:
        plain |= {"outcome": "refused", "reason": str(result.error)}
        if isinstance(result.error, NotASession):
            told = {"looks_like": result.error.looks_like, "start": result.error.start, "stop": result.error.stop}
            plain |= {name: value for name, value in told.items() if value}
        return plain
    sessions = [attributes(record) for record in result.taken.records]
    return plain | {
        "outcome": result.taken.outcome,
        "key": result.taken.key,
        "sessions": sessions,
        "findings": list(result.taken.findings),
    }
