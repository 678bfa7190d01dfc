"""The app `hibernation`: a worker that is told to put the headers database to sleep, or to wake it, knows how."""

from importlib import import_module

from django.apps import AppConfig
from django.core.checks import register

from hibernation.checks import headers_are_there


class HibernationConfig(AppConfig):
    name = "hibernation"

    def ready(self) -> None:
        import_module("hibernation.registered")  # by its name: models exist only now
        register(headers_are_there)
