"""Why a backup cannot be made or brought back.

Owns: the tree below `BackupError`. No message holds a secret or what a row says.
"""


class BackupError(Exception):
    """Base; the message says what was wrong and what to do."""


class BackupForeign(BackupError):
    """The file is no backup of a portal, or one of another form."""


class BackupDamaged(BackupError):
    """The file is not as it was written."""


class OtherVersion(BackupError):
    """The tables of the backup are not those of this software."""


class PortalNotEmpty(BackupError):
    """The portal database already holds something."""
