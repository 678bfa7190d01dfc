"""A job as its page shows it: how far it is, how fast, how long still.

Owns: these figures in words. Knows nothing of what the work is.
"""

from dataclasses import dataclass
from datetime import datetime

from jobs.errors import KindUnknown
from jobs.kinds import kind_of, title_of
from jobs.models import MAX_ATTEMPTS, Job, Runner, State
from jobs.terminal import size_text, time_text


@dataclass(frozen=True, kw_only=True)
class ShownJob:
    """A row, at an instant."""

    job: Job
    now: datetime

    @property
    def title(self) -> str:
        return title_of(self.job.kind)

    @property
    def result_template(self) -> str:
        try:
            return kind_of(self.job.kind).result_template
        except KindUnknown:
            return ""

    @property
    def under_way_template(self) -> str:
        try:
            return kind_of(self.job.kind).under_way_template
        except KindUnknown:
            return ""

    @property
    def asks_selection(self) -> bool:
        """Whether the search page answers its question."""
        try:
            return bool(self.job.question) and kind_of(self.job.kind).asks_selection
        except KindUnknown:
            return True

    @property
    def stopping(self) -> bool:
        return self.job.cancel_asked and self.job.under_way

    @property
    def state_text(self) -> str:
        return "stopping" if self.stopping else self.job.state

    @property
    def can_cancel(self) -> bool:
        return self.job.under_way and not self.job.cancel_asked

    @property
    def interrupted(self) -> bool:
        """It runs by its row, but nobody has worked on it lately; it will be taken up again."""
        until = self.job.lease_until
        return self.job.state == State.RUNNING and until is not None and until < self.now

    @property
    def done(self) -> str:
        return size_text(self.job.bytes_done)

    @property
    def exact(self) -> str:
        return f"{self.job.bytes_done:,}"

    @property
    def total(self) -> str:
        return size_text(self.job.bytes_total) if self.job.bytes_total else ""

    @property
    def percent(self) -> int:
        return min(100, 100 * self.job.bytes_done // self.job.bytes_total) if self.job.bytes_total else 0

    @property
    def took_s(self) -> float:
        """Seconds of the present or last attempt."""
        if self.job.started_at is None:
            return 0.0
        return max(0.0, ((self.job.finished_at or self.now) - self.job.started_at).total_seconds())

    @property
    def took(self) -> str:
        return time_text(self.took_s) if self.job.started_at else ""

    @property
    def rate(self) -> str:
        """Of the attempt so far; empty while it cannot be said."""
        return f"{size_text(self.job.bytes_done / self.took_s)}/s" if self.took_s >= 1 and self.job.bytes_done else ""

    @property
    def left(self) -> str:
        left = self.job.time_left(now=self.now)
        return "" if left is None else time_text(left.total_seconds())

    @property
    def attempt_text(self) -> str:
        return f"{self.job.attempts_used} of {MAX_ATTEMPTS}" if self.job.runner == Runner.WORKER else "at a terminal"
