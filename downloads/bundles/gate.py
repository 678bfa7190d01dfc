"""How many file bodies one process sends at once, so that pages are never starved by slow downloads.

Owns: the count. Whoever is let in leaves exactly once, however often it is said.
"""

import threading
from collections import Counter
from collections.abc import Callable

BODIES = 32
BODIES_A_USER = 2
RETRY_AFTER_S = 10


class Gate:
    """Lets in at most so many at once, and of one user at most so many of each kind."""

    def __init__(self, *, bodies: int = BODIES, bodies_a_user: int = BODIES_A_USER) -> None:
        self._bodies, self._bodies_a_user = bodies, bodies_a_user
        self._by_user: Counter[tuple[int, str]] = Counter()
        self._lock = threading.Lock()

    def enter(self, user_id: int, *, kind: str = "bundle", at_most: int | None = None) -> Callable[[], None] | None:
        """What to call on leaving; None where it is full. `at_most`: of this kind, for this user."""
        who, at_most = (user_id, kind), self._bodies_a_user if at_most is None else at_most
        with self._lock:
            if self._by_user.total() >= self._bodies or self._by_user[who] >= at_most:
                return None
            self._by_user[who] += 1
        left = threading.Event()

        def leave() -> None:
            with self._lock:
                if not left.is_set():
                    left.set()
                    self._by_user[who] -= 1
                    self._by_user += Counter()  # forgets who is not inside

        return leave

    @property
    def inside(self) -> int:
        with self._lock:
            return self._by_user.total()


GATE = Gate()
