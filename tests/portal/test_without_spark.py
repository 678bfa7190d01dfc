"""What of the portal starts where `requirements-spark.txt` was not installed, as in the demo: all of it."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.environment import portal_environment

ROOT = Path(__file__).parents[2]
WITHOUT = """
import sys
sys.modules.update(dict.fromkeys(("pyspark", "pyarrow", "pandas", "scipy", "py4j")))
"""
WORKER = """
from portal.celery import app
app.loader.import_default_modules()
app.finalize()
assert "jobs.run" in app.tasks
"""
WEB = """
from django.core.management import call_command
from portal.wsgi import application
from django.urls import get_resolver
assert get_resolver().url_patterns
call_command("check")
"""


@pytest.mark.parametrize("part", [WORKER, WEB])
def test_a_part_starts_without_spark(part: str, tmp_path: Path) -> None:
    environment = portal_environment(tmp_path / "var", DJANGO_SETTINGS_MODULE="portal.settings")
    command = [sys.executable, "-c", WITHOUT + part]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
