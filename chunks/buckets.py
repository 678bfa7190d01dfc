"""The buckets of patients: which there are, and how each is to be set up.

Owns: that everybody's bucket follows the same settings, and that nobody is told of what the bucket of withheld texts
gets. How a bucket is set up on S3 is the store's matter.
"""

from collections.abc import Iterable

from django.conf import settings

from chunks.format.keys import patient_bucket, withheld_bucket
from storage.bucket_rules import BucketRules, Fault
from storage.objects import Objects


def buckets_of(patients: Iterable[str]) -> list[str]:
    """The buckets of these patients, then the one that all have their withheld texts in."""
    prefix = settings.BUCKET_PREFIX
    return [*(patient_bucket(patient, prefix=prefix) for patient in patients), withheld_bucket(prefix=prefix)]


def set_up(objects: Objects, *, bucket: str, dry_run: bool = False) -> list[Fault]:
    """What of a bucket was not as the settings want it; it is so now, unless in a dry run or where the store refuses.

    Raises `BucketMissing`, and what concerns every rule alike.
    """
    told = bucket != withheld_bucket(prefix=settings.BUCKET_PREFIX)
    rules = BucketRules(
        versioning=settings.BUCKET_VERSIONING, events_queue_arn=settings.EVENTS_QUEUE_ARN if told else ""
    )
    return objects.set_up(bucket, rules=rules, dry_run=dry_run)
