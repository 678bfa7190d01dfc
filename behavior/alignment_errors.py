"""What can go wrong when a session is aligned, in sentences for the person at work: a branch of the app's tree."""

from behavior.errors import BehaviorError


class AlignmentError(BehaviorError):
    """The root of what alignment refuses or fails at; the message may be shown to the person who asked."""


class ChannelUnfit(AlignmentError):
    """A channel cannot carry codes: too slow for their bits, or the bit time is impossible."""


class CodesMissing(AlignmentError):
    """A channel carries no codes, or what is on it is something else; says what was seen."""


class TrialsUnmatched(AlignmentError):
    """Codes and trials do not fit together, or fit in two places equally well."""


class AlignmentUnreadable(AlignmentError):
    """A kept alignment that this portal did not write, or that was changed."""
