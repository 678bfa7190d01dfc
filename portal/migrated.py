"""Whether the databases are as this version needs them.

Owns: that look, which never changes anything.
"""

from django.db import connections
from django.db.migrations.executor import MigrationExecutor

from chunks.headers_db.errors import HeadersUnavailable
from portal.errors import NotMigrated


def require_migrated() -> list[str]:
    """What could not be looked at because it sleeps or does not answer, a sentence each.

    Raises `NotMigrated` where migrations wait.
    """
    away: list[str] = []
    for alias in connections:
        try:
            executor = MigrationExecutor(connections[alias])
            waiting = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
        except HeadersUnavailable as error:
            away.append(str(error))
            continue
        if waiting:
            raise NotMigrated(
                f"The {'portal' if alias == 'default' else alias} database is not as this version needs it (migrations "
                f"that wait: {waiting}). Run: python manage.py migrate"
            )
    return away
