"""The app `analysis`: a worker that is told of an analysis knows how to do it, a sweeper how to tidy up after it.

Neither imports Spark, which need not be installed where the portal runs.
"""

from importlib import import_module

from django.apps import AppConfig


class AnalysisConfig(AppConfig):
    name = "analysis"

    def ready(self) -> None:
        # By its name: its models exist only now.
        import_module("analysis.registered")
