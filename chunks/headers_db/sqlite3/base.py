"""Django's SQLite engine for the headers database: asks first whether it sleeps, and which file it is.

The module's name and `DatabaseWrapper` are what Django's ENGINE setting looks for.
"""

from typing import Any

from django.db.backends.sqlite3 import base

from chunks.headers_db.engine import FollowsState
from chunks.headers_db.errors import HeadersUnreachable
from chunks.headers_db.place import HeadersPlace


class DatabaseWrapper(FollowsState, base.DatabaseWrapper):
    """A headers database in one file; a recorded `host` is that file's path."""

    def at_place(self, params: dict[str, Any], *, place: HeadersPlace) -> dict[str, Any]:
        return params | ({"database": place.host} if place.host else {})

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:  # noqa: ANN401 - the type is the driver's
        try:
            return super().get_new_connection(conn_params)
        except self.Database.OperationalError as error:
            if error.sqlite_errorname != "SQLITE_CANTOPEN":
                raise
            raise HeadersUnreachable(str(conn_params["database"]), error) from error
