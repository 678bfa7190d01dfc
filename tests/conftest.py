"""What holds for every test: the `database` marker opens both databases, and no state of one test reaches the next."""

from collections.abc import Iterator
from unittest.mock import patch

import pytest
from django.conf import settings
from django.db import connections

from chunks.headers_db import engine
from chunks.headers_db.place import HeadersPlace
from chunks.headers_db.state import forget_state, require_awake

BOTH = ["default", "headers"]


def pytest_configure() -> None:
    """Pages of tests name static files as they are: nothing is collected for them."""
    settings.STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}


def pytest_itemcollected(item: pytest.Item) -> None:
    """`@pytest.mark.database` (or `database(transaction=True)`) is `django_db` on both databases."""
    marker = item.get_closest_marker("database")
    if marker is not None:
        item.add_marker(pytest.mark.django_db(databases=BOTH, **marker.kwargs))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown() -> Iterator[None]:
    """Django undoes what a test did also where the test left the headers database asleep or elsewhere."""
    forget_state()
    with patch.object(engine, "require_awake", _place_to_undo):
        yield
    forget_state()


def _place_to_undo() -> HeadersPlace:
    headers = connections["headers"]
    return headers._opened_at if headers.in_atomic_block else require_awake()
