"""What must be true of the portal database before sessions are kept in it; a system check of Django.

Owns: its collation. Under one that ignores case two sessions would be one.
"""

from collections.abc import Sequence

from django.apps.config import AppConfig
from django.core.checks import CheckMessage, Error
from django.db import DEFAULT_DB_ALIAS, connection

COLLATION = "utf8mb4_bin"


def portal_collation(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None = None, **_kwargs: object
) -> list[CheckMessage]:
    """The portal database compares text byte by byte. Connects, so it is run with `--database default` and migrate."""
    if DEFAULT_DB_ALIAS not in (databases or ()) or connection.vendor != "mysql":
        return []
    with connection.cursor() as cursor:
        cursor.execute("SELECT DATABASE(), @@collation_database")
        name, collation = cursor.fetchone()
    if collation == COLLATION:
        return []
    hint = f"ALTER DATABASE `{name}` CHARACTER SET utf8mb4 COLLATE {COLLATION}, before its tables are made."
    message = f"The portal database has the collation {collation}, under which a.json and A.json would be one session."
    return [Error(message, hint=hint, id="behavior.E001")]
