"""Fixtures of these tests."""

from tests.shared_database import shared_database  # noqa: F401
