"""Long lists that are shown the newest first, a page at a time: `?before=` and the number of the last row shown.

Owns: how such a page is read. Nothing is counted: one row more than the page holds tells that there are older ones.
"""

from typing import TypeVar

from django.db.models import Model, QuerySet

_DIGITS_MAX = 18  # a number of 64 bits has no more
_Row = TypeVar("_Row", bound=Model)


def row_number(text: str) -> int | None:
    """The row that an address names; None where it names none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _DIGITS_MAX else None


def newest(rows: QuerySet[_Row], *, before: int | None, size: int) -> tuple[list[_Row], int | None]:
    """A page of these rows, and the number before which the next one begins; None after the last."""
    earlier = rows.order_by("-pk") if before is None else rows.order_by("-pk").filter(pk__lt=before)
    page = list(earlier[: size + 1])
    return page[:size], page[size - 1].pk if len(page) > size else None
