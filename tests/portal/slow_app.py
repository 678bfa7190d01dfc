"""Enters the kind of `tests.portal.slow_kind` when Django starts."""

from importlib import import_module

from django.apps import AppConfig


class SlowKind(AppConfig):
    name = "tests.portal"
    label = "slow_kind"

    def ready(self) -> None:
        import_module("tests.portal.slow_kind")
