"""Where real recordings lie when there are any: tests use them beside the data they make themselves."""

import os
from pathlib import Path

import pytest

RECORDINGS = Path(os.environ.get("ECOG_TEST_RECORDINGS", Path(__file__).parents[2] / "shared" / "data"))

needs_recordings = pytest.mark.skipif(not RECORDINGS.is_dir(), reason=f"no real recordings in {RECORDINGS.name}/")
