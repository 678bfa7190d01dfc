"""What settings must agree on before a database is put to sleep; a system check of Django.

Owns: that an instance on RDS is where the headers database is. A file would be left behind for the instance's address.
"""

from collections.abc import Sequence

from django.apps.config import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error

from hibernation.site import site_here


def headers_are_there(app_configs: Sequence[AppConfig] | None, **_kwargs: object) -> list[CheckMessage]:
    """Where an RDS instance is named, the headers database is on a server."""
    site = site_here()
    if not site.on_rds or "sqlite" not in str(settings.DATABASES["headers"]["ENGINE"]):
        return []
    hint = "Set ECOG_HEADERS_DATABASE_URL to mysql://… of that instance, or leave ECOG_RDS_INSTANCE empty."
    message = f"ECOG_RDS_INSTANCE is {site.instance!r}, but the headers database is a file and not there."
    return [Error(message, hint=hint, id="hibernation.E001")]
