"""Why a download by the client `ecog` does not go on, in sentences for the person at her own computer.

Owns: the tree below `ClientError`. Messages name de-identified paths alone.
"""

from typing import ClassVar

from downloads.errors import DownloadsError


class ClientError(DownloadsError):
    """The root."""


class DownloadUnknown(ClientError):
    """There is no such download of the asker's."""

    audit_outcome: ClassVar[str] = "refused"


class DownloadOver(ClientError):
    """It has ended: by its client, or because nothing was heard of that for too long."""


class DownloadCancelled(ClientError):
    """Somebody has cancelled it on its page."""

    audit_outcome: ClassVar[str] = "cancelled"


class FileUnknown(ClientError):
    """The download has no such file: never had, or not any more. The words are the same for both."""


class FileChanged(ClientError):
    """The file is no longer the one of which the client has a part."""


class FileCut(ClientError):
    """The object has fewer bytes than the store said."""


class Busy(ClientError):
    """As many bodies as may be are being sent just now."""


class Rehearsed(ClientError):
    """The download was begun to look at its manifest alone."""


class RangeOutside(ClientError):
    """The bytes asked for lie beyond the file's end."""

    def __init__(self, *, size_bytes: int) -> None:
        super().__init__(f"The bytes asked for lie beyond the file's end: it has {size_bytes:,}.")
        self.size_bytes = size_bytes
