"""The engines look at the recorded state before a connection is opened, and before an open one is used."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import OperationalError, connections, transaction

from chunks.headers_db.errors import HeadersAsleep, HeadersMoved, HeadersUnavailable, HeadersUnreachable
from chunks.headers_db.mysql.base import DatabaseWrapper as MySQLHeaders
from chunks.headers_db.place import State
from chunks.headers_db.state import read_state, set_state, use_while_waking
from chunks.models import ChunkHeader
from tests.chunks.headers_db.conftest import SilentServer, needs_sqlite
from tests.mariadb import MariaDB, free_port

pytestmark = pytest.mark.database(transaction=True)
Make = Callable[..., MySQLHeaders]


def ask(headers: MySQLHeaders, sql: str = "SELECT CONNECTION_ID()") -> object:
    with headers.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchone()[0]


@pytest.mark.parametrize("state", [State.ASLEEP, State.WAKING])
def test_asleep_or_waking_nothing_is_sent(mysql_headers: Make, silent_server: SilentServer, state: State) -> None:
    headers = mysql_headers(silent_server.port)
    set_state(read_state(), state=state, by="ann")
    began = time.monotonic()
    with pytest.raises(HeadersAsleep):
        headers.cursor()
    with pytest.raises(HeadersAsleep):
        headers.ensure_connection()
    assert time.monotonic() - began < 0.5
    assert silent_server.callers() == 0


def test_a_host_that_never_answers_is_given_up_after_three_seconds(
    mysql_headers: Make, silent_server: SilentServer
) -> None:
    headers = mysql_headers(silent_server.port)
    headers.settings_dict["OPTIONS"] = headers.settings_dict["OPTIONS"] | {"connect_timeout": 30}
    began = time.monotonic()
    with pytest.raises(HeadersUnreachable, match=f"does not answer at 127.0.0.1:{silent_server.port}"):
        headers.cursor()
    assert time.monotonic() - began < 4
    assert silent_server.callers() == 1


def test_a_closed_port_and_an_unknown_name_are_said_at_once(mysql_headers: Make) -> None:
    closed, unknown = mysql_headers(free_port()), mysql_headers(3306)
    unknown.settings_dict["HOST"] = "no-such-host.invalid"
    for headers in (closed, unknown):
        with pytest.raises(HeadersUnreachable):
            headers.cursor()


def test_a_server_that_answers_no_is_not_called_unreachable(mysql_headers: Make, mariadb: MariaDB) -> None:
    headers = mysql_headers(mariadb.port, database="no_such_database")
    with pytest.raises(OperationalError, match="Unknown database") as caught:
        headers.cursor()
    assert not isinstance(caught.value, HeadersUnavailable)


def test_the_recorded_address_wins_over_the_settings(mysql_headers: Make, mariadb: MariaDB) -> None:
    headers = mysql_headers(free_port())
    headers.settings_dict["HOST"] = "no-such-host.invalid"
    set_state(read_state(), state=State.AWAKE, by="ann", host="127.0.0.1", port=mariadb.port)
    assert ask(headers, "SELECT @@port") == mariadb.port
    set_state(read_state(), state=State.AWAKE, by="ann", host=f"{mariadb.folder}/s.sock")
    assert ask(headers, "SELECT @@port") == mariadb.port


def test_an_open_connection_is_dropped_when_the_database_falls_asleep(mysql_headers: Make, mariadb: MariaDB) -> None:
    headers = mysql_headers(mariadb.port)
    first = ask(headers)
    assert ask(headers) == first
    set_state(read_state(), state=State.ASLEEP, by="ann")
    with pytest.raises(HeadersAsleep):
        headers.cursor()
    assert headers.connection is None
    set_state(read_state(), state=State.AWAKE, by="ann")
    assert ask(headers) != first


def test_a_transaction_begins_on_the_new_connection(
    mysql_headers: Make, mariadb: MariaDB, in_place_of_headers: Callable[..., None]
) -> None:
    headers = mysql_headers(mariadb.port)
    in_place_of_headers(headers)
    first = ask(headers)
    set_state(read_state(), state=State.AWAKE, by="ann")
    with transaction.atomic(using="headers"):
        second = ask(headers)
        assert ask(headers, "SELECT @@autocommit") == 0
    assert second != first
    assert ask(headers) == second


def test_a_transaction_that_was_open_over_a_move_is_undone(
    mysql_headers: Make, mariadb: MariaDB, in_place_of_headers: Callable[..., None]
) -> None:
    headers = mysql_headers(mariadb.port)
    in_place_of_headers(headers)
    with headers.cursor() as cursor:
        cursor.execute("CREATE OR REPLACE TABLE moved (n integer)")

    def work() -> None:
        with transaction.atomic(using="headers"):
            with headers.cursor() as cursor:
                cursor.execute("INSERT INTO moved VALUES (1)")
            set_state(read_state(), state=State.AWAKE, by="ann")
            headers.cursor()

    with pytest.raises(HeadersMoved, match="do it again"):
        work()
    assert ask(headers, "SELECT COUNT(*) FROM moved") == 0


def test_an_ended_transaction_stays_ended_when_the_database_falls_asleep_at_its_end(
    mysql_headers: Make, mariadb: MariaDB, in_place_of_headers: Callable[..., None]
) -> None:
    headers = mysql_headers(mariadb.port)
    in_place_of_headers(headers)
    with transaction.atomic(using="headers"):
        ask(headers)
        set_state(read_state(), state=State.ASLEEP, by="ann")
    with pytest.raises(HeadersAsleep):
        headers.cursor()


def test_who_wakes_it_works_before_others_and_leaves_no_way_in(mysql_headers: Make, mariadb: MariaDB) -> None:
    headers = mysql_headers(mariadb.port)
    set_state(read_state(), state=State.WAKING, by="ann")
    with use_while_waking():
        assert ask(headers, "SELECT 1") == 1
    with pytest.raises(HeadersAsleep):
        headers.cursor()


def test_a_request_begins_and_ends_while_it_sleeps(
    mysql_headers: Make, mariadb: MariaDB, in_place_of_headers: Callable[..., None]
) -> None:
    headers = mysql_headers(mariadb.port)
    in_place_of_headers(headers)
    ask(headers)
    set_state(read_state(), state=State.ASLEEP, by="ann")
    headers.errors_occurred = True
    headers.close_if_unusable_or_obsolete()


@needs_sqlite
def test_sqlite_asleep_opens_no_file_and_moved_opens_the_recorded_one(tmp_path: Path) -> None:
    headers = connections["headers"]
    assert ChunkHeader.objects.count() == 0
    there = tmp_path / "moved.sqlite3"
    set_state(read_state(), state=State.ASLEEP, by="ann", host=str(there))
    with pytest.raises(HeadersAsleep):
        ChunkHeader.objects.count()
    assert not there.exists()
    set_state(read_state(), state=State.AWAKE, by="ann")
    with headers.cursor() as cursor:
        cursor.execute("PRAGMA database_list")
        assert cursor.fetchone()[2] == str(there)


@needs_sqlite
def test_sqlite_in_a_folder_that_is_not_there_is_unreachable(tmp_path: Path) -> None:
    set_state(read_state(), state=State.AWAKE, by="ann", host=str(tmp_path / "gone" / "headers.sqlite3"))
    with pytest.raises(HeadersUnreachable, match="unable to open database file"):
        ChunkHeader.objects.count()
