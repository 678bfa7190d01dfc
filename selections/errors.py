"""What can be wrong with a question, in sentences for the person who asks.

Owns: the tree below `SelectionsError`. `may_be_kept = True` marks messages that hold nothing a person typed, so that
audit and job rows may keep them; `audit_outcome` is how an act that the error ends is written down. Imports nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

_SHOWN = 60


class SelectionsError(Exception):
    """The root of everything this app refuses; the message may be shown to the person who asked."""

    may_be_kept: ClassVar[bool] = False
    audit_outcome: ClassVar[str] = "refused"


class WordRefused(SelectionsError):
    """One word cannot be read; the message says the value and how to write it."""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """What is wrong with one field of a question; `field` is the parameter's name (`day`, `channel`, …)."""

    field: str
    message: str


class SelectionError(SelectionsError):
    """A question cannot be read; `problems` names every fault at once, so that all can be mended in one go."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(self.problems)

    def __str__(self) -> str:
        return "\n".join(f"{problem.field}: {problem.message}" for problem in self.problems)


class CursorRefused(SelectionsError):
    """A page's cursor is not one that this portal gave out."""

    may_be_kept = True


class NoPatientNamed(SelectionsError):
    """A question that would be about every patient, without saying so."""

    may_be_kept = True


def shown(value: str) -> str:
    """A value as an error repeats it: in quotes, control characters escaped, never long."""
    return repr(value if len(value) <= _SHOWN else value[:_SHOWN] + "…")
