"""The app `downloads`: a worker that is told of a bundle knows how to make it, a sweeper how to tidy up after it."""

from importlib import import_module

from django.apps import AppConfig


class DownloadsConfig(AppConfig):
    name = "downloads"

    def ready(self) -> None:
        # By its name: its models exist only now.
        import_module("downloads.bundles.registered")
        import_module("downloads.client.registered")
