"""What the review of annotations refuses, in sentences for the data manager at work.

No message holds a text that is withheld, nor a name.
"""

from chunks.errors import ChunksError


class ReviewRefused(ChunksError):
    """Something that cannot be decided like this."""


class PatternRefused(ReviewRefused):
    """A pattern that is none, or would release too much; the message does not repeat it."""


class NamesChanged(ReviewRefused):
    """The list of names was changed by somebody else meanwhile."""
