"""What a download says of itself: sentences as it goes, or one JSON object at its end.

Owns: the words and the keys. Decides nothing.
"""

import json
from collections.abc import Callable, Sequence
from typing import Any

from downloads.folder import TreeFolder
from downloads.outcome import Outcome
from downloads.plan import Plan
from jobs.terminal import size_text, time_text
from selections import table
from selections.resolve import Resolved
from selections.session_table import sessions_summary
from selections.totals import Totals


class Report:
    """Writes lines, or keeps everything for `close`, which writes it as JSON."""

    def __init__(self, write: Callable[[str], None], *, as_json: bool, bytes_per_s: float) -> None:
        self._write, self._as_json, self._bytes_per_s = write, as_json, bytes_per_s
        self._kept: dict[str, Any] = {}

    def found(self, resolved: Resolved, totals: Totals) -> None:
        """The question as it was understood, and the answer's sums; what would match, where nothing does."""
        warnings = resolved.warnings
        hints = () if totals.chunks else resolved.hints()
        self._kept |= {
            "question": resolved.selection.url(),
            "sessions": len(resolved.sessions),
            "totals": table.totals_as_json(totals, bytes_per_s=self._bytes_per_s),
            "warnings": list(warnings),
            "hints": list(hints),
            "plan": None,
            "outcome": None,
        }
        self._say([str(resolved.selection), *map(table.printable, warnings if totals.chunks else hints)])
        if totals.chunks:
            self._say([table.summary(totals, bytes_per_s=self._bytes_per_s)])
        if resolved.sessions:
            self._say([sessions_summary(resolved.sessions)])

    def planned(self, plan: Plan, *, folder: TreeFolder) -> None:
        """What would be fetched, how long that takes, and whether it fits."""
        self._kept["plan"] = {
            "files": plan.files,
            "bytes": plan.size_bytes,
            "files_to_fetch": plan.missing_files,
            "bytes_to_fetch": plan.missing_bytes,
            "files_of_former_downloads": plan.others,
            "bytes_free": plan.free_bytes,
            "bytes_needed": plan.needed_bytes,
            "fits": plan.fits,
        }
        seconds = time_text(plan.missing_bytes / self._bytes_per_s)
        self._say(
            [
                f"With annotations{self._and_sessions()} {_files(plan.files)} ({size_text(plan.size_bytes)}): "
                f"{plan.there_files:,} are there and {plan.missing_files:,} to fetch "
                f"({size_text(plan.missing_bytes)}, {seconds})",
                f"To {folder.root}: {size_text(plan.free_bytes)} free, {size_text(plan.needed_bytes)} needed",
            ]
        )
        if plan.others:
            self._say([f"Of former downloads, left alone and not in the manifest: {_files(plan.others)}"])

    def ended(self, outcome: Outcome, *, folder: TreeFolder) -> None:
        """What came of it."""
        self._kept["outcome"] = {
            "fetched": outcome.fetched,
            "kept": outcome.kept,
            "failed": [{"path": path, "reason": reason} for path, reason in outcome.failed],
            "bytes": outcome.size_bytes,
        }
        self._say(
            [
                f"Fetched {_files(outcome.fetched)} ({size_text(outcome.size_bytes)}); {outcome.kept:,} were there and "
                f"whole. {folder.manifest} lists all."
            ]
        )

    def _and_sessions(self) -> str:
        return " and sessions" if self._kept.get("sessions") else ""

    def close(self) -> None:
        if self._as_json and self._kept:
            self._write(json.dumps(self._kept, indent=2, ensure_ascii=False))

    def _say(self, lines: Sequence[str]) -> None:
        if not self._as_json:
            for line in lines:
                self._write(line)


def _files(number: int) -> str:
    return f"{number:,} file" + ("" if number == 1 else "s")
