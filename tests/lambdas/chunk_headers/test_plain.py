"""The function needs nothing of the portal but plain modules: it starts where Django and NumPy are not installed."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
BLOCKED = ("django", "numpy", "obstore", "MySQLdb", "celery", "chunks.models", "chunks.index")


def test_it_is_imported_where_only_its_own_packages_are() -> None:
    code = f"import sys; sys.modules.update(dict.fromkeys({BLOCKED})); import lambdas.chunk_headers.handler"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_importing_it_makes_no_client_and_asks_for_no_setting() -> None:
    code = (
        "import socket; socket.socket.connect = None; import lambdas.chunk_headers.handler as h; "
        "print(h._indexer.cache_info().currsize)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env={}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "0\n"), done.stderr
