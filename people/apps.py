"""The app `people`: after every migration the roles have their permissions."""

from typing import Any

from django.apps import AppConfig, apps
from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models.signals import post_migrate

from people.roles import give_roles


class PeopleConfig(AppConfig):
    name = "people"

    def ready(self) -> None:
        post_migrate.connect(_give_roles, dispatch_uid="people.roles")


def _give_roles(*, using: str, **_signal: Any) -> None:  # noqa: ANN401 (the signature is Django's)
    # Permissions of an app are made after its own migrations, so the roles are complete after the last app's. One app
    # may be migrated alone, before there are groups.
    if using == DEFAULT_DB_ALIAS and "auth_group" in connection.introspection.table_names():
        give_roles(apps)
