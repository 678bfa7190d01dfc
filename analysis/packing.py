"""A result as one file: a zip of its Parquet, with a page that says what it is.

Owns: what the zip holds. It goes through memory one file of Parquet at a time. Plain Python; the driver's work.
"""

import io
import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from analysis.known import FAULT_COLUMNS, Known
from analysis.manifest_file import Summary
from analysis.place import Place

_EPOCH = (1980, 1, 1, 0, 0, 0)
File = Mapping[str, Any]


def described(known: Known, *, about: Mapping[str, str], manifest: Summary, faults: int) -> dict[str, Any]:
    """What stands in `about.json`: of what this is a result, what each column is, and what is not in it."""
    return {
        **about,
        "patients": manifest.patients,
        "recordings": manifest.recordings,
        "chunks": manifest.chunks,
        "columns": dict(known.columns),
        "columns of faults": FAULT_COLUMNS,
        "left out": {"recordings": dict(manifest.left_out), "chunks that could not be used": faults},
        "warnings": manifest.warnings,
    }


def pack(files: Sequence[File], *, about: Mapping[str, Any], folder: str, place: Place) -> int:
    """Writes `result.zip`; its size in bytes."""
    return place.put(f"{folder}/result.zip", _zipped(files, about=about, folder=folder, place=place))


def _zipped(files: Sequence[File], *, about: Mapping[str, Any], folder: str, place: Place) -> Iterator[bytes]:
    drain = _Drain()
    with zipfile.ZipFile(drain, "w", zipfile.ZIP_STORED) as file:
        file.writestr(zipfile.ZipInfo("about.json", _EPOCH), json.dumps(about, ensure_ascii=False, indent=1))
        for each in files:
            # A path below the folder: data/patient=2002/….parquet, as Spark and pandas read a folder.
            path = each["name"].removeprefix(f"{folder}/")
            file.writestr(zipfile.ZipInfo(path, _EPOCH), place.get(each["name"]))
            yield drain.taken()
    yield drain.taken()


class _Drain(io.RawIOBase):
    """A file that cannot be sought, of which what was written is taken away piece by piece."""

    def __init__(self) -> None:
        self._held = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:  # noqa: ANN401 (a buffer)
        self._held += data
        return len(data)

    def taken(self) -> bytes:
        taken = bytes(self._held)
        self._held.clear()
        return taken
