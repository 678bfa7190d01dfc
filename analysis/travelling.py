"""The one zip of our plain modules that executors need.

Owns: which modules travel: those that read, and the jobs. No Django is imported by any of them, and what they import of
others is what `bootstrap.sh` installs. Plain Python.
"""

import zipfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
ZIP_NAME = "ecog-analysis.zip"
EARLIEST = (1980, 1, 1, 0, 0, 0)  # a zip knows no earlier time
PATTERNS = (
    "analysis/__init__.py",
    "analysis/batches.py",
    "analysis/context.py",
    "analysis/driven.py",
    "analysis/driver.py",
    "analysis/errors.py",
    "analysis/grid.py",
    "analysis/in_place.py",
    "analysis/known.py",
    "analysis/manifest_file.py",
    "analysis/options.py",
    "analysis/origins.py",
    "analysis/packing.py",
    "analysis/pair_summary.py",
    "analysis/place.py",
    "analysis/portions.py",
    "analysis/reading.py",
    "analysis/recordings.py",
    "analysis/registering.py",
    "analysis/runs.py",
    "analysis/source.py",
    "analysis/stream.py",
    "analysis/summary.py",
    "analysis/table.py",
    "analysis/tables.py",
    "analysis/travelling.py",
    "analysis/windows.py",
    "analysis/writing.py",
    "analysis/jobs/*.py",
    "chunks/__init__.py",
    "chunks/edf/__init__.py",
    "chunks/edf/errors.py",
    "chunks/edf/numerals.py",
    "chunks/format/*.py",
    "storage/*.py",
)


def travelling() -> Iterator[Path]:
    """The files, relative to the project's folder."""
    for pattern in PATTERNS:
        yield from sorted(path.relative_to(ROOT) for path in ROOT.glob(pattern))


def write_zip(folder: Path) -> Path:
    """Writes the zip into a folder; its path."""
    path = folder / ZIP_NAME
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as file:
        for each in travelling():
            file.writestr(zipfile.ZipInfo(each.as_posix(), date_time=EARLIEST), (ROOT / each).read_bytes())
    return path
