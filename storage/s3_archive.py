"""Objects that lie in an archive of S3: whether one does, and asking for its restore.

Owns what S3 says of it (docs.aws.amazon.com/AmazonS3/latest/userguide/archived-objects.html) and how long each kind of
restore takes (…/restoring-objects-retrieval-options.html). An archive class gives a copy for some days; an archive tier
of Intelligent-Tiering gives the object back for good, and refuses a number of days.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from storage.archive import Archived, Tier
from storage.errors import RestoreRefused
from storage.s3_errors import in_words

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_TAKES: Mapping[str, Mapping[Tier, str]] = {
    "GLACIER": {"Expedited": "1 to 5 minutes", "Standard": "3 to 5 hours", "Bulk": "5 to 12 hours"},
    "DEEP_ARCHIVE": {"Standard": "up to 12 hours", "Bulk": "up to 48 hours"},
    "ARCHIVE_ACCESS": {"Expedited": "1 to 5 minutes", "Standard": "3 to 5 hours", "Bulk": "5 to 12 hours"},
    "DEEP_ARCHIVE_ACCESS": {"Standard": "up to 12 hours", "Bulk": "up to 48 hours"},
}
_TIERS_OF_INTELLIGENT_TIERING = ("ARCHIVE_ACCESS", "DEEP_ARCHIVE_ACCESS")
_UNDER_WAY = 'ongoing-request="true"'
_READABLE = Archived(state="readable")


def archived(about: Mapping[str, Any]) -> Archived:
    """What the answer to a HEAD says."""
    archive = about.get("ArchiveStatus") or about.get("StorageClass") or ""
    restore = about.get("Restore") or ""
    if archive not in _TAKES or (restore and _UNDER_WAY not in restore):
        return _READABLE
    return Archived(state="under way" if restore else "archived", archive=archive)


def ask(client: "S3Client", bucket: str, key: str, *, found: Archived, days: int, tier: Tier) -> Archived:
    """Asks for the restore of an object that was found archived. Raises `RestoreRefused` for a tier it has not."""
    takes = _TAKES[found.archive].get(tier)
    if takes is None:
        fit = " or ".join(_TAKES[found.archive])
        raise RestoreRefused(bucket, key=key, detail=f"{found.archive} knows no {tier} restore, ask for {fit}")
    request: Any = {"GlacierJobParameters": {"Tier": tier}}
    if found.archive not in _TIERS_OF_INTELLIGENT_TIERING:
        request["Days"] = days
    try:
        client.restore_object(Bucket=bucket, Key=key, RestoreRequest=request)
    except ClientError as error:
        # Somebody was quicker, since it was looked at.
        code = error.response.get("Error", {}).get("Code")
        if code == "RestoreAlreadyInProgress":
            return replace(found, state="under way")
        if code == "ObjectAlreadyInActiveTierError":
            return _READABLE
        raise in_words(error, bucket=bucket, key=key) from None
    return replace(found, state="asked", takes=takes)
