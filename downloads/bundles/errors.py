"""Why a bundle is not made or not given out, in sentences for the person who waits for it.

Owns: the tree below `BundleError`. Messages name de-identified paths and sizes alone, so all of them may be kept.
"""

from typing import ClassVar

from downloads.errors import DownloadsError


class BundleError(DownloadsError):
    """The root: a bundle was refused, failed, or may not be fetched."""


class BundleRefused(BundleError):
    """It is not even begun."""

    audit_outcome: ClassVar[str] = "refused"


class NothingToBundle(BundleRefused):
    """The question finds nothing that the asker may see."""


class TooLarge(BundleRefused):
    """It would be larger than the portal makes; the commands that do it instead come with it."""

    def __init__(self, message: str, *, commands: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.commands = commands


class NoRoom(BundleRefused):
    """The place of the bundles has no room for it."""


class FileFailed(BundleError):
    """One file could not be had, or is not what its header says: its path and the reason."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path


class ScopeShrunk(BundleError):
    """The asker may no longer see all of its patients."""

    audit_outcome: ClassVar[str] = "refused"


class NotKept(BundleError):
    """The place of the bundles did not take it, or does not give it back."""


class Busy(BundleError):
    """As many files as may be are being sent just now."""
