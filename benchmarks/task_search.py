"""How fast a question by task is answered, as a ratio to the best statements written by hand over the same data.

    python -m benchmarks.task_search [--sessions 100000] [--tasks 300] [--headers 500000] [--database mysql://…]

What is timed is what the search page asks for one task with padding: its sessions and their covered share, the exact
sums, and the first fifty headers. Both ways must find the same. The databases are new: SQLite files in a temporary
folder or, for the headers, the empty MySQL database of the URL.
"""

import argparse
import os
import subprocess
import sys
import tempfile


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, default=100_000)
    parser.add_argument("--tasks", type=int, default=300)
    parser.add_argument("--headers", type=int, default=500_000)
    parser.add_argument("--database", default="", help="the URL of an empty MySQL database for the headers")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ecog-bench-") as folder:
        own = {"ECOG_DATA_DIR": folder, "ECOG_HEADERS_DATABASE_URL": options.database}
        environment = os.environ | own | {"DJANGO_SETTINGS_MODULE": "portal.settings"}
        subprocess.run([sys.executable, "manage.py", "migrate", "--verbosity", "0"], env=environment, check=True)
        sizes = map(str, (options.sessions, options.tasks, options.headers))
        subprocess.run([sys.executable, "-m", "benchmarks.task_search_times", *sizes], env=environment, check=True)


if __name__ == "__main__":
    main()
