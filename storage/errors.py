"""What can go wrong between us and a store of objects: one class for each thing a person does differently.

Owns the sentences people read. They name bucket and key and never quote a server's answer, an address with a query or
a header: those hold signatures. Imports nothing of ours.
"""

from typing import ClassVar


class StorageError(Exception):
    """The store did not do what was asked. All others derive from it; it itself is an answer no rule foresaw.

    `bucket`, `key` (empty where it is not about one) and `detail` are kept apart for those who act on them.
    """

    sentence: ClassVar[str] = "The object store failed at {what}: {detail}. Try again; if it stays, tell your IT."

    def __init__(self, bucket: str = "", *, key: str = "", detail: str = "") -> None:
        super().__init__(bucket)
        self.bucket = bucket
        self.key = key
        self.detail = detail

    def __str__(self) -> str:
        return self.sentence.format(what=self._what(), bucket=repr(self.bucket), detail=self.detail)

    def _what(self) -> str:
        if self.key:
            return f"object {self.key!r} of bucket {self.bucket!r}"
        return f"bucket {self.bucket!r}" if self.bucket else "the store"


class ObjectMissing(StorageError):
    """No object has this key (the bucket exists)."""

    sentence = "There is no {what}. It may have been removed or not be written yet: look at what the bucket holds."


class BucketMissing(StorageError):
    """The bucket is not there. Nothing may be concluded about objects: the name or the place may be wrong."""

    sentence = (
        "There is no bucket {bucket}. Add the patient (manage.py add_patient), "
        "or correct the place of the objects in ECOG_OBJECTS_URL."
    )


class ObjectExists(StorageError):
    """A create-only put found the key taken."""

    sentence = "There already is {what}, and it is not overwritten. Read it, or choose another name."


class ObjectChanged(StorageError):
    """The object is no longer the one with the ETag that was asked for."""

    sentence = "Since it was looked at, {what} was replaced. Start again from the new one."


class WriteConflict(StorageError):
    """Somebody else was writing the same key in the same moment."""

    sentence = "Somebody else is writing {what} at this very moment. Try again."


class RangeOutside(StorageError):
    """The first byte asked for lies at or beyond the object's end."""

    sentence = "The bytes asked for lie beyond the end of {what}: {detail}. It may be cut off; check its size."


class SizeDiffers(StorageError):
    """A body was longer or shorter than its writer had said; nothing was stored."""

    sentence = "What was to become {what} has another size than announced ({detail}); nothing was stored."


class TransferDamaged(StorageError):
    """The bytes that arrived are not those that were sent: a checksum disagrees."""

    sentence = "The bytes of {what} were damaged on the way ({detail}). Try again; if it stays, check the network."


class KeyUnusable(StorageError):
    """This key cannot be an object here."""

    sentence = "This cannot be an object's key: {what}: {detail}. Choose another name."


class BucketUnusable(StorageError):
    """This name breaks the rules for buckets."""

    sentence = (
        "{bucket} cannot be a bucket's name: {detail}. Correct ECOG_BUCKET_PREFIX or ECOG_SESSIONS_BUCKET "
        "(3 to 63 of a-z, 0-9, hyphen and dot)."
    )


class BucketTaken(StorageError):
    """The name belongs to another account: bucket names are unique in the whole world."""

    sentence = (
        "The bucket name {bucket} belongs to somebody else: names are unique in the whole world. "
        "Choose your own with ECOG_BUCKET_PREFIX and ECOG_SESSIONS_BUCKET."
    )


class AccessDenied(StorageError):
    """The store answers and refuses. The object may exist or not."""

    sentence = "Access to {what} is denied{detail}. Ask whoever looks after the store for the right."


class CredentialsExpired(StorageError):
    """Temporary credentials have run out."""

    sentence = "The credentials for {what} have expired. Sign in again (for example: aws sso login) and repeat."


class CredentialsUnusable(StorageError):
    """There are no credentials, or the store does not know them."""

    sentence = "There are no usable credentials for {what}: {detail}. Check AWS_PROFILE or the role of this machine."


class WrongRegion(StorageError):
    """The bucket lives in another region than the one addressed."""

    sentence = "The region is wrong for {what}{detail}. Correct region= in ECOG_OBJECTS_URL."


class StoreUnreachable(StorageError):
    """No connection, a time-out, or a server too busy; retries were made. Nothing may be concluded about objects."""

    sentence = "The store does not answer for {what}: {detail}. Check the network and ECOG_OBJECTS_URL, then try again."


class StoreFull(StorageError):
    """No room left, or a quota is used up; nothing was stored."""

    sentence = "There is no room left for {what}: {detail}. Free some, then start again."


class ClockWrong(StorageError):
    """This machine's clock and the store's differ by more than a quarter of an hour, so no signature is believed."""

    sentence = "The clock of this machine is wrong, so the store refuses {what}. Set the clock (chronyc makestep)."


class ObjectArchived(StorageError):
    """The object is in an archive class and must be restored before it can be read."""

    sentence = (
        "To be read, {what} must first be restored from the archive, which takes hours. "
        "A data manager asks for it with manage.py restore_objects and the words of this search."
    )


class RestoreRefused(StorageError):
    """The object lies in an archive that does not give it back in this way."""

    sentence = "The restore of {what} cannot be asked for like this: {detail}."


class StorageClassUnusable(StorageError):
    """The store has no such storage class; nothing was stored."""

    sentence = "The store does not have the storage class that {what} is to lie in. Set ECOG_STORAGE_CLASS=STANDARD."


class EventsQueueRefused(StorageError):
    """S3 does not accept the queue that a bucket's events are to go to, or another entry is in the way."""

    sentence = (
        "The events of bucket {bucket} cannot go to the queue {detail}. See that ECOG_EVENTS_QUEUE_ARN is right, that "
        "the queue is in the bucket's region and lets s3.amazonaws.com send to it, and that no other notification of "
        "the bucket asks for the same keys."
    )


class NotKnownThere(StorageError):
    """The server speaks S3's protocol but not this part of it."""

    sentence = "The server does not know how to do this for {what} ({detail}): only S3 itself knows all of it."


class UrlUnusable(StorageError):
    """A place for objects is not written as `open_objects` understands it. The place itself is not repeated."""

    sentence = "The place of the objects (ECOG_OBJECTS_URL) is not understood: {detail}."
