"""Personal tokens: what a person's own programs show instead of her password.

Owns: how a token looks, that only its SHA-256 is kept, and when it opens nothing. A token is 256 random bits, so its
hash needs no salt, and looking the hash up tells nothing by its time. Imports nothing of ours outside `people`.
"""

import hashlib
import re
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db.models import Q, QuerySet
from django.utils import timezone

from people import audit
from people.errors import TokenRefused
from people.models import Token
from people.scope import Scope

PREFIX = "ecog_"
DEFAULT_DAYS, MAX_DAYS = 90, 365
SHOWN_CHARACTERS = len(PREFIX) + 4
USE_WRITTEN_EVERY = timedelta(minutes=1)
_RANDOM_BYTES = 32
_TOKEN = re.compile(PREFIX + r"[A-Za-z0-9_-]{43}")
MAKE_ANOTHER = 'Make a new one on the portal\'s page "Tokens for your computer".'


@dataclass(frozen=True, kw_only=True)
class NewToken:
    """A token just made. `text` is the token itself, which is kept nowhere and cannot be had again."""

    row: Token
    text: str = field(repr=False)


def make_token(user: User, *, name: str, days: int = DEFAULT_DAYS, by: Scope, origin: str = "") -> NewToken:
    """A new token for `user`, good for so many days."""
    if not 1 <= days <= MAX_DAYS:
        raise TokenRefused(f"A token is good for 1 to {MAX_DAYS} days, not for {days}.")
    text = PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)
    beginning = text[:SHOWN_CHARACTERS]
    with audit.act("make token", scope=by, question=f"token={beginning} days={days}", origin=origin):
        row = Token.objects.create(
            user=user,
            name=name,
            digest=_digest(text),
            beginning=beginning,
            expires_at=timezone.now() + timedelta(days=days),
        )
    return NewToken(row=row, text=text)


def user_of_token(text: str, *, origin: str = "", now: datetime | None = None) -> User:
    """Whose token this is; as `good_token`."""
    return good_token(text, origin=origin, now=now).user


def good_token(text: str, *, origin: str = "", now: datetime | None = None) -> Token:
    """The row of a token that opens the portal. Its use is written down, with `origin`, at most once a minute.

    Raises `TokenRefused` where it opens nothing: not a token, unknown, revoked, ended, or of a closed account.
    """
    now = now or timezone.now()
    token = _find(text)
    if token.revoked_at is not None:
        raise TokenRefused(f"The token {token.beginning}… was revoked. {MAKE_ANOTHER}")
    if token.expires_at <= now:
        raise TokenRefused(f"The token {token.beginning}… ended on {token.expires_at:%Y-%m-%d}. {MAKE_ANOTHER}")
    if not token.user.is_active:
        raise TokenRefused("The account of this token is closed. An administrator can open it again.")
    _write_use(token, origin=origin, now=now)
    return token


def tokens_of(user: User) -> QuerySet[Token]:
    """The user's tokens, the newest first."""
    return Token.objects.filter(user=user).order_by("-created_at", "-pk")


def revoke_token(token: Token, *, by: Scope, origin: str = "") -> bool:
    """Ends the token at once; whether it was not revoked before."""
    with audit.act("revoke token", scope=by, question=f"token={token.beginning}", origin=origin):
        return bool(Token.objects.filter(pk=token.pk, revoked_at__isnull=True).update(revoked_at=timezone.now()))


def _find(text: str) -> Token:
    if not _TOKEN.fullmatch(text):
        raise TokenRefused(f'This is not a token of the portal: one is "{PREFIX}" and 43 characters. {MAKE_ANOTHER}')
    token = Token.objects.select_related("user").filter(digest=_digest(text)).first()
    if token is None:
        raise TokenRefused(f"The portal does not know this token. {MAKE_ANOTHER}")
    return token


def _write_use(token: Token, *, origin: str, now: datetime) -> None:
    before = now - USE_WRITTEN_EVERY
    if token.last_used_at is None or token.last_used_at <= before:
        # Of many requests at once the first writes.
        rows = Token.objects.filter(Q(last_used_at__isnull=True) | Q(last_used_at__lte=before), pk=token.pk)
        rows.update(last_used_at=now, last_used_from=origin[:200])


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
