"""Where a page of chunk headers ended: a position in their order, and the opaque text that stands for it in a URL.

Owns: the text's form. It names no more than its reader saw on the page before, and gives no access: whoever hands it
back sees what the scope allows, from that position on.
"""

import base64
import binascii
import re
from dataclasses import dataclass

from chunks.format.clock import DAY_US
from selections.errors import CursorRefused
from selections.intervals import EARLIEST_US, LATEST_US

_PLAIN = re.compile(r"([A-Za-z0-9-]{1,40}) (-?[0-9]{1,18}) (-?[0-9]{1,18}) ([0-9]{1,18})", re.ASCII)
_LENGTH_MAX = 160


@dataclass(frozen=True, kw_only=True, order=True, slots=True)
class Cursor:
    """A header's place in the order: patient, start and stop (microseconds since day 0, 00:00), row."""

    patient: str
    start_us: int
    stop_us: int
    row: int

    def __str__(self) -> str:
        plain = f"{self.patient} {self.start_us} {self.stop_us} {self.row}"
        return base64.urlsafe_b64encode(plain.encode("ascii")).decode("ascii").rstrip("=")


def parse_cursor(text: str) -> Cursor:
    """The position that `str(cursor)` stands for. Raises `CursorRefused`."""
    found = _PLAIN.fullmatch(_decoded(text))
    if found is None:
        raise CursorRefused("The page's position cannot be read: begin again with the first page.")
    start_us, stop_us, row = (int(found[part]) for part in (2, 3, 4))
    if not EARLIEST_US <= start_us < stop_us <= LATEST_US + DAY_US:
        raise CursorRefused("The page's position is in no patient's stay: begin again with the first page.")
    return Cursor(patient=found[1], start_us=start_us, stop_us=stop_us, row=row)


def _decoded(text: str) -> str:
    if len(text) > _LENGTH_MAX:
        return ""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        return ""
