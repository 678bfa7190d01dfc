"""The app `behavior`: a sweeper compares its records with the bucket once a day."""

from importlib import import_module

from django.apps import AppConfig
from django.core.checks import Tags, register

from behavior.checks import portal_collation


class BehaviorConfig(AppConfig):
    name = "behavior"

    def ready(self) -> None:
        register(portal_collation, Tags.database)
        import_module("behavior.registered")  # by its name: models exist only now
