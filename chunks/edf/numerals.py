"""How numbers stand in EDF headers: strict ASCII digits in, shortest fitting text out.

Python's own `int` and `Decimal` take far more than EDF does ("1e999", "nan", "1_000", digits of other scripts), so
nothing here reaches them before a regular expression has looked. Imports nothing of ours but the errors.
"""

import math
import re
from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction

from chunks.edf.errors import NotWritable

_PLAIN = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?")
_WHOLE = re.compile(r"([+-]?[0-9]+)(?:[.,]0*)?")
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+(?:[.,][0-9]*)?|[.,][0-9]+)(?:[eE][+-]?[0-9]{1,2})?")
_SHOWABLE = re.compile(r"[0-9+,.eE-]{1,8}")
_DATE_LIKE = re.compile(r"[0-9]+[.,-][0-9]+[.,-][0-9]+")
_SHOWN_NUMBERS = 10


def parse_integer(text: str) -> int | None:
    """Give the whole number a field says; `256.0` counts as 256. None where it says none."""
    found = _WHOLE.fullmatch(text)
    return int(found[1]) if found else None


def parse_decimal(text: str) -> Decimal | None:
    """Give the exact number a field says; a comma counts as a dot, more than one of them as no number."""
    return Decimal(text.replace(",", ".")) if _DECIMAL.fullmatch(text) else None


def is_plain(text: str) -> bool:
    """Tell whether a number is written as the specification wants it: digits and at most one dot."""
    return _PLAIN.fullmatch(text) is not None


def format_number(value: int | Decimal, *, width: int = 8) -> str:
    """Write a number in at most `width` characters, exactly.

    Raises:
        NotWritable: it does not fit without losing digits, or is no finite number.
    """
    if isinstance(value, Decimal) and not value.is_finite():
        raise NotWritable(f"{value} is no number a header can hold.")
    text = f"{value:f}" if isinstance(value, Decimal) else str(value)
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    if len(text) > width and text.lstrip("-").startswith("0."):
        text = text.replace("0.", ".", 1)
    if len(text) > width:
        raise NotWritable(f"The number {text} needs {len(text)} characters and its field has {width}.")
    return text


def half_up(value: Fraction) -> int:
    """Round to the nearest whole number, halves towards plus infinity."""
    return math.floor(value + Fraction(1, 2))


def half_up_us(seconds: Fraction) -> int:
    """Give exact seconds in whole microseconds, halves towards plus infinity."""
    return half_up(seconds * 1_000_000)


def shown(text: str) -> str:
    """Give a field's text for a message, if it can be nothing but a number; else say only what it looks like.

    A damaged header may hold a name or a date where a number belongs.
    """
    if not text:
        return "nothing"
    if _SHOWABLE.fullmatch(text) and not _DATE_LIKE.search(text):
        return f"'{text}'"
    return f"{len(text)} characters that are no number"


def signals_listed(numbers: Iterable[int]) -> str:
    """Give signals by number for a message: `signal 3`, `signals 3, 7`."""
    everything = list(numbers)
    return f"{'signal' if len(everything) == 1 else 'signals'} {listed(everything)}"


def listed(numbers: Iterable[int]) -> str:
    """Give numbers for a message, the first ten of them."""
    everything = list(numbers)
    text = ", ".join(str(number) for number in everything[:_SHOWN_NUMBERS])
    more = len(everything) - _SHOWN_NUMBERS
    return f"{text} and {more} more" if more > 0 else text
