"""What can go wrong with sessions, in sentences for the person at work.

Plain Python: the Lambda imports it. Messages about a file's content may repeat what a person typed into it, so only
those marked `may_be_kept` (see `people.errors`) go into audit and job rows.
"""

from typing import ClassVar


class BehaviorError(Exception):
    """The root of what this app refuses or fails at; the message may be shown to the person who asked."""


class NotASession(BehaviorError):
    """A file that no session can be read from. `start` and `stop` are what it tells of its times, as it writes them."""

    way_out: ClassVar[str] = (
        "A session is made of it with: manage.py add_session --task NAME --patient ID --day N --start {start} "
        "--stop {stop} FILE"
    )

    def __init__(self, looks_like: str, *, start: str = "", stop: str = "") -> None:
        self.looks_like, self.start, self.stop = looks_like, start, stop
        told = ", ".join(f"{word} {value}" for word, value in (("start", start), ("stop", stop)) if value)
        times = f" It tells of its times: {told}." if told else ""
        way_out = self.way_out.format(start=start or "H:M:S", stop=stop or "H:M:S")
        super().__init__(f"This is no session's JSON: it looks like {looks_like}.{times} {way_out}")


class BadSession(BehaviorError):
    """A session's JSON with a value that cannot be; the message names it."""


class NotesUnreadable(BehaviorError):
    """A `.notes.json` that the portal did not write, or that was changed by hand."""


class SessionRefused(BehaviorError):
    """A session is not taken or changed, for a reason the person can settle."""


class SessionMissing(BehaviorError):
    """There is no such session among those the asker may see."""


class PlaceUnusable(BehaviorError):
    """The place of the sessions is not written as `open_sessions` understands it. The place itself is not repeated."""

    may_be_kept = True


class SessionsUnavailable(BehaviorError):
    """The table of sessions does not answer as it should; nothing may be concluded about sessions."""

    may_be_kept = True


class TablesMissing(SessionsUnavailable):
    """The tables are not there."""
