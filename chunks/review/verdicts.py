"""Whether a text is released, by what was decided until now.

Owns: the order of the rules. What a person said of the text goes first; then whether all of its recording was released
as it came in; then the patterns of the lab, which never release a text that has a mark: that stays for a person.
"""

import re
from contextlib import suppress
from enum import Enum
from functools import cached_property

from django.conf import settings

from chunks.annotations import read_beginning
from chunks.errors import AnnotationsUnreadable
from chunks.format.keys import withheld_bucket, withheld_key
from chunks.review.lab_names import read_lab_names
from chunks.review.marks import is_marked
from chunks.review.names import Names
from chunks.review.patterns import Pattern, parse_pattern
from chunks.review.tables import ReleasePattern, TextVerdict, Verdict
from people.identity import keyed_hash
from storage.errors import BucketMissing, ObjectMissing
from storage.objects import Objects

_WORDS = re.compile(r"[^\W\d_]+|\S*\d\S*")


class Standing(Enum):
    TO_REVIEW = "to review"
    RELEASED = "released"
    BY_PATTERN = "released by a pattern"
    WITH_ALL = "released with all of its recording"
    KEPT = "kept withheld"

    @property
    def is_out(self) -> bool:
        return self not in {Standing.TO_REVIEW, Standing.KEPT}


def text_hash(text: str, *, patient: str) -> str:
    """The opaque name of a text of a patient, under which it is decided on and asked for."""
    return keyed_hash(text.strip(), purpose="annotation", patient=patient)


def withheld_recordings(objects: Objects, *, patient: str) -> list[str]:
    """The names of the recordings of which texts are withheld."""
    folder = f"{patient.lower()}/"
    try:
        found = objects.folders(withheld_bucket(prefix=settings.BUCKET_PREFIX), prefix=folder)
        return [each.removeprefix(folder) for each in found]
    except BucketMissing:
        return []


class MarkedNames:
    """The names to mark in one patient's texts; read when they are first asked for, and once."""

    def __init__(self, objects: Objects, *, patient: str) -> None:
        self._objects = objects
        self._patient = patient

    @cached_property
    def names(self) -> Names:
        """The lab's, and those of the headers of all of the patient's recordings."""
        lab = (word for name in read_lab_names(self._objects)[0] for word in _WORDS.findall(name))
        persons = [words for words in self.of_headers.values() if words]
        return Names([*lab, *(word for words in persons for word in words)], persons=persons)

    @cached_property
    def of_headers(self) -> dict[str, tuple[str, ...] | None]:
        """The words of each recording's header; None where it was taken in before they were kept."""
        bucket = withheld_bucket(prefix=settings.BUCKET_PREFIX)
        found: dict[str, tuple[str, ...] | None] = {}
        for recording in withheld_recordings(self._objects, patient=self._patient):
            with suppress(ObjectMissing, AnnotationsUnreadable):
                key = withheld_key(self._patient, recording)
                found[recording] = read_beginning(self._objects, bucket=bucket, key=key).words
        return found


class Verdicts:
    """What holds for the texts of one patient; read once, when it is made."""

    def __init__(self, marked: MarkedNames, *, patient: str) -> None:
        self._marked = marked
        self._patient = patient
        rows = TextVerdict.objects.filter(patient=patient).values_list("text_hash", "verdict")
        self._by_text: dict[str, str] = dict(rows)
        self.patterns: tuple[Pattern, ...] = tuple(
            parse_pattern(text)
            for text in ReleasePattern.objects.filter(revoked_at__isnull=True)
            .order_by("pk")
            .values_list("pattern", flat=True)
        )
        self._by_first_word: dict[str, list[Pattern]] = {}
        for pattern in self.patterns:
            self._by_first_word.setdefault(pattern.first_word, []).append(pattern)
        self._known: dict[tuple[str, bool], Standing] = {}

    def standing(self, text: str, *, with_all: bool) -> Standing:
        """Of one text. `with_all`: all of its recording was released as it came in."""
        key = (text.strip(), with_all)
        if key not in self._known:
            self._known[key] = self._judged(text, with_all=with_all)
        return self._known[key]

    def _judged(self, text: str, *, with_all: bool) -> Standing:
        said = self._by_text.get(text_hash(text, patient=self._patient)) if self._by_text else None
        if said is not None:
            return Standing.RELEASED if said == Verdict.RELEASED else Standing.KEPT
        if with_all:
            return Standing.WITH_ALL
        return Standing.BY_PATTERN if self._by_pattern(text) else Standing.TO_REVIEW

    def _by_pattern(self, text: str) -> bool:
        first = (text.casefold().split() or [""])[0]
        candidates = (*self._by_first_word.get(first, ()), *self._by_first_word.get("", ()))
        return any(pattern.matches(text) for pattern in candidates) and not is_marked(text, names=self._marked.names)
