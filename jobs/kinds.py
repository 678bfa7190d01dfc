"""What kinds of jobs there are: who does the work of each, and how its row is shown.

Owns: the register. An app enters its kinds when Django starts (`AppConfig.ready`), so that a worker that is sent a mere
number knows what to do. Knows nothing of what the work is.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from jobs.errors import KindUnknown
from jobs.lease import Lease


@dataclass(frozen=True, kw_only=True)
class Kind:
    """name: as in the job's row; title: for people; run: does the work within the lease, in a worker (None: a command
    does it); result_template: shows what came of it (it gets `job`), empty where there is nothing to show;
    under_way_template: likewise while it is done, below its progress; asks_selection: its question is one that the
    search page answers; writes_headers: it writes rows of the headers database, so that its end is waited for before
    that is put to sleep."""

    name: str
    title: str
    run: Callable[[Lease], None] | None = None
    result_template: str = ""
    under_way_template: str = ""
    asks_selection: bool = True
    writes_headers: bool = False


_kinds: dict[str, Kind] = {}


def register(kind: Kind) -> None:
    """Raises `ValueError` where another kind has this name."""
    if _kinds.setdefault(kind.name, kind) != kind:
        raise ValueError(f"there are two kinds of jobs called {kind.name!r}")


def kind_of(name: str) -> Kind:
    """Raises `KindUnknown` for one that no app has entered."""
    try:
        return _kinds[name]
    except KeyError:
        raise KindUnknown(f"This portal has no jobs of the kind {name!r}: is a worker older than the portal?") from None


def names(*, writing_headers: bool = False) -> Iterable[str]:
    """Of all kinds, or of those that write headers."""
    return [kind.name for kind in _kinds.values() if kind.writes_headers or not writing_headers]


def title_of(name: str) -> str:
    """The kind's title; of one that is no longer known, its name."""
    return _kinds[name].title if name in _kinds else name
