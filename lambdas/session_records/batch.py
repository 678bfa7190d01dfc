"""Works off a batch of messages: each session that may have changed once, however many messages hint at it.

Owns: what is acknowledged and what comes again. An object that can be no session is acknowledged and left to
`manage.py reindex --sessions`, which names it; a store or a table that does not answer gives messages back. Nothing
here writes a key, a name or a value of a session to the log. Plain Python.
"""

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from behavior.equal import make_equal
from behavior.errors import BadSession, NotASession, NotesUnreadable, SessionRefused, SessionsUnavailable
from behavior.keys import session_key_of
from behavior.sessions import Sessions
from lambdas.events import Message
from storage.errors import BucketMissing, KeyUnusable, ObjectArchived, ObjectMissing, StorageError
from storage.objects import Objects

# Parsed, JSON takes up to 25 times its size; the function has 1.7 GB.
LIMIT_BYTES = 32 * 1024 * 1024

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Batch:
    """The stores between which records are made equal, and whether there is time to begin another object."""

    objects: Objects
    sessions: Sessions
    bucket: str
    has_time: Callable[[], bool]


class _NotNow(Exception):
    """Neither this object nor, if `stop`, another one can be worked on now."""

    def __init__(self, reason: str, *, stop: bool) -> None:
        super().__init__(reason)
        self.stop = stop


def work_off(batch: Batch, messages: Sequence[Message]) -> list[str]:
    """The ids of the messages that are to come again."""
    hinted = _hinted(batch.bucket, messages)
    again: set[str] = set()
    left = list(hinted)
    while left:
        if not batch.has_time():
            logger.warning("No time is left: %d objects come again.", len(left))
            break
        key = left.pop(0)
        try:
            _make_equal(batch, key)
        except _NotNow as reason:
            again |= hinted[key]
            logger.warning("Objects come again: %s", reason)
            if reason.stop:
                break
    for key in left:
        again |= hinted[key]
    logger.info("%d messages, %d sessions, %d messages come again.", len(messages), len(hinted), len(again))
    return [message.id for message in messages if message.id in again]


def _hinted(bucket: str, messages: Iterable[Message]) -> dict[str, set[str]]:
    """The keys of sessions in the order they came, each with the ids of the messages that hint at it."""
    hinted: dict[str, set[str]] = {}
    for message in messages:
        if message.fault:
            logger.warning("Message %s is acknowledged unread: %s", message.id, message.fault)
        for hint in message.hints:
            if hint.bucket != bucket:
                logger.warning("Message %s is of another bucket than the sessions'; left alone.", message.id)
            elif key := session_key_of(hint.key):
                hinted.setdefault(key, set()).add(message.id)
    return hinted


def _make_equal(batch: Batch, key: str) -> None:
    """Raises `_NotNow` where the message is to come again."""
    try:
        if _is_too_large(batch, key):
            logger.warning("An object over %d bytes is left to manage.py reindex --sessions.", LIMIT_BYTES)
            return
        make_equal(batch.objects, batch.sessions, bucket=batch.bucket, key=key)
    except (NotASession, BadSession, NotesUnreadable, KeyUnusable, ObjectArchived) as error:
        logger.warning("An object cannot be read (%s): manage.py reindex --sessions names it.", type(error).__name__)
    except SessionRefused:
        raise _NotNow("one is being written again and again.", stop=False) from None
    except SessionsUnavailable as error:  # its sentences hold no values
        raise _NotNow(str(error), stop=True) from None
    except BucketMissing:
        raise _NotNow("there is no sessions bucket of that name.", stop=True) from None
    except StorageError as error:
        raise _NotNow(f"the store answers {type(error).__name__}.", stop=False) from None
    except Exception as error:  # noqa: BLE001 (one object no rule foresaw stops no other; its text may hold values)
        raise _NotNow(f"{type(error).__name__} at {_place(error)}.", stop=False) from None


def _is_too_large(batch: Batch, key: str) -> bool:
    try:
        return batch.objects.head(batch.bucket, key).size_bytes > LIMIT_BYTES
    except ObjectMissing:
        return False


def _place(error: BaseException) -> str:
    """The file and line where it was raised: a traceback's last lines would quote more."""
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    return f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else "an unknown place"
