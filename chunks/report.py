"""What is told of a batch: one value of each file, written as lines, as JSON and on a page.

Owns: the words, and the form in which a job keeps them. A file's own name is in none of it: it gets its place in the
list, its size and its content hash; whoever shows it to the person at work puts the name beside it at that moment.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from chunks.batch import Result
from chunks.edf.findings import Finding
from chunks.who_indexes import why_rows_follow
from jobs.terminal import size_text

REFUSED = "refused"
# What the file says wrongly and the reader knew better.
REPAIRS = frozenset(
    {"header-size", "records-counted", "partial-last-record", "longer-than-header", "comma-decimal", "number-form"}
)
TO_DO = {
    "EdfTruncated": "Wait until its copy is whole, or copy it again. If this is all there is, accept truncated files.",
    "FileChanged": "Wait until its copy is whole, then choose it again.",
    "FileGone": "Look whether it is still in the inbox, and choose it again.",
    "HeldElsewhere": "Nothing, if it is the other patient's. Else an administrator must settle where it belongs first.",
    "OtherIdentity": "Look in the hospital's list whose recording it is; take it for that patient, or say you checked.",
    "OtherSurgeryDate": "Check the patient and the date of the implantation.",
    "NotAnEdf": "Export it again as EDF, or leave it out.",
    "EdfDamaged": "Export or copy it again; compare its size with the original's.",
    "NoData": "Export it again: it holds no data.",
    "StartUnknown": "Take it alone on the server with --start.",
    "truncated": "If a longer copy turns up, take that too: nothing is lost by having this one.",
    "steps-backwards": "Somebody set the recorder's clock: compare with the tasks of that day.",
    "start-dates-differ": "Compare the day with the ward's notes.",
    "start-unknown": "Compare the day with the ward's notes.",
    "names-nobody": "Make sure by other means whose recording it is.",
    "unequal": "Tell the administrator: what is held is not what pyedflib reads.",
}


@dataclass(frozen=True, kw_only=True)
class FileReport:
    """What became of one file: `place` counts from 1; each text is a sentence for the person at work."""

    place: int
    size_bytes: int
    outcome: str
    headline: str
    recording: str = ""
    data_sha256: str = ""
    found: tuple[str, ...] = ()
    repaired: tuple[str, ...] = ()
    refused: str = ""
    to_do: tuple[str, ...] = ()

    @property
    def size(self) -> str:
        return size_text(self.size_bytes)

    @property
    def is_refused(self) -> bool:
        return self.outcome == REFUSED


@dataclass(frozen=True, kw_only=True)
class Report:
    """What became of the files of a batch so far; `of` is how many it has."""

    patient: str
    of: int
    files: tuple[FileReport, ...]

    @property
    def summary(self) -> str:
        told = _counted(file.outcome for file in self.files)
        left = f"; {self.of - len(self.files)} not reached" if len(self.files) < self.of else ""
        return f"{self.of} {'file' if self.of == 1 else 'files'}: {told or 'none done'}{left}."


def told(result: Result) -> FileReport:
    """What is said of a result."""
    repaired = [finding.message for finding in result.findings if finding.code in REPAIRS]
    if result.outcome == "completed":
        repaired.insert(0, "An earlier run had stopped half way: what was missing has been written.")
    if result.rows_repaired:
        repaired.append(f"{result.rows_repaired} header rows were missing and have been written again.")
    return FileReport(
        place=result.place,
        size_bytes=result.size_bytes,
        outcome=result.outcome,
        headline=_headline(result),
        recording=result.recording,
        data_sha256=result.data_sha256,
        found=tuple(_found(result)),
        repaired=tuple(repaired),
        refused=result.reason,
        to_do=tuple(dict.fromkeys(TO_DO[code] for code in _codes(result) if code in TO_DO)),
    )


def report_of(results: Sequence[Result], *, patient: str, of: int) -> Report:
    return Report(patient=patient, of=of, files=tuple(map(told, results)))


def lines(result: Result, *, of: int, path: Path | None) -> Iterator[str]:
    """What became of one file, and what was found in it; `path` only where the reader may see it."""
    file = told(result)
    yield f"{file.place} of {of}{f'  {path}' if path else ''}  ({file.size})"
    yield f"  {file.headline}"
    yield from (f"  {text}" for text in file.found)
    yield from (f"  repaired: {text}" for text in file.repaired)
    yield from (f"  to do: {text}" for text in file.to_do)


def summary(results: Sequence[Result]) -> str:
    return f"{len(results)} {'file' if len(results) == 1 else 'files'}: {_counted(each.outcome for each in results)}."


def failed(result: Result) -> bool:
    """Whether a person must do something about the file."""
    return result.outcome == REFUSED or bool(result.verified and result.verified.different)


def as_json(results: Sequence[Result], *, patient: str) -> str:
    """The whole report, without any file's name."""
    return json.dumps({"patient": patient, "files": [_plain(each) for each in results]}, ensure_ascii=False, indent=1)


def encode(report: Report) -> dict[str, Any]:
    """The report as a job's row keeps it."""
    return asdict(report)


def decode(kept: Mapping[str, Any]) -> Report:
    """The report that `encode` wrote."""
    files = [
        FileReport(**each | {name: tuple(each[name]) for name in ("found", "repaired", "to_do")})
        for each in kept["files"]
    ]
    return Report(patient=kept["patient"], of=kept["of"], files=tuple(files))


def _plain(result: Result) -> dict[str, Any]:
    """Every number of the result, and what is said of it."""
    plain = asdict(result)
    plain["findings"] = [
        {"code": each.code, "severity": each.severity, "message": each.message} for each in result.findings
    ]
    return plain | asdict(told(result))


def _counted(outcomes: Iterator[str]) -> str:
    return ", ".join(f"{count} {outcome}" for outcome, count in sorted(Counter(outcomes).items()))


def _headline(result: Result) -> str:
    if result.outcome == REFUSED:
        return f"refused: {result.reason}"
    name = f" as {result.recording}" if result.recording else ""
    if result.outcome == "already there":
        return f"already there{name}: nothing was changed."
    pieces = f", {result.stretches} stretches" if result.stretches > 1 else ""
    held = f"{result.channels} channels, {result.chunks} chunks, {result.hours:.2f} h{pieces}"
    return f"{result.outcome}{name}: {held}"


def _found(result: Result) -> Iterator[str]:
    if result.rows_follow:
        yield why_rows_follow()
    if result.verified:
        yield _verdict(result)
    if result.names_nobody:
        yield "note: Its header names nobody, so it could not be compared with the patient's other files."
    yield from (f"overlap: {text}" for text in result.overlaps)
    yield from (_worded(finding) for finding in result.findings if finding.code not in REPAIRS)


def _worded(finding: Finding) -> str:
    return f"{finding.severity}: {finding.message}"


def _codes(result: Result) -> Iterator[str]:
    yield result.refusal
    if result.verified and result.verified.different:
        yield "unequal"
    if result.names_nobody:
        yield "names-nobody"
    yield from (finding.code for finding in result.findings)


def _verdict(result: Result) -> str:
    verified = result.verified
    if verified is None or not verified.opened:
        return "not verified: pyedflib refuses to open this file."
    if verified.different:
        return f"NOT EQUAL to what pyedflib reads: {', '.join(verified.different)}"
    return f"verified: {verified.chunks} chunks hold what pyedflib reads."
