"""What the engines of the headers database share: each looks at the recorded state before its connection is used.

Owns: when a connection is opened, dropped or refused. A connection opened before a move or a sleep is never used again,
however long its worker lives. The vendors' own parts are `sqlite3.base` and `mysql.base`.
"""

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

from chunks.headers_db.errors import HeadersAsleep, HeadersMoved
from chunks.headers_db.place import HeadersPlace
from chunks.headers_db.state import require_awake


class FollowsState(BaseDatabaseWrapper):
    """Mixed into one of Django's database wrappers, in front of it."""

    _opened_at: HeadersPlace | None = None

    def at_place(self, params: dict[str, Any], *, place: HeadersPlace) -> dict[str, Any]:
        """The parameters of a connection, led to the recorded address."""
        raise NotImplementedError

    def get_connection_params(self) -> dict[str, Any]:
        """Django asks for them as it opens a connection. Raises `HeadersAsleep` before anything is sent."""
        self._opened_at = require_awake()
        return self.at_place(super().get_connection_params(), place=self._opened_at)

    def cursor(self) -> CursorWrapper:
        self._follow()
        return super().cursor()

    def set_autocommit(
        self,
        autocommit: bool,  # noqa: FBT001 - the signature is Django's
        force_begin_transaction_with_broken_autocommit: bool = False,  # noqa: FBT001, FBT002
    ) -> None:
        # Only where a transaction begins: after a commit the outcome is known, and must not be covered by an error.
        if not autocommit:
            self._follow()
        super().set_autocommit(autocommit, force_begin_transaction_with_broken_autocommit)

    def _follow(self) -> None:
        """Drops a connection that leads to where the headers database was."""
        if self.connection is None:
            return
        try:
            place = require_awake()
        except HeadersAsleep:
            self.close()
            raise
        if place is self._opened_at or place == self._opened_at:
            return
        begun = self.in_atomic_block
        self.close()
        if begun:
            raise HeadersMoved
