"""Fixtures of these tests."""

import pytest

from tests.shared_database import shared_database  # noqa: F401


@pytest.fixture
def quick_hashes(settings):
    """Passwords are hashed in no time; the hash is none of these tests' business."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
