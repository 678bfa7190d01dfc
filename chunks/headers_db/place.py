"""What is known of the headers database's whereabouts: one value, and the words for its states.

Owns: `State` and `HeadersPlace`. Imports nothing of ours; needs no settings.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db import models


class State(models.TextChoices):
    AWAKE = "awake", "awake"
    ASLEEP = "asleep", "asleep"
    WAKING = "waking", "waking up"


@dataclass(frozen=True, kw_only=True)
class HeadersPlace:
    """Where the headers database is and whether it may be asked; the defaults mean "as the setting says, awake".

    `host` is a name, an address, a socket's path or, with SQLite, the file; empty (and `port` 0) is the setting's own.
    `generation` counts the changes: a connection opened under another one is not used any more.
    """

    state: State = State.AWAKE
    since: datetime | None = None
    host: str = ""
    port: int = 0
    generation: int = 0
    who: str = ""
    note: str = ""

    def __str__(self) -> str:
        """`asleep since 2026-06-01 10:00 UTC (ann)`."""
        since = f" since {self.since:%Y-%m-%d %H:%M} UTC" if self.since else ""
        return f"{self.state.label}{since}" + (f" ({self.who})" if self.who else "")
