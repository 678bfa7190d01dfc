"""What a worker must know and nobody may read: kept sealed in the job's row, and wiped when the job ends.

Owns: how it is sealed (Fernet under a key of its own, derived from `SECRET_KEY`), and the column that holds it, which
leaves out what it holds wherever rows are written elsewhere, so that no backup keeps it beyond the job's end.
"""

import base64
import hashlib
import hmac
from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.db import models

from jobs.errors import NothingSealed

_PURPOSE = b"what jobs hold sealed"

if TYPE_CHECKING:
    _TextField = models.TextField[str, str]
else:
    _TextField = models.TextField


class SealedField(_TextField):
    """A sealed text; empty in every serialisation of its row."""

    def value_to_string(self, obj: models.Model) -> str:
        return ""


def seal(text: str) -> str:
    """What only `unseal` of this portal reads; no two of the same text are equal."""
    return _fernet().encrypt(text.encode()).decode()


def unseal(sealed: Any) -> str:  # noqa: ANN401 (what a row holds)
    """The text. Raises `NothingSealed` where there is none (it was wiped), or where it was sealed under another key."""
    try:
        return _fernet().decrypt(str(sealed)).decode()
    except InvalidToken:
        raise NothingSealed(
            "What this job was given to keep secret is no longer here (the portal's key changed, or it comes from a "
            "backup, which leaves it out). Ask for it again."
        ) from None


def _fernet() -> Fernet:
    key = hmac.new(settings.SECRET_KEY.encode(), _PURPOSE, hashlib.sha256).digest()
    return Fernet(base64.urlsafe_b64encode(key))
