"""The app `downloads`."""

from django.apps import AppConfig


class DownloadsConfig(AppConfig):
    name = "downloads"
