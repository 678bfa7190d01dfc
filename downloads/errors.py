"""What can go wrong with a download, in sentences for the person who waits for it.

Owns: the tree below `DownloadsError`. `may_be_kept = True` marks messages that hold nothing a person typed, so that
audit and job rows may keep them. Imports nothing of ours but the outcome that one of them carries.
"""

from typing import ClassVar

from downloads.outcome import Outcome


class DownloadsError(Exception):
    """The root of everything this app refuses or fails at; the message may be shown to the person who asked."""

    may_be_kept: ClassVar[bool] = True


class PathRefused(DownloadsError):
    """A path that would leave its folder, or cannot exist, on this machine or another."""


class NotAManifest(DownloadsError):
    """A file that should be a manifest is not one."""


class FolderRefused(DownloadsError):
    """The folder a download should go to cannot be used."""

    may_be_kept = False  # the message names the folder, which a person chose


class DiskTooFull(DownloadsError):
    """There is not room enough, before anything is fetched or when the disk runs full under way."""

    may_be_kept = False  # as above


class DataChanged(DownloadsError):
    """What is listed for a download is not what the search had counted."""


class FileNotFetched(DownloadsError):
    """One file of a download could not be had; the rest goes on."""


class ObjectDamaged(FileNotFetched):
    """What the store holds is not what was written there: size or CRC differ."""


class Stopped(DownloadsError):
    """The download was asked to end before this file was whole."""

    audit_outcome: ClassVar[str] = "cancelled"


class DownloadStopped(DownloadsError):
    """Something that concerns all files ended a download after it had begun."""

    may_be_kept = False  # the message repeats that of any error


class FilesMissing(DownloadsError):
    """A download went through to its end, and some of its files could not be had: see `outcome`."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome)
        self.outcome = outcome

    def __str__(self) -> str:
        outcome = self.outcome
        files = outcome.fetched + outcome.kept + len(outcome.failed)
        return (
            f"{len(outcome.failed):,} of {files:,} files could not be fetched. The same again tries those that are "
            "missing; the reason stands with each."
        )
