"""What came of a download, as a value."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of a download: files fetched, files that were there and whole, and (path, reason) of those that failed.

    `size_bytes` is what was really fetched.
    """

    fetched: int
    kept: int
    failed: tuple[tuple[str, str], ...]
    size_bytes: int
