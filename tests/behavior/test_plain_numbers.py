"""The numeric core of alignment runs where no Django is installed: in notebooks and on Spark executors."""

import subprocess
import sys
from pathlib import Path

NUMERIC = ("pieces", "frames", "triggers", "voting", "matching", "alignment", "trigger_table", "expected")


def test_the_numeric_modules_import_no_django() -> None:
    names = ", ".join(f"behavior.{each}" for each in NUMERIC)
    code = f"import {names}, sys; print(sorted({{'django', 'obstore', 'boto3'}} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "[]\n"), done.stderr
