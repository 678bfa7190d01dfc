"""How a bucket is to be set up, and what is not so: the values that a store and its caller exchange about it.

Imports nothing.
"""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketRules:
    """What is chosen for a bucket. All else is fixed: encrypted, not public, one owner, no plain http, tidy uploads."""

    versioning: bool = False  # whether what is replaced or deleted is kept for a while
    events_queue_arn: str = ""  # the queue that is told of chunks; empty: none of ours


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing about a bucket that was not as the rules want it."""

    bucket: str
    what: str  # such as "public access"
    found: str  # how it was
    state: Literal["found", "repaired", "refused"]
    reason: str = ""  # why it is still so, a sentence
