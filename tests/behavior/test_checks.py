"""A portal database that ignores case is refused."""

import pytest
from django.db import connection

from behavior.checks import portal_collation

pytestmark = pytest.mark.database(transaction=True)


def test_a_database_that_compares_bytes_is_fine() -> None:
    assert portal_collation(None, databases=["default"]) == []


def test_without_being_asked_it_does_not_connect() -> None:
    assert portal_collation(None) == portal_collation(None, databases=["headers"]) == []


def test_one_that_ignores_case_is_refused() -> None:
    if connection.vendor != "mysql":
        pytest.skip("SQLite compares bytes")
    name = connection.settings_dict["NAME"]
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER DATABASE `{name}` COLLATE utf8mb4_general_ci")
        try:
            (error,) = portal_collation(None, databases=["default"])
        finally:
            cursor.execute(f"ALTER DATABASE `{name}` COLLATE utf8mb4_bin")
    assert "utf8mb4_general_ci" in error.msg
