"""The connection to the headers database: TLS always, kept from one call to the next, checked before each.

Owns: PyMySQL, and which of its errors mean that the database did not take the batch (it is returned, whole), which
that it refuses a value (only that row is at fault), and which that it refuses a statement (only that row comes again).
"""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import boto3
import pymysql
from pymysql.connections import Connection

from lambdas.chunk_headers.place import Place
from lambdas.chunk_headers.rows import Cursor

CONNECT_LIMIT_S = 5
ANSWER_LIMIT_S = 20
# As the portal's own connections: what does not fit is refused, never cut or turned into something else.
MODE = "SET SESSION sql_mode = 'STRICT_TRANS_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO'"
REFUSED = (pymysql.err.DataError, pymysql.err.IntegrityError)
# Of a value too, though PyMySQL has them among those of the server's state: a row or a statement too large, no time, no
# text of the column's characters, a constraint.
REFUSED_NUMBERS = frozenset({1118, 1153, 1292, 1366, 1411, 1690, 3819, 4025})
# Numbers of the client's side: no connection, or it was lost.
OF_CONNECTION = range(2000, 3000)
# Somebody else wrote the same rows at the same time (deadlock, lock wait): again.
TRY_AGAIN = frozenset({1205, 1213})
TRIES = 3


class DatabaseSilent(RuntimeError):
    """The database did not take what it was given, for a reason that is not in the rows. Says the number alone."""


class ValueRefused(RuntimeError):
    """A value of these rows is one that the database does not take."""


class StatementRefused(DatabaseSilent):
    """The database answers, and does not do this: a right or a table that is missing, or what no rule foresaw."""


class Conflict(RuntimeError):
    """Another writer was at the same rows; the transaction was undone and may be tried again."""


class Database:
    """One connection at most. Nothing is connected before the first transaction."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._connection: Connection | None = None

    @contextmanager
    def transaction(self) -> Iterator[Cursor]:
        """A cursor; what it did is kept at the end, all or nothing.

        Raises `DatabaseSilent`, `StatementRefused`, `ValueRefused`, `Conflict`.
        """
        connection = None
        try:
            connection = self._alive()
            connection.begin()
            with connection.cursor() as cursor:
                yield cursor
            connection.commit()
        except REFUSED as error:
            self._undo()
            raise ValueRefused(str(_number(error))) from None
        except (pymysql.MySQLError, OSError, EOFError) as error:
            number = _number(error)
            if number in TRY_AGAIN:
                self._undo()
                raise Conflict(str(number)) from None
            if number in REFUSED_NUMBERS:
                self._undo()
                raise ValueRefused(str(number)) from None
            self.close()
            # The text may quote a value or an address: only its number is kept.
            answered = connection is not None and number and number not in OF_CONNECTION
            raise (StatementRefused if answered else DatabaseSilent)(f"{type(error).__name__} {number}") from None
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection._force_close()  # close() would speak to a server that is gone

    def _alive(self) -> Connection:
        if self._connection is not None:
            try:
                self._connection.ping(reconnect=False)
            except (pymysql.MySQLError, OSError):
                self.close()
        if self._connection is None:
            self._connection = self._connect()
        return self._connection

    def _undo(self) -> None:
        try:
            if self._connection is not None:
                self._connection.rollback()
        except (pymysql.MySQLError, OSError):
            self.close()

    def _connect(self) -> Connection:
        place = self._place
        return pymysql.connect(
            host=place.host,
            port=place.port,
            user=place.user,
            password=place.password or _token(place),
            database=place.name,
            charset="utf8mb4",
            init_command=MODE,
            connect_timeout=CONNECT_LIMIT_S,
            read_timeout=ANSWER_LIMIT_S,
            write_timeout=ANSWER_LIMIT_S,
            # A context given as such is a must: a server without TLS is refused before anything is said to it.
            ssl=_trust(place),
        )


def _trust(place: Place) -> ssl.SSLContext:
    """Certificate and host name are checked, against the CAs of the file alone."""
    context = ssl.create_default_context(cafile=str(place.ca))
    # From Python 3.13 on the default also asks for extensions that the CAs of databases (RDS's older ones, those a
    # MySQL makes for itself) do not have.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def _token(place: Place) -> str:
    """A password for a quarter of an hour, signed with the function's own role; nothing is asked of anybody."""
    return str(boto3.client("rds").generate_db_auth_token(place.host, place.port, place.user))


def _number(error: BaseException) -> int:
    return error.args[0] if error.args and isinstance(error.args[0], int) else 0
