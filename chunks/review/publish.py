"""Makes the public `annotations.json` say what was decided, from the withheld object.

Owns: that this may be killed anywhere and done again, by whoever and as often as one likes: what is written depends on
the withheld object and on what is decided alone, a decision that comes meanwhile is seen, and an object that says it
already is left alone (so a bundle under way is not disturbed). Rows follow, at once where the headers database is
awake, else by `reindex`.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence

from django.conf import settings
from django.db.models import F

from chunks.annotations import RELEASED, SOME, WITHHELD, open_withheld, public_form, put_withheld, read_beginning
from chunks.edf.reader import Edf
from chunks.errors import AnnotationsUnreadable
from chunks.format.keys import annotations_key, patient_bucket
from chunks.headers_db.errors import HeadersUnavailable
from chunks.plan import Plan
from chunks.review.errors import ReviewRefused
from chunks.review.header_words import header_words
from chunks.review.released_rows import index_released
from chunks.review.tables import ReleasePattern, ReviewState
from chunks.review.verdicts import MarkedNames, Verdicts, withheld_recordings
from people.scope import Scope
from storage.errors import BucketMissing, ObjectMissing
from storage.objects import Objects

LOOKS = 10
Told = Callable[[str], None]


def put_annotations(edf: Edf, plan: Plan, *, objects: Objects, released: bool) -> None:
    """Of a recording that is taken in: the withheld texts first, then the public object.

    `released`: all of its texts are, but those of which a person has said that they are kept. Else those that are
    released already: by a pattern, or since the same text of the patient is.
    """
    words = header_words(edf.header)
    new_words = _are_new(words, objects=objects, patient=plan.patient)
    put_withheld(edf, plan, objects=objects, words=words)
    if new_words:
        touch([plan.patient])
    publish(objects, patient=plan.patient, bucket=plan.bucket, recording=plan.recording, released=released)


def publish(
    objects: Objects,
    *,
    patient: str,
    bucket: str,
    recording: str,
    released: bool = False,
    marked: MarkedNames | None = None,
) -> None:
    """Makes the public object of one recording say what is decided now. Raises `AnnotationsUnreadable`, `ObjectMissing`
    where nothing is withheld, and `ReviewRefused` where decisions come faster than they can be followed."""
    for _ in range(LOOKS):
        wanted = _wanted(patient)
        with_all = released or is_released_as_a_whole(objects, bucket=bucket, recording=recording)
        verdicts = Verdicts(marked or MarkedNames(objects, patient=patient), patient=patient)
        _write(objects, verdicts, patient=patient, bucket=bucket, recording=recording, with_all=with_all)
        if _wanted(patient) == wanted:
            _index(objects, bucket=bucket, recording=recording)
            return
    raise ReviewRefused(f"The texts of patient {patient} are being decided on again and again. Publish them later.")


def publish_patient(objects: Objects, *, patient: str, told: Told = lambda _note: None) -> int:
    """Makes the public objects of all of a patient's recordings say what is decided; how many recordings there are.

    A recording that is being taken in is left to whoever does that, who asks what is decided as the last thing. Where
    texts cannot be read, the other recordings are done first; then `AnnotationsUnreadable` is raised.
    """
    bucket = patient_bucket(patient, prefix=settings.BUCKET_PREFIX)
    wanted = _wanted(patient)
    recordings = withheld_recordings(objects, patient=patient)
    marked = MarkedNames(objects, patient=patient)
    unreadable: AnnotationsUnreadable | None = None
    for place, recording in enumerate(recordings, 1):
        told(f"patient {patient}: recording {place} of {len(recordings)}")
        try:
            objects.head(bucket, annotations_key(recording))
            publish(objects, patient=patient, bucket=bucket, recording=recording, marked=marked)
        except (ObjectMissing, BucketMissing):
            continue
        except AnnotationsUnreadable as error:
            unreadable = error
    if unreadable:
        raise unreadable
    ReviewState.objects.filter(patient=patient, published__lt=wanted).update(published=wanted)
    return len(recordings)


def touch(patients: Iterable[str]) -> None:
    """Says that something was decided that touches these patients; in the transaction of that decision."""
    for patient in patients:
        ReviewState.objects.get_or_create(patient=patient)
        ReviewState.objects.filter(patient=patient).update(wanted=F("wanted") + 1)


def behind(*, scope: Scope) -> list[str]:
    """The patients of the scope whose public objects do not say yet what is decided."""
    late = ReviewState.objects.filter(published__lt=F("wanted")).values_list("patient", flat=True)
    return scope.visible(late)


def is_released_as_a_whole(objects: Objects, *, bucket: str, recording: str) -> bool:
    """Whether all of its texts were released as it came in. One that is not there is not."""
    try:
        return read_beginning(objects, bucket=bucket, key=annotations_key(recording)).texts == RELEASED
    except (ObjectMissing, BucketMissing, AnnotationsUnreadable):
        return False


def _are_new(words: Sequence[str], *, objects: Objects, patient: str) -> bool:
    """Whether a pattern may have released, in her other recordings, a name that only this header tells."""
    if not words or not ReleasePattern.objects.filter(revoked_at__isnull=True).exists():
        return False
    known = {word for each in MarkedNames(objects, patient=patient).of_headers.values() for word in each or ()}
    return not known.issuperset(words)


def _wanted(patient: str) -> int:
    return ReviewState.objects.filter(patient=patient).values_list("wanted", flat=True).first() or 0


def _write(objects: Objects, verdicts: Verdicts, *, patient: str, bucket: str, recording: str, with_all: bool) -> None:
    def is_out(text: str) -> bool:
        return verdicts.standing(text, with_all=with_all).is_out

    if with_all:
        texts = RELEASED
    else:
        _, noted = open_withheld(objects, patient=patient, recording=recording)
        texts = SOME if any(is_out(each.text) for each in noted) else WITHHELD

    def form() -> Iterator[bytes]:
        return public_form(objects, patient=patient, recording=recording, texts=texts, is_out=is_out)

    key = annotations_key(recording)
    if _digest(form()) != _digest_of(objects, bucket=bucket, key=key):
        objects.put(bucket, key, form())


def _digest(pieces: Iterable[bytes]) -> bytes:
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return digest.digest()


def _digest_of(objects: Objects, *, bucket: str, key: str) -> bytes:
    try:
        return _digest(objects.stream(bucket, key))
    except (ObjectMissing, BucketMissing):
        return b""


def _index(objects: Objects, *, bucket: str, recording: str) -> None:
    try:
        index_released(objects, bucket=bucket, recording=recording)
    except HeadersUnavailable:
        return  # `reindex` writes them when it answers again
