"""What can go wrong with recordings and chunks, in sentences for the person at work.

No message holds a person's name, a real date or the name of a source file.
"""

from typing import ClassVar


class ChunksError(Exception):
    """The root of everything this app refuses or fails at; the message may be shown to the person who asked."""


class IngestRefused(ChunksError):
    """A recording is not taken, for a reason the person can settle."""

    may_be_kept: ClassVar[bool] = True
    audit_outcome: ClassVar[str] = "refused"


class OverlapUnknown(ChunksError):
    """Two recordings have no differing data to settle."""


class SettledMeanwhile(ChunksError):
    """Somebody else has settled it since it was looked at."""


class SurgeryDateUnclear(IngestRefused):
    """The day of the month leaves more than one date, or none, possible."""


class HeldElsewhere(IngestRefused):
    """The file's data records are another patient's already."""


class FileChanged(IngestRefused):
    """A file is not what was chosen, or did not stay the same while it was read."""


class FileGone(IngestRefused):
    """A file that was chosen is no longer in the inbox."""


class InboxAway(ChunksError):
    """The inbox folder is not there, or may not be read."""


class ObjectUnfit(ChunksError):
    """An object of which there can be no row. `reason` is a sentence that quotes neither key nor content, or empty."""

    def __init__(self, message: str = "", *, reason: str = "") -> None:
        super().__init__(message)
        self.reason = reason


class RecordingUnreadable(ObjectUnfit):
    """A `recording.json` that this portal did not write, or that was changed."""


class AnnotationsUnreadable(ChunksError):
    """An `annotations.json` that this portal did not write, or that was changed."""


class ChunkUnreadable(ObjectUnfit):
    """An object that should be a chunk is not one; says what it looks like."""
