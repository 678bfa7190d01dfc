"""What can be wrong with an EDF or BDF file, as one small tree of errors.

Every message is one sentence for the person at work. It holds numbers and places in the file, never the file's
name, a person's name or a date: those may not reach a log.
"""


class EdfError(Exception):
    """Anything that keeps a recording from being read or written as it should be."""


class NotAnEdf(EdfError):
    """The file is something else: a web page, a git-lfs pointer, an archive, nothing at all."""


class EdfDamaged(EdfError):
    """It was an EDF file once; its bytes have been changed, so that samples would be read from wrong places."""


class EdfTruncated(EdfError):
    """The file is shorter than its header says."""


class NoData(EdfError):
    """The header is there and no data record follows it."""


class StartUnknown(EdfError):
    """The header's date or time is missing or impossible, and none was given."""


class SpecDeviation(EdfError):
    """Strict reading was asked for, and the file deviates from the specification."""


class NotWritable(EdfError):
    """What was to be written cannot be said in the format."""
