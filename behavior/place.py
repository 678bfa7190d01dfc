"""The place of the sessions as one text, empty or `dynamodb://?region=eu-west-1`, and what it opens.

Owns how such a text is written. Opening connects nowhere. A text that is not understood is never repeated in an error:
whoever mixes up two settings may have put a password there.
"""

from functools import lru_cache
from urllib.parse import parse_qsl, urlsplit

from django.conf import settings

from behavior.dynamodb import DynamoSessions
from behavior.errors import PlaceUnusable
from behavior.sessions import Sessions
from behavior.table import TableSessions

EXAMPLES = (
    "leave ECOG_SESSIONS_URL empty, or write dynamodb://?region=eu-west-1 (&endpoint=https://… for another server)"
)
PARAMETERS = frozenset({"region", "endpoint"})


@lru_cache(maxsize=8)
def open_sessions(url: str) -> Sessions:
    """The home of sessions at a URL; nothing is connected yet. Raises `PlaceUnusable`.

    Empty: a table of the portal database. `dynamodb://?region=R&endpoint=E`: DynamoDB, both parameters optional;
    credentials, and the region where none is given, are found as every AWS tool does.
    """
    if not url:
        return TableSessions()
    try:
        parts = urlsplit(url)
        given = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
    except ValueError:
        raise PlaceUnusable(f"The place of the sessions is no URL: {EXAMPLES}.") from None
    if parts.scheme != "dynamodb" or parts.netloc or parts.path.strip("/") or parts.fragment:
        raise PlaceUnusable(f"The place of the sessions is not understood: {EXAMPLES}.")
    values = {name: value for name, value in given if value}
    if set(dict(given)) - PARAMETERS or len(dict(given)) != len(given) or not _is_endpoint(values.get("endpoint")):
        raise PlaceUnusable(f"After the '?' stand region and endpoint, each at most once: {EXAMPLES}.")
    return DynamoSessions(region=values.get("region"), endpoint=values.get("endpoint"))


def sessions_here() -> Sessions:
    """The home of sessions that the portal is set to."""
    return open_sessions(settings.SESSIONS_URL)


def _is_endpoint(endpoint: str | None) -> bool:
    if endpoint is None:
        return True
    try:
        parts = urlsplit(endpoint)
        plain = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return plain and parts.scheme in {"http", "https"} and "@" not in parts.netloc and not parts.query
