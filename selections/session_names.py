"""How the name of a session stands in an address: its object's key with all folders, `%23` before a further number.

Owns: which texts are taken for one, so that what follows a name (`/files/…`) is never taken for a part of it.
"""

from django.urls import NoReverseMatch, reverse
from django.urls.converters import StringConverter


class SessionName(StringConverter):
    """A key that ends in `.json`, in any case, with `#2`, `#3`, … for further documents."""

    regex = r"[\s\S]{1,600}?\.[jJ][sS][oO][nN](?:#[1-9][0-9]{0,5})?"


def session_link(file_name: str) -> str:
    """The address of a session's page; empty for a name that an old table holds and no object can have."""
    try:
        return reverse("session", args=[file_name])
    except NoReverseMatch:
        return ""
