"""The texts of a patient, equal ones together, as they are read for whoever reviews them.

Owns: how they are gathered from the withheld objects, at the time of the request: nothing of it is kept anywhere. In
memory are the different texts; each is known outside by its hash alone.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings

from chunks.annotations import open_withheld
from chunks.errors import AnnotationsUnreadable
from chunks.format.keys import patient_bucket
from chunks.review.marks import Part, kinds, parts
from chunks.review.names import Names
from chunks.review.publish import is_released_as_a_whole
from chunks.review.verdicts import MarkedNames, Standing, Verdicts, text_hash, withheld_recordings
from storage.errors import ObjectMissing
from storage.objects import Objects


@dataclass
class Group:
    """One text: how often it stands in how many recordings, and where first."""

    text: str = field(repr=False)
    hash: str
    standing: Standing
    recording: str
    first: datetime | None
    channel: str
    count: int = 0
    recordings: set[str] = field(default_factory=set)
    parts: tuple[Part, ...] = field(default=(), repr=False)

    @property
    def kinds(self) -> tuple[str, ...]:
        """What is marked in it, in words."""
        return tuple(kind.words for kind in kinds(self.parts))

    @property
    def marked(self) -> bool:
        return any(part.kind for part in self.parts)


@dataclass(frozen=True, kw_only=True)
class Gathered:
    """All texts of a patient.

    unreadable: recordings whose withheld object cannot be read; without_words: those whose header's names are not
    known, since they were taken in before these were kept.
    """

    groups: tuple[Group, ...]
    recordings: int
    unreadable: tuple[str, ...]
    without_words: int
    names: Names

    def counts(self) -> Counter[Standing]:
        return Counter(group.standing for group in self.groups)


def gather(objects: Objects, *, patient: str) -> Gathered:
    """Reads them; the marks of each are found here too. The caller has checked that the patient may be reviewed."""
    marked = MarkedNames(objects, patient=patient)
    verdicts = Verdicts(marked, patient=patient)
    bucket = patient_bucket(patient, prefix=settings.BUCKET_PREFIX)
    groups: dict[tuple[str, Standing], Group] = {}
    recordings = withheld_recordings(objects, patient=patient)
    unreadable = []
    for recording in recordings:
        with_all = is_released_as_a_whole(objects, bucket=bucket, recording=recording)
        try:
            beginning, noted = open_withheld(objects, patient=patient, recording=recording)
            for each in noted:
                standing = verdicts.standing(each.text, with_all=with_all)
                # A text of which nothing is decided may be out in one recording and withheld in the next.
                key = (each.text.strip(), standing)
                group = groups.get(key)
                if group is None:
                    group = groups[key] = Group(
                        text=key[0],
                        hash=text_hash(key[0], patient=patient),
                        standing=standing,
                        recording=recording,
                        first=_moment(beginning.origin, onset_us=each.onset_us),
                        channel=each.channel or "",
                    )
                group.count += 1
                group.recordings.add(recording)
        except (AnnotationsUnreadable, ObjectMissing):
            unreadable.append(recording)
    for group in groups.values():
        group.parts = parts(group.text, names=marked.names)
    return Gathered(
        groups=tuple(sorted(groups.values(), key=lambda group: (-group.count, group.text))),
        recordings=len(recordings),
        unreadable=tuple(unreadable),
        without_words=sum(words is None for words in marked.of_headers.values()),
        names=marked.names,
    )


def _moment(origin: datetime, *, onset_us: int) -> datetime | None:
    try:
        return origin + timedelta(microseconds=onset_us)
    except OverflowError:
        return None
