"""The function's connection: TLS or nothing, kept, and made anew where it was lost."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pymysql
import pytest

from lambdas.chunk_headers import database
from lambdas.chunk_headers.database import Database, DatabaseSilent, ValueRefused
from lambdas.chunk_headers.place import NotConfigured, Place, place_from
from tests.lambdas.chunk_headers.authority import Authority, make_authority
from tests.lambdas.chunk_headers.conftest import PASSWORD, USER, execute
from tests.mariadb import MariaDB, mariadb_server


@pytest.fixture
def opened() -> Iterator[Callable[[Place], Database]]:
    made: list[Database] = []

    def make(place: Place) -> Database:
        made.append(Database(place))
        return made[-1]

    yield make
    for each in made:
        each.close()


def ask(connection: Database, sql: str) -> tuple[object, ...]:
    with connection.transaction() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()[0]


def changed(place: Place, **changes: object) -> Place:
    return Place(**(vars(place) | changes))


def test_the_connection_is_encrypted_and_strict(place: Place, opened: Callable[[Place], Database]) -> None:
    connection = opened(place)
    assert ask(connection, "SHOW SESSION STATUS LIKE 'Ssl_cipher'")[1] != ""
    assert "STRICT_TRANS_TABLES" in str(ask(connection, "SELECT @@sql_mode")[0])


def test_it_is_kept_and_made_anew_where_it_was_lost(
    place: Place, opened: Callable[[Place], Database], server: MariaDB
) -> None:
    connection = opened(place)
    [first] = ask(connection, "SELECT CONNECTION_ID()")
    assert ask(connection, "SELECT CONNECTION_ID()") == (first,)
    execute(server, f"KILL {first}")
    assert ask(connection, "SELECT CONNECTION_ID()") != (first,)


def test_a_certificate_of_another_ca_is_refused(
    place: Place, opened: Callable[[Place], Database], authority: Authority
) -> None:
    with pytest.raises(DatabaseSilent):
        ask(opened(changed(place, ca=authority.other_ca)), "SELECT 1")


def test_a_certificate_of_another_host_is_refused(
    tmp_path: Path, place: Place, opened: Callable[[Place], Database]
) -> None:
    other = make_authority(tmp_path, name="DNS:elsewhere.example")
    with mariadb_server(tmp_path / "server", options=other.server_options) as server:
        server.create("headers")
        execute(server, f"CREATE USER '{USER}'@'%' IDENTIFIED BY '{PASSWORD}'")
        execute(server, f"GRANT SELECT ON headers.* TO '{USER}'@'%'")
        with pytest.raises(DatabaseSilent):
            ask(opened(changed(place, port=server.port, ca=other.ca)), "SELECT 1")


def test_a_server_without_tls_is_refused_before_it_hears_a_user(
    tmp_path: Path, place: Place, opened: Callable[[Place], Database]
) -> None:
    with mariadb_server(tmp_path / "server", options=["--skip-ssl"]) as server:
        server.create("headers")
        execute(server, f"CREATE USER '{USER}'@'%' IDENTIFIED BY '{PASSWORD}'")
        execute(server, f"GRANT SELECT ON headers.* TO '{USER}'@'%'")
        plain = pymysql.connect(host="127.0.0.1", port=server.port, user=USER, password=PASSWORD, database="headers")
        plain.close()  # whoever does not insist gets in
        with pytest.raises(DatabaseSilent):
            ask(opened(changed(place, port=server.port)), "SELECT 1")
        [status] = execute(server, "SHOW GLOBAL STATUS LIKE 'Access_denied_errors'")
        assert status["Value"] == "0"


def test_an_error_tells_its_number_alone(place: Place, opened: Callable[[Place], Database]) -> None:
    with pytest.raises(DatabaseSilent) as silent:
        ask(opened(changed(place, user="nobody")), "SELECT 1")
    assert str(silent.value) == "OperationalError 1045"


def test_a_refused_value_undoes_the_transaction_and_keeps_the_connection(
    place: Place, opened: Callable[[Place], Database], rows: Callable[[str], object]
) -> None:
    connection = opened(place)
    [first] = ask(connection, "SELECT CONNECTION_ID()")
    insert = "INSERT INTO index_error (bucket, objectKey, etag, reason, first_seen, last_seen, times) VALUES "
    good, bad = (f"('{bucket}', 'k', '', '', '2026-01-01', '2026-01-01', 1)" for bucket in ("", "b" * 64))

    def write() -> None:
        with connection.transaction() as cursor:
            cursor.execute(insert + good)
            cursor.execute(insert + bad)

    with pytest.raises(ValueRefused):
        write()
    assert rows("index_error") == []
    assert ask(connection, "SELECT CONNECTION_ID()") == (first,)


def test_without_a_password_a_token_of_iam_is_given(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, object] = {}
    monkeypatch.setattr(database.pymysql, "connect", lambda **options: given.update(options) or pytest.fail("enough"))
    with pytest.raises(pytest.fail.Exception):
        ask(Database(changed(place, password="", host="db.example")), "SELECT 1")
    token = str(given["password"])
    assert token.startswith(f"db.example:{place.port}/?Action=connect&DBUser={USER}&X-Amz-Algorithm=AWS4-HMAC-SHA256")


WHOLE = {
    "ECOG_HEADERS_HOST": "h",
    "ECOG_HEADERS_USER": "u",
    "ECOG_HEADERS_NAME": "n",
    "ECOG_HEADERS_CA": "ca.pem",
    "ECOG_BUCKET_PREFIX": "p-",
    "ECOG_SESSIONS_BUCKET": "s",
}


def test_a_ca_without_a_folder_lies_in_the_zip() -> None:
    assert place_from(WHOLE).ca == Path(database.__file__).parents[2] / "ca.pem"
    assert place_from(WHOLE | {"ECOG_HEADERS_CA": "/etc/ca.pem"}).ca == Path("/etc/ca.pem")


@pytest.mark.parametrize("name", WHOLE)
def test_a_missing_variable_is_named(name: str) -> None:
    with pytest.raises(NotConfigured, match=name):
        place_from(WHOLE | {name: ""})


@pytest.mark.parametrize("port", ["x", "0", "70000", "-1", "³"])
def test_a_port_that_is_none_is_refused(port: str) -> None:
    with pytest.raises(NotConfigured, match="ECOG_HEADERS_PORT"):
        place_from(WHOLE | {"ECOG_HEADERS_PORT": port})


def test_the_password_is_in_no_representation() -> None:
    assert "secret" not in repr(place_from(WHOLE | {"ECOG_HEADERS_PASSWORD": "secret"}))
