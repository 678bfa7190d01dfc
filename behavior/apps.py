"""The app `behavior`: a sweeper compares its records with the bucket once a day."""

from importlib import import_module

from django.apps import AppConfig


class BehaviorConfig(AppConfig):
    name = "behavior"

    def ready(self) -> None:
        import_module("behavior.registered")  # by its name: models exist only now
