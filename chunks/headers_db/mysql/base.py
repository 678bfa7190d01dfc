"""Django's MySQL engine for the headers database: asks first whether it sleeps and where it is, and waits 3 s at most.

The module's name and `DatabaseWrapper` are what Django's ENGINE setting looks for. Only imported where it is used:
the embedded default has no MySQL client.
"""

from typing import Any

from django.db.backends.mysql import base
from MySQLdb.constants import CR

from chunks.headers_db.engine import FollowsState
from chunks.headers_db.errors import HeadersUnreachable
from chunks.headers_db.place import HeadersPlace

CONNECT_TIMEOUT_S = 3
# dev.mysql.com/doc/mysql-errors/8.4/en/client-error-reference.html; anything else is an answer of the server.
_NO_ANSWER = frozenset({CR.CONNECTION_ERROR, CR.CONN_HOST_ERROR, CR.UNKNOWN_HOST, CR.SERVER_GONE_ERROR, CR.SERVER_LOST})


class DatabaseWrapper(FollowsState, base.DatabaseWrapper):
    """A headers database on a server; user, password and database name are always the settings'."""

    def at_place(self, params: dict[str, Any], *, place: HeadersPlace) -> dict[str, Any]:
        moved = params | {
            "connect_timeout": min(int(params.get("connect_timeout", CONNECT_TIMEOUT_S)), CONNECT_TIMEOUT_S)
        }
        if place.host:
            moved.pop("host", None)
            moved.pop("unix_socket", None)
            moved["unix_socket" if place.host.startswith("/") else "host"] = place.host
        if place.port:
            moved["port"] = place.port
        return moved

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:  # noqa: ANN401 - the type is the driver's
        try:
            return super().get_new_connection(conn_params)
        except self.Database.OperationalError as error:
            if error.args[0] not in _NO_ANSWER:
                raise
            address = conn_params.get("unix_socket") or f"{conn_params.get('host')}:{conn_params.get('port', 3306)}"
            raise HeadersUnreachable(address, error.args[1]) from error
