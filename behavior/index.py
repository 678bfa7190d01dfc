"""Indexes an object of the sessions bucket: its records, and the portal's copy of its notes.

Owns: that both follow one look at the store.
"""

from django.conf import settings

from behavior.equal import Found, make_equal
from behavior.errors import BadSession, NotASession
from behavior.keys import session_key_of
from behavior.noted import remember
from behavior.notes import Notes
from behavior.sessions import Sessions
from storage.objects import Objects


def index_object(objects: Objects, sessions: Sessions, *, key: str) -> Found | None:
    """Makes records and notes of the session that an object belongs to equal to what the store says now; None for an
    object that belongs to no session. Raises as `behavior.equal.make_equal`."""
    session = session_key_of(key)
    if session is None:
        return None
    try:
        found = make_equal(objects, sessions, bucket=settings.SESSIONS_BUCKET, key=session)
    except (NotASession, BadSession):
        remember(session, records=[], notes=Notes())
        raise
    remember(session, records=found.records, notes=found.notes)
    return found
