"""What the counts of tasks said a moment ago, where asking again costs capacity.

Owns: how long that is believed (`Sessions.counts_last_s`), in this process. Holds counts of all patients: only
`behavior.catalogue`, which applies the Scope, asks here.
"""

import threading
import time
from collections.abc import Sequence
from weakref import WeakKeyDictionary

from behavior.sessions import Sessions, TaskCount

_kept: WeakKeyDictionary[Sessions, tuple[float, Sequence[TaskCount]]] = WeakKeyDictionary()
_lock = threading.Lock()


def counts_of(sessions: Sessions) -> Sequence[TaskCount]:
    """The counts of a home, as old as it allows."""
    if not sessions.counts_last_s:
        return sessions.counts()
    with _lock:  # many who type at once ask once
        read_at, counts = _kept.get(sessions, (float("-inf"), ()))
        if time.monotonic() - read_at > sessions.counts_last_s:
            counts = sessions.counts()
            _kept[sessions] = time.monotonic(), counts
        return counts
