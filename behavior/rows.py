"""Which rows of a table belong to an object of the sessions bucket.

Owns: how they are asked for by an index, on every database alike (`LIKE` ignores case on SQLite).
"""

from collections.abc import Iterable

from django.db.models import Q

from behavior.keys import split_file_name


def near(key: str) -> Q:
    """The rows whose `file_name` is the key, or the key, `#` and anything: `#` and `$` are neighbours."""
    return Q(file_name=key) | Q(file_name__gt=f"{key}#", file_name__lt=f"{key}$")


def own(names: Iterable[str], *, key: str) -> list[str]:
    """Those of these names that are the key or its numbered documents."""
    return [name for name in names if split_file_name(name)[0] == key]
