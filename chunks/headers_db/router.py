"""Which of the two databases a model lives in: the one its `db_alias` names, else the portal's.

Owns: routing by model, for reads, writes, migrations and relations. No relation crosses.
"""

from typing import Any

from django.apps import apps
from django.db import DEFAULT_DB_ALIAS
from django.db.models import Model

HEADERS = "headers"


class ByModel:
    """Django's router; it answers every question, so no other is asked."""

    def db_for_read(self, model: type[Model], **_hints: object) -> str:
        return _alias(model)

    def db_for_write(self, model: type[Model], **_hints: object) -> str:
        return _alias(model)

    def allow_relation(self, obj1: Model, obj2: Model, **_hints: object) -> bool:
        return _alias(type(obj1)) == _alias(type(obj2))

    def allow_migrate(self, db: str, app_label: str, model_name: str | None = None, **hints: Any) -> bool:  # noqa: ANN401
        """Whether an operation of a migration runs on `db`.

        `RunSQL` and `RunPython` say so by `hints={"db_alias": …}` or `hints={"model_name": …}`; without, they are the
        portal's.
        """
        if "db_alias" in hints:
            return bool(db == hints["db_alias"])
        return db == (_alias_by_name(app_label, model_name) if model_name else DEFAULT_DB_ALIAS)


def _alias(model: type[Model]) -> str:
    return getattr(model, "db_alias", DEFAULT_DB_ALIAS)


def _alias_by_name(app_label: str, model_name: str) -> str:
    """By name, since a migration's own copy of a model has no `db_alias`. A model that is gone was the portal's."""
    try:
        return _alias(apps.get_model(app_label, model_name))
    except LookupError:
        return DEFAULT_DB_ALIAS
