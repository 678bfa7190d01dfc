"""What is done again and again beside the jobs: expired results removed, leftovers tidied, backups made.

Owns: the register. An app enters its chores when Django starts (`AppConfig.ready`), `manage.py sweeper` does them. A
chore may be done by several sweepers at once, or be killed half way: doing it again must do no harm.
"""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Chore:
    """name: for the log; every_s: how often; run: does it, and says in a sentence what it did (empty: nothing)."""

    name: str
    every_s: float
    run: Callable[[], str]


_chores: dict[str, Chore] = {}


def register(chore: Chore) -> None:
    """Raises `ValueError` where another chore has this name."""
    if _chores.setdefault(chore.name, chore) != chore:
        raise ValueError(f"there are two chores called {chore.name!r}")


def chores() -> list[Chore]:
    """All of them, by name."""
    return [_chores[name] for name in sorted(_chores)]
