"""What a store says of an object that may lie in an archive: the values, and the words of S3 that cross the interface.

Imports nothing.
"""

from dataclasses import dataclass
from typing import Literal, get_args

Tier = Literal["Standard", "Bulk", "Expedited"]  # how fast, and how dear, a restore is
TIERS: tuple[Tier, ...] = get_args(Tier)


@dataclass(frozen=True, slots=True, kw_only=True)
class Archived:
    """Whether an object can be read, and if not, whether its restore was asked for (just now, or is under way)."""

    state: Literal["readable", "archived", "asked", "under way"]
    archive: str = ""  # where it lies, such as "GLACIER"
    takes: str = ""  # how long S3 says a restore that was asked for takes
