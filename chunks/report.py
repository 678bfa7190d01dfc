"""What is told of a batch: lines for the person at work, JSON for keeping.

Owns: the words. A file's own name is shown on the person's own terminal alone; JSON, pipes and logs get its place in
the list, its size and its content hash.
"""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from chunks.batch import Result
from chunks.who_indexes import why_rows_follow
from jobs.terminal import size_text


def lines(result: Result, *, of: int, path: Path | None) -> Iterator[str]:
    """What became of one file, and what was found in it; `path` only where the reader may see it."""
    yield f"{result.place} of {of}{f'  {path}' if path else ''}  ({size_text(result.size_bytes)})"
    yield f"  {_headline(result)}"
    if result.rows_repaired:
        yield f"  {result.rows_repaired} header rows were missing and have been written again."
    if result.rows_follow:
        yield f"  {why_rows_follow()}"
    if result.verified:
        yield f"  {_verdict(result)}"
    for finding in result.findings:
        yield f"  {finding.severity}: {finding.message}"


def summary(results: Sequence[Result]) -> str:
    counts = Counter(result.outcome for result in results)
    told = ", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items()))
    return f"{len(results)} {'file' if len(results) == 1 else 'files'}: {told}."


def failed(result: Result) -> bool:
    """Whether a person must do something about the file."""
    return result.outcome == "refused" or bool(result.verified and result.verified.different)


def as_json(results: Sequence[Result], *, patient: str) -> str:
    """The whole report, without any file's name."""
    return json.dumps({"patient": patient, "files": [_plain(each) for each in results]}, ensure_ascii=False, indent=1)


def _plain(result: Result) -> dict[str, Any]:
    plain = asdict(result)
    plain["findings"] = [
        {"code": each.code, "severity": each.severity, "message": each.message} for each in result.findings
    ]
    return plain


def _headline(result: Result) -> str:
    if result.outcome == "refused":
        return f"refused: {result.reason}"
    name = f" as {result.recording}" if result.recording else ""
    if result.outcome == "already there":
        return f"already there{name}: nothing was changed."
    pieces = f", {result.stretches} stretches" if result.stretches > 1 else ""
    held = f"{result.channels} channels, {result.chunks} chunks, {result.hours:.2f} h{pieces}"
    return f"{result.outcome}{name}: {held}"


def _verdict(result: Result) -> str:
    verified = result.verified
    if verified is None or not verified.opened:
        return "not verified: pyedflib refuses to open this file."
    if verified.different:
        return f"NOT EQUAL to what pyedflib reads: {', '.join(verified.different)}"
    return f"verified: {verified.chunks} chunks hold what pyedflib reads."
