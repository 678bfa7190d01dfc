"""The row `headers_state` of the portal database: whether the headers database sleeps, and where it is.

Owns: the row, its change (race-safe) and the copy of it that each process keeps for 5 s. Whoever puts the database to
sleep or wakes it writes here; the engine reads here before each use. Never touches the headers database itself.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, replace

from django.db import DEFAULT_DB_ALIAS, OperationalError, ProgrammingError, connections, models, transaction
from django.utils import timezone

from chunks.headers_db.errors import HeadersAsleep, HeadersStateChanged
from chunks.headers_db.place import HeadersPlace, State

CACHE_S = 5.0
_ROW = 1
_may_use_while_waking: ContextVar[bool] = ContextVar("may_use_while_waking", default=False)


class HeadersState(models.Model):
    """One row, or none: then the headers database is awake at the address of the settings."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=_ROW, editable=False)
    state = models.CharField(max_length=10, choices=State, default=State.AWAKE)
    since = models.DateTimeField(default=timezone.now)
    host = models.CharField(max_length=500, blank=True, default="", help_text="empty: as the settings say")
    port = models.PositiveIntegerField(default=0, help_text="0: as the settings say")
    generation = models.PositiveBigIntegerField(default=0, help_text="counts the changes")
    who = models.CharField(max_length=150, blank=True, default="")
    note = models.TextField(blank=True, default="")

    class Meta:
        app_label = "chunks"
        db_table = "headers_state"
        verbose_name_plural = "headers state"
        constraints = [models.CheckConstraint(condition=models.Q(id=_ROW), name="headers_state_is_one_row")]  # noqa: RUF012 - as Django has it

    def __str__(self) -> str:
        return str(self.place)

    @property
    def place(self) -> HeadersPlace:
        return HeadersPlace(
            state=State(self.state),
            since=self.since,
            host=self.host,
            port=self.port,
            generation=self.generation,
            who=self.who,
            note=self.note,
        )


def read_state() -> HeadersPlace:
    """The state as the portal database has it now; the defaults where there is no row, or no such table yet."""
    try:
        row = HeadersState.objects.using(DEFAULT_DB_ALIAS).filter(pk=_ROW).first()
    except (OperationalError, ProgrammingError):
        if HeadersState._meta.db_table in connections[DEFAULT_DB_ALIAS].introspection.table_names():
            raise
        return HeadersPlace()
    return row.place if row else HeadersPlace()


class _Memory:
    """The state as this process last saw it. A read that began before `forget` is not kept."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._forgotten = 0
        self._seen: tuple[float, HeadersPlace] | None = None

    def place(self) -> HeadersPlace:
        now, seen = time.monotonic(), self._seen
        if seen is not None and now < seen[0]:
            return seen[1]
        forgotten = self._forgotten
        place = read_state()  # outside the lock: who holds it would wait for a transaction of who waits for it
        with self._lock:
            if forgotten == self._forgotten:
                self._seen = (now + CACHE_S, place)
        return place

    def forget(self) -> None:
        with self._lock:
            self._forgotten += 1
            self._seen = None


_memory = _Memory()


def known_state() -> HeadersPlace:
    """The state as it was at most 5 s ago; costs nothing while it is fresh."""
    return _memory.place()


def forget_state() -> None:
    """Lets the next look at the state ask the portal database, in this process."""
    _memory.forget()


def require_awake() -> HeadersPlace:
    """The known state, which allows asking the headers database. Raises `HeadersAsleep`."""
    place = known_state()
    if place.state == State.AWAKE or (place.state == State.WAKING and _may_use_while_waking.get()):
        return place
    raise HeadersAsleep(place)


@contextmanager
def use_while_waking() -> Iterator[None]:
    """Within it, this thread may ask the headers database while it wakes: whoever wakes it migrates and fills it."""
    token = _may_use_while_waking.set(True)
    try:
        yield
    finally:
        _may_use_while_waking.reset(token)


def set_state(
    seen: HeadersPlace, *, state: State, by: str, host: str | None = None, port: int | None = None, note: str = ""
) -> HeadersPlace:
    """Changes the state from the one that was seen (`read_state`) and gives the new one; not inside a transaction.

    `host` and `port` stay as they are unless given; empty and 0 go back to the settings' own. Other processes notice
    within 5 s. Raises `HeadersStateChanged` where somebody changed the state after `seen`.
    """
    new = replace(
        seen,
        state=state,
        since=seen.since if seen.since and state == seen.state else timezone.now(),
        host=seen.host if host is None else host,
        port=seen.port if port is None else port,
        generation=seen.generation + 1,
        who=by,
        note=note,
    )
    with transaction.atomic(using=DEFAULT_DB_ALIAS, durable=True):
        rows = HeadersState.objects.using(DEFAULT_DB_ALIAS)
        if seen.generation:
            done = rows.filter(pk=_ROW, generation=seen.generation).update(**asdict(new)) == 1
        else:
            done = rows.get_or_create(pk=_ROW, defaults=asdict(new))[1]
    forget_state()
    if not done:
        raise HeadersStateChanged(read_state())
    return new
