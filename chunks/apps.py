"""The app `chunks`: a sweeper compares its rows with the buckets once a day."""

from importlib import import_module

from django.apps import AppConfig
from django.core.checks import Tags, register

from chunks.headers_db.checks import headers_collation, sqlite_file_systems


class ChunksConfig(AppConfig):
    name = "chunks"

    def ready(self) -> None:
        register(headers_collation, Tags.database)
        register(sqlite_file_systems)
        import_module("chunks.inbox.registered")  # by its name: models exist only now
        import_module("chunks.registered")  # by its name: models exist only now
