"""The place of finished bundles as one text, `file:///srv/bundles` or `s3://bucket/prefix?region=eu-central-1`.

Owns: how that text becomes an entry of Django's `STORAGES`. Imports no Django: the settings are built from it. A text
that is not understood is never repeated in an error: whoever mixes up two settings may have put a password there.
"""

from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from portal.environment import SettingError

EXAMPLES = "write file:///srv/bundles, or s3://bucket/prefix?region=eu-central-1"
LINK_SECONDS = 600


def bundles_storage(url: str) -> dict[str, Any]:
    """Raises `SettingError` for a text that is neither."""
    parts = urlsplit(url)
    if parts.scheme == "file" and parts.path.startswith("/") and not parts.query:
        return {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {
                "location": unquote(parts.path),
                "file_permissions_mode": 0o600,
                "directory_permissions_mode": 0o700,
            },
        }
    if parts.scheme == "s3" and parts.netloc and "@" not in parts.netloc:
        given = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if set(given) <= {"region", "endpoint"}:
            return {
                "BACKEND": "storages.backends.s3.S3Storage",
                "OPTIONS": {
                    "bucket_name": parts.netloc,
                    "location": parts.path.strip("/"),
                    "region_name": given.get("region"),
                    "endpoint_url": given.get("endpoint"),
                    "default_acl": None,
                    "querystring_auth": True,
                    "querystring_expire": LINK_SECONDS,
                    "signature_version": "s3v4",
                    "file_overwrite": True,
                },
            }
    raise SettingError(f"ECOG_BUNDLES_URL is not understood: {EXAMPLES}.")
