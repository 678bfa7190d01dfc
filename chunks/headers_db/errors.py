"""Why the headers database cannot be asked, in sentences for the person at work.

All of them are also Django's `OperationalError`: its own machinery (leaving a transaction, the look of `makemigrations`
at each database) then treats them as any database that is away. Importable before Django's settings are read.
"""

from typing import ClassVar

from django.db.utils import OperationalError

from chunks.errors import ChunksError
from chunks.headers_db.place import HeadersPlace, State


class HeadersUnavailable(ChunksError, OperationalError):
    """No header can be read or written at the moment."""


class HeadersAsleep(HeadersUnavailable):
    """The headers database is asleep or waking up; nothing was sent to it."""

    may_be_kept: ClassVar[bool] = True  # so that a job which met it says so

    def __init__(self, place: HeadersPlace) -> None:
        super().__init__(place)
        self.place = place

    def __str__(self) -> str:
        if self.place.state == State.WAKING:
            return f"The headers database is {self.place}. It takes about 10 minutes: try again then."
        return (
            f"The headers database is {self.place}. "
            "Ask an administrator to wake it (about 10 minutes), then try again. Everything else works meanwhile."
        )


class HeadersUnreachable(HeadersUnavailable):
    """The headers database should be awake, but nothing answers where it should be."""

    def __init__(self, address: str, reason: object = "") -> None:
        super().__init__(address, reason)
        self.address = address
        self.reason = reason

    def __str__(self) -> str:
        return (
            f"The headers database does not answer at {self.address} ({self.reason}). Check that it runs and that this "
            "machine may reach it; its address is the one recorded when it last woke, else ECOG_HEADERS_DATABASE_URL."
        )


class HeadersMoved(HeadersUnavailable):
    """The headers database slept or moved while a transaction was open."""

    may_be_kept: ClassVar[bool] = True

    def __str__(self) -> str:
        return "The headers database has moved while this was being done, and nothing of it was kept: do it again."


class HeadersStateChanged(ChunksError):
    """Somebody else changed the state of the headers database in between."""

    def __init__(self, place: HeadersPlace) -> None:
        super().__init__(place)
        self.place = place

    def __str__(self) -> str:
        return f"Nothing was changed: somebody was faster, and the headers database is now {self.place}."
