"""The round of the sweeper: jobs every 15 s, chores when they are due, for as long as it is left to run.

Owns: when each is due, and that no failure of one touches the others: it is logged in one line, without the error's own
text where that may hold what no log should keep. Chores have a thread of their own: a backup must not delay a job.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.db import close_old_connections

from jobs.asking import Send
from jobs.chores import Chore
from jobs.sweeper import no_messages, sweep
from people.errors import kept_message

SWEEP_EVERY_S = 15.0
CHORES_LOOK_EVERY_S = 1.0
LAST_CHORE_S = 2.0
logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Done:
    """What came of one piece of upkeep: `said` is empty where there was nothing to do."""

    name: str
    said: str
    failed: bool = False


def run_until(
    stop: threading.Event,
    *,
    send: Send,
    waiting: Callable[[], int] = no_messages,
    chores: Sequence[Chore],
    sweep_every_s: float = SWEEP_EVERY_S,
) -> None:
    """Sweeps and does the chores until `stop` is set; a chore that is under way then is left, not waited for long."""
    busy = threading.Thread(target=_do_chores, args=(chores, stop), name="chores", daemon=True)
    busy.start()
    while not stop.is_set():
        sweep_once(send=send, waiting=waiting)
        stop.wait(sweep_every_s)
    busy.join(LAST_CHORE_S)


def sweep_once(*, send: Send, waiting: Callable[[], int] = no_messages) -> Done:
    return _guarded("sweep", lambda: _swept(send, waiting))


def do(chore: Chore) -> Done:
    return _guarded(chore.name, chore.run)


def _do_chores(chores: Sequence[Chore], stop: threading.Event) -> None:
    due = {chore.name: time.monotonic() for chore in chores}
    while not stop.is_set():
        for chore in chores:
            if time.monotonic() >= due[chore.name] and not stop.is_set():
                do(chore)
                due[chore.name] = time.monotonic() + chore.every_s
        stop.wait(CHORES_LOOK_EVERY_S)


def _swept(send: Send, waiting: Callable[[], int]) -> str:
    report = sweep(send=send, waiting=waiting)
    counts = {
        "sent again": len(report.sent),
        "not sent": report.not_sent,
        "cancelled": report.cancelled,
        "failed": report.failed,
    }
    return ", ".join(f"{count} {word}" for word, count in counts.items() if count)


def _guarded(name: str, work: Callable[[], str]) -> Done:
    close_old_connections()
    try:
        said = work()
    except Exception as error:  # noqa: BLE001 (whatever it is, the round goes on)
        said = kept_message(error) or type(error).__name__
        logger.error("%s failed: %s", name, said)  # noqa: TRY400 (one line: a database that is away fails every round)
        return Done(name=name, said=said, failed=True)
    finally:
        close_old_connections()
    if said:
        logger.info("%s: %s", name, said)
    return Done(name=name, said=said)
