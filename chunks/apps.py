"""The app `chunks`."""

from django.apps import AppConfig
from django.core.checks import Tags, register

from chunks.headers_db.checks import headers_collation, sqlite_file_systems


class ChunksConfig(AppConfig):
    name = "chunks"

    def ready(self) -> None:
        register(headers_collation, Tags.database)
        register(sqlite_file_systems)
