"""How fast the administrators' list of headers is over many rows, as a ratio to the same list over 10,000.

    python -m benchmarks.admin [--rows 1000000] [--database mysql://…]

Each list is asked for like a browser does, page, filters and count together; a ratio near 1 means that the size of the
table does not matter. The databases are new: SQLite files in a temporary folder or, for the headers, the empty MySQL
database of the URL. With --rows 10000000 it takes 6 GB of disk.
"""

import argparse
import os
import subprocess
import sys
import tempfile


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--database", default="", help="the URL of an empty MySQL database for the headers")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ecog-bench-") as folder:
        own = {"ECOG_DATA_DIR": folder, "ECOG_HEADERS_DATABASE_URL": options.database}
        environment = os.environ | own | {"DJANGO_SETTINGS_MODULE": "portal.settings"}
        subprocess.run([sys.executable, "manage.py", "migrate", "--verbosity", "0"], env=environment, check=True)
        lists = [sys.executable, "-m", "benchmarks.admin_lists", str(options.rows)]
        subprocess.run(lists, env=environment, check=True)


if __name__ == "__main__":
    main()
