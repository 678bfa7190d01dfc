"""Whether migrations wait is seen before anything is served, and a database that sleeps is no reason not to serve."""

import pytest
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from chunks.headers_db.place import State
from chunks.headers_db.state import read_state, set_state
from portal.errors import NotMigrated
from portal.migrated import require_migrated


@pytest.mark.database(transaction=True)
def test_nothing_is_said_where_none_waits() -> None:
    assert require_migrated() == []


@pytest.mark.database
def test_one_that_waits_is_said_with_the_command() -> None:
    ((app, newest),) = MigrationLoader(connection).graph.leaf_nodes("jobs")
    MigrationRecorder(connection).record_unapplied(app, newest)
    with pytest.raises(
        NotMigrated, match=r"^The portal database .* \(migrations that wait: 1\)\. Run: python manage\.py mig"
    ):
        require_migrated()


@pytest.mark.database(transaction=True)
def test_a_headers_database_that_sleeps_is_told_and_served_without() -> None:
    set_state(read_state(), state=State.ASLEEP, by="test")
    [sentence] = require_migrated()
    assert "asleep" in sentence
