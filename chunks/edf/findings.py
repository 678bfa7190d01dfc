"""What a reader may find in a file that it nevertheless reads: one table of codes, and the collector.

A finding is a *warning* where it bears on the data (records missing, no time, a doubtful start) and a *note* where
it does not. It *deviates* where the specification forbids it; strict reading refuses those. Messages hold values
and places, never a name, a date or the file's name.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

from chunks.edf.errors import SpecDeviation

Severity = Literal["note", "warning"]


class Rule(NamedTuple):
    severity: Severity
    deviates: bool


CODES: dict[str, Rule] = {
    # the header
    "version-field": Rule("warning", deviates=True),
    "header-encoding": Rule("note", deviates=True),
    "header-padding": Rule("note", deviates=True),
    "reserved-field": Rule("note", deviates=True),
    "patient-field": Rule("note", deviates=True),
    "recording-field": Rule("note", deviates=True),
    "number-form": Rule("note", deviates=True),
    "comma-decimal": Rule("warning", deviates=True),
    "header-size": Rule("warning", deviates=True),
    "start-form": Rule("note", deviates=True),
    "start-dates-differ": Rule("warning", deviates=True),
    "start-unknown": Rule("warning", deviates=True),
    "start-given": Rule("note", deviates=False),
    # the signals
    "limits-unreadable": Rule("warning", deviates=True),
    "limits-equal": Rule("warning", deviates=True),
    "digital-limits-inverted": Rule("note", deviates=True),
    "empty-labels": Rule("note", deviates=True),
    "duplicate-labels": Rule("note", deviates=False),
    "empty-signals": Rule("warning", deviates=True),
    "untimed-signals": Rule("warning", deviates=True),
    "annotations-only": Rule("note", deviates=False),
    "annotations-in-plain-file": Rule("note", deviates=True),
    "no-annotation-signal": Rule("warning", deviates=True),
    # the records
    "large-records": Rule("note", deviates=False),
    "records-counted": Rule("warning", deviates=True),
    "partial-last-record": Rule("warning", deviates=True),
    "longer-than-header": Rule("warning", deviates=True),
    "truncated": Rule("warning", deviates=True),
    # the time-keeping marks
    "gaps": Rule("note", deviates=False),
    "gaps-in-continuous-file": Rule("warning", deviates=True),
    "no-gaps-in-discontinuous-file": Rule("note", deviates=True),
    "steps-backwards": Rule("warning", deviates=True),
    "drift": Rule("warning", deviates=False),
    "marks-missing": Rule("warning", deviates=True),
    "marks-odd": Rule("note", deviates=True),
    "marks-coarse": Rule("warning", deviates=False),
    # the annotations, known once they have been read
    "malformed-annotations": Rule("warning", deviates=True),
    "annotations-latin-1": Rule("note", deviates=True),
    "annotation-lists-run-together": Rule("note", deviates=True),
    "onset-texts-dropped": Rule("note", deviates=False),
}


@dataclass(frozen=True)
class Finding:
    """One thing worth saying: a code of `CODES` and a sentence with the value."""

    code: str
    message: str

    @property
    def severity(self) -> Severity:
        return CODES[self.code].severity

    @property
    def deviates(self) -> bool:
        """Whether the specification forbids it."""
        return CODES[self.code].deviates


class Findings:
    """Collects findings while a file is opened; refuses deviations where strict reading was asked for."""

    def __init__(self, *, strict: bool) -> None:
        self._strict = strict
        self._found: list[Finding] = []

    def add(self, code: str, message: str) -> None:
        """Keep a finding.

        Raises:
            SpecDeviation: it deviates from the specification and reading is strict.
        """
        finding = Finding(code=code, message=message)
        if self._strict and finding.deviates:
            raise SpecDeviation(f"Refused by strict reading ({code}): {message}")
        self._found.append(finding)

    def __iter__(self) -> Iterator[Finding]:
        return iter(tuple(self._found))
