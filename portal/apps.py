"""The app `portal`: wherever Django is set up, so is the way to the broker; a sweeper makes its backups."""

from importlib import import_module

from django.apps import AppConfig

from portal.celery import app as celery_app

__all__ = ["PortalConfig", "celery_app"]


class PortalConfig(AppConfig):
    name = "portal"

    def ready(self) -> None:
        import_module("portal.registered")  # by its name: models exist only now
