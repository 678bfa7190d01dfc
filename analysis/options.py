"""The options of `spark.read.format("chn")`, read into one value.

Owns: their names, defaults and refusals, and that a folder of one machine is not read by others. Plain Python.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from analysis.errors import FolderOnCluster, OptionRefused
from analysis.origins import KINDS, FromPrefix, Origin, origin_of

CHUNKS_A_TASK = 16
LONGEST_S = 3600
# Short, and without an exponent: `1e999999999` would be a number of a billion digits.
SECONDS = re.compile(r"[0-9]{1,6}(\.[0-9]{1,9})?|[0-9]{1,6}/[0-9]{1,6}")
KNOWN = {"objects", *KINDS, "as_user", "window", "values", "chunks_a_task", "recordings_a_batch"}
_BY_SPARK = {"path"}


@dataclass(frozen=True, kw_only=True)
class Options:
    """objects: the store's URL, as ECOG_OBJECTS_URL. window: its length in seconds. recordings_a_batch: of a stream, at
    most; 0 for no limit."""

    objects: str
    origin: Origin
    window: Fraction
    digital: bool
    chunks_a_task: int
    recordings_a_batch: int

    @classmethod
    def of(cls, given: Mapping[str, str], *, master: str) -> "Options":
        """Raises `OptionRefused` for what cannot be meant, and `FolderOnCluster`."""
        options = {name.lower(): value for name, value in given.items()}
        unknown = sorted(set(options) - KNOWN - _BY_SPARK)
        if unknown:
            raise OptionRefused(f"{unknown[0]!r} is no option: there are {', '.join(sorted(KNOWN))}.")
        values = options.get("values", "physical")
        if values not in {"physical", "digital"}:
            raise OptionRefused(f"values={values!r} is not known: write physical (the default) or digital.")
        if not options.get("objects"):
            raise OptionRefused("objects is missing: the place of the objects, as in ECOG_OBJECTS_URL.")
        require_reachable(options["objects"], master=master)
        return cls(
            objects=options["objects"],
            origin=origin_of(options),
            window=seconds(options.get("window", "1")),
            digital=values == "digital",
            chunks_a_task=_whole(options, "chunks_a_task", default=CHUNKS_A_TASK, least=1),
            recordings_a_batch=_whole(options, "recordings_a_batch", default=0, least=0),
        )

    @property
    def prefix(self) -> str:
        """What a stream watches. Raises `OptionRefused`."""
        if isinstance(self.origin, FromPrefix):
            return self.origin.prefix
        raise OptionRefused("A stream watches a prefix: a manifest and a selection say once what there is.")


def require_reachable(objects_url: str, *, master: str) -> None:
    """Raises `FolderOnCluster` where the objects lie in a folder and Spark's master is not local."""
    if objects_url.lower().startswith("file:") and not master.startswith("local"):
        raise FolderOnCluster(
            f"The objects lie in a folder of this machine, and the master {master or '(none named)'} has others do the "
            "work. Use local[*] here, or put the objects into S3 (ECOG_OBJECTS_URL)."
        )


def seconds(text: str) -> Fraction:
    """The length of a window. Raises `OptionRefused`."""
    try:
        seconds = Fraction(text) if SECONDS.fullmatch(text) else Fraction(0)
    except ZeroDivisionError:
        seconds = Fraction(0)
    if not 0 < seconds <= LONGEST_S:
        raise OptionRefused(f"window={text[:40]!r} is no length: write seconds, such as 1 or 0.5, up to {LONGEST_S}.")
    return seconds


def _whole(options: Mapping[str, str], name: str, *, default: int, least: int) -> int:
    text = options.get(name, str(default))
    if not text.isascii() or not text.isdecimal() or int(text) < least:
        raise OptionRefused(f"{name}={text!r} is not understood: write a whole number from {least} on.")
    return int(text)
