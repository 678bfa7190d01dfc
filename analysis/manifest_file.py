"""The manifest's form: JSON lines, one a run, and a last line that says whose and how much it is.

Owns: writing and reading that file, in memory that does not grow with it. The SHA-256 of the runs' lines is in the last
line: a manifest that was cut off, or in which a run was changed, is none. Signatures are the portal's
(`analysis.manifest`). Plain Python.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from analysis.errors import NotAManifest
from analysis.runs import Run, decode, encode

FORM = 1


@dataclass(frozen=True, kw_only=True)
class Summary:
    """What a manifest says of itself.

    question: the selection's URL form, or the prefix; user_id: whose scope it was made under (None: the server's).
    left_out: how many recordings were left out, by their state. signature: the portal's, empty where it made none.
    """

    question: str
    user_id: int | None = None
    software: str = ""
    patients: tuple[str, ...] = ()
    recordings: int = 0
    runs: int = 0
    chunks: int = 0
    size_bytes: int = 0
    left_out: Mapping[str, int] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    sha256: str = ""
    signature: str = ""


class Counting:
    """Passes runs on and counts what a summary says of them."""

    def __init__(self, runs: Iterable[Run]) -> None:
        self._given = runs
        self._patients: set[str] = set()
        self._place = ("", "")
        self.recordings = self.runs = self.chunks = self.size_bytes = 0

    @property
    def patients(self) -> tuple[str, ...]:
        return tuple(sorted(self._patients))

    def __iter__(self) -> Iterator[Run]:
        for run in self._given:
            self._patients.add(run.patient)
            self.recordings += (run.bucket, run.recording) != self._place
            self._place = (run.bucket, run.recording)
            self.runs += 1
            self.chunks += run.last - run.first
            self.size_bytes += run.size_bytes
            yield run


def written(runs: Iterable[Run], *, finish: Callable[[Counting, str], Summary]) -> Iterator[str]:
    """The lines of a manifest. `finish` gives the summary from what was counted and the SHA-256 of the runs' lines."""
    digest, counting = hashlib.sha256(), Counting(runs)
    for run in counting:
        line = encode(run)
        digest.update(line.encode())
        yield line
    yield encode_summary(finish(counting, digest.hexdigest()))


def encode_summary(summary: Summary) -> str:
    """The last line, its newline included."""
    return json.dumps({"manifest": FORM} | asdict(summary), separators=(",", ":")) + "\n"


def decode_summary(line: str) -> Summary | None:
    """What the last line says; None where the line is a run's. Raises `NotAManifest`."""
    try:
        keys: dict[str, Any] = json.loads(line)
        if "manifest" not in keys:
            return None
        if keys.pop("manifest") != FORM:
            raise ValueError("it has another form than this software writes")
        return Summary(**keys | {"patients": tuple(keys["patients"]), "warnings": tuple(keys["warnings"])})
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise NotAManifest(f"A line of the manifest cannot be read: {error}. Write the manifest anew.") from error


class Manifest:
    """The runs of a manifest, read as they are taken; after the last, `summary` is what it says of itself."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = lines
        self._summary: Summary | None = None

    @property
    def summary(self) -> Summary:
        """Raises `NotAManifest` before the end was read."""
        if self._summary is None:
            raise NotAManifest("The manifest has no last line: it was cut off. Write it anew.")
        return self._summary

    def __iter__(self) -> Iterator[Run]:
        """Raises `NotAManifest`, with the last run or before."""
        digest = hashlib.sha256()
        for line in self._lines:
            if self._summary is not None:
                raise NotAManifest("The manifest goes on after its last line: two were joined. Write it anew.")
            self._summary = decode_summary(line)
            if self._summary is None:
                digest.update(line.encode())
                yield decode(line)
        if self.summary.sha256 != digest.hexdigest():
            raise NotAManifest("The manifest's runs are not those that were written. Write it anew.")
