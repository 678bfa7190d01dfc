"""Where runs come from: a manifest, a selection, or what a prefix finds in the store.

Owns: the three and how an option names each. Only a selection needs the portal: it is resolved by `analysis.asked`,
which is looked up by name when it is asked for, so that this module travels to machines without Django.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from logging import getLogger
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

from analysis.errors import NothingFound, OptionRefused
from analysis.manifest_file import Manifest
from analysis.recordings import UNREADABLE, Found, Place
from analysis.runs import Run, runs_of
from storage.objects import Objects

log = getLogger(__name__)
KINDS = ("manifest", "selection", "prefix")
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Narrowing:
    """What alone is wanted of some columns: nothing else is read. Empty: everything."""

    wanted: Mapping[str, frozenset[Any]] = field(default_factory=dict)

    def allows(self, **values: str | int) -> bool:
        """Whether rows with these values may be wanted."""
        return all(self.wanted[name] >= {value} for name, value in values.items() if name in self.wanted)

    def allows_run(self, run: Run) -> bool:
        return self.allows(
            patient=run.patient, bucket=run.bucket, recording=run.recording, channel=run.channel, label=run.label
        )

    def also(self, name: str, values: frozenset[Any]) -> "Narrowing":
        return Narrowing({**self.wanted, name: self.wanted.get(name, values) & values})


class Origin(Protocol):
    def runs(self, objects: Objects, *, narrowing: Narrowing) -> Iterator[Run]:
        """All runs that may be wanted, read as they are taken. Raises `AnalysisError` and `StorageError`."""


@dataclass(frozen=True)
class FromManifest:
    """A file on the driver (a path or file:///…), or an object of the store (s3://bucket/key)."""

    place: str

    def runs(self, objects: Objects, *, narrowing: Narrowing) -> Iterator[Run]:
        with opened(self.place, objects) as lines:
            yield from filter(narrowing.allows_run, Manifest(lines))


@dataclass(frozen=True)
class FromPrefix:
    """The recordings in state ok below `bucket`, `bucket/recording` or `begin*`; several with commas."""

    prefix: str

    def runs(self, objects: Objects, *, narrowing: Narrowing) -> Iterator[Run]:
        found = Found(objects, prefix=self.prefix)
        for place in found.places():
            if narrowing.allows(bucket=place.bucket, recording=place.name):
                if (document := found.told(place)) is None:
                    continue
                if (runs := readable_runs(document, place)) is None:
                    found.left_out[UNREADABLE] += 1
                    continue
                yield from filter(narrowing.allows_run, runs)
        if found.left_out:
            log.warning("Left out of %s: %s.", self.prefix, told_left_out(found.left_out))


@dataclass(frozen=True)
class FromSelection:
    """What a question finds of what `as_user` may see (nobody named: the administrator), asked of the portal's
    databases, as every command does."""

    selection: str
    as_user: str

    def runs(self, objects: Objects, *, narrowing: Narrowing) -> Iterator[Run]:
        if not os.environ.get("DJANGO_SETTINGS_MODULE"):
            raise OptionRefused(
                "A selection is resolved by the portal, which is not set up here: set DJANGO_SETTINGS_MODULE to "
                "portal.settings and start where the portal is, or write a manifest there and give that."
            )
        import_module("django").setup()
        asked = import_module("analysis.asked").runs_of(self.selection, as_user=self.as_user, objects=objects)
        yield from filter(narrowing.allows_run, asked)


def origin_of(options: Mapping[str, str]) -> Origin:
    """The one that the options name. Raises `OptionRefused`."""
    given = [kind for kind in KINDS if options.get(kind)]
    if len(given) != 1:
        said = f"These were given: {', '.join(given)}." if given else "None was given."
        raise OptionRefused(f"One of manifest, selection and prefix says what to read. {said}")
    if given == ["manifest"]:
        return FromManifest(options["manifest"])
    if given == ["prefix"]:
        return FromPrefix(options["prefix"])
    return FromSelection(options["selection"], as_user=options.get("as_user", ""))


@contextmanager
def opened(place: str, objects: Objects) -> Iterator[Iterator[str]]:
    """The lines of a manifest. Raises `NothingFound` where there is none."""
    parts = urlsplit(place)
    if parts.scheme == "s3":
        yield _lines(objects.stream(parts.netloc, unquote(parts.path).lstrip("/")))
        return
    path = Path(unquote(parts.path) if parts.scheme == "file" else place)
    try:
        file = path.open(encoding="utf-8", errors="replace")  # what is no text is no manifest either, and said so
    except OSError as error:
        raise NothingFound(f"The manifest {path} cannot be read: {error.strerror}.") from None
    with file:
        yield iter(file)


def readable_runs(document: Mapping[str, Any], place: Place) -> list[Run] | None:
    """The runs of a recording; None, and a line in the log, where its document is not what the portal writes."""
    try:
        return list(runs_of(document, bucket=place.bucket))
    except (KeyError, TypeError, ValueError, ArithmeticError) as error:
        log.warning("Left out: %s in %s: %s.", place.name, place.bucket, type(error).__name__)
        return None


def told_left_out(left_out: Mapping[str, int]) -> str:
    """In words: `2 recordings (conflict 1, hidden 1)`."""
    states = ", ".join(f"{state} {count}" for state, count in sorted(left_out.items()))
    return f"{sum(left_out.values())} recordings ({states})"


def _lines(pieces: Iterator[bytes]) -> Iterator[str]:
    rest = b""
    for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        yield from (line.decode(errors="replace") + "\n" for line in lines)
    if rest:
        yield rest.decode(errors="replace")
