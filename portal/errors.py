"""The errors of `portal`: why it cannot be served here.

Owns: the tree below `NotServed`. Imports no Django. No message holds a password: brokers are not named by their URL.
"""


class NotServed(Exception):
    """Base; the message says what is in the way, and what to do."""


class AlreadyServed(NotServed):
    """Another process serves the same data folder."""


class AddressRefused(NotServed):
    """The address to listen on cannot be one, is taken, or is not for http."""


class BrokerRefused(NotServed):
    """The embedded broker cannot be started: its folder is somebody else's, or its server does not run here."""


class NotMigrated(NotServed):
    """A database lacks tables or columns that this version needs."""
