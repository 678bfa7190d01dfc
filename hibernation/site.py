"""What the settings say of the headers database's home on AWS.

Owns: `Site`, and that the region of the objects is everybody's unless said otherwise. Connects nowhere.
"""

from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from django.conf import settings

from hibernation.errors import NothingToHibernate


@dataclass(frozen=True, kw_only=True)
class Site:
    """instance, host, function: names on AWS, empty where there is none; region: None where AWS's own tools decide."""

    instance: str
    host: str
    function: str
    region: str | None

    @property
    def on_rds(self) -> bool:
        return bool(self.instance)


def site_here() -> Site:
    return Site(
        instance=settings.RDS_INSTANCE.lower(),
        host=settings.RDS_HOST_INSTANCE,
        function=settings.INDEX_FUNCTION,
        region=settings.AWS_REGION or _region_of_objects(),
    )


def require_rds(site: Site) -> None:
    """Raises `NothingToHibernate`."""
    if not site.on_rds:
        raise NothingToHibernate(
            "There is no RDS instance to put to sleep: ECOG_RDS_INSTANCE is empty, and the headers database is a file "
            "or a server of your own. To try what a sleep is like: manage.py rds_hibernate --mode closed closes search "
            "and stops nothing, manage.py rds_restore opens it again."
        )


def _region_of_objects() -> str | None:
    url = urlsplit(settings.OBJECTS_URL)
    return parse_qs(url.query).get("region", [""])[0] or None if url.scheme == "s3" else None
