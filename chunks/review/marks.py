"""What in a text may say who somebody is, or when it was: what the review shows marked, and no pattern releases.

Owns: the kinds of marks and how each is found. A mark is a hint for a person: it errs on the side of marking, and a
text without any may still name somebody. Every search is linear in the text. Plain Python.
"""

import re
import unicodedata
from dataclasses import dataclass
from enum import IntEnum
from itertools import groupby

from chunks.review.names import Likeness, Names, folded


class Kind(IntEnum):
    """In the order in which they give way to each other: the last is shown where two overlap."""

    PRONOUN = 1
    NEARLY = 2
    NUMBER = 3
    DATE = 4
    ADDRESS = 5
    PERSON = 6
    NAME = 7

    @property
    def words(self) -> str:
        return _WORDS[self]


_WORDS = {
    Kind.PRONOUN: "pronoun",
    Kind.NUMBER: "phone or long number",
    Kind.DATE: "date",
    Kind.ADDRESS: "e-mail or web address",
    Kind.PERSON: "title or relation",
    Kind.NEARLY: "nearly a name",
    Kind.NAME: "name",
}


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a text; `kind` is None where it is not marked."""

    text: str
    kind: Kind | None


_MONTH = (
    r"(?:jan(?:uary|uar|vier|\.)?|feb(?:ruary|ruar|\.)?|f[ée]v(?:rier|\.)?|mar(?:ch|s|\.)?|märz|mrz|apr(?:il|\.)?|avr(?:il|\.)?"
    r"|may|mai|mayo|june?|juni|juin|july?|juli|juillet|aug(?:ust|\.)?|août|sept?(?:ember|\.)?|o[ck]t(?:ober|\.)?"
    r"|nov(?:ember|\.)?|de[cz](?:ember|\.)?)(?![^\W\d_])"
)
_GAP = r"[\s,.'/-]{0,3}"
_NOT_A_UNIT = r"(?!\s?(?:hz|khz|ms|µv|μv|uv|mv|µa|ua|ma|ohm|kohm|s|sec|min)\b)"
_DATES = (
    r"(?<![\d.])\d{1,4}\s?[-/.]\s?\d{1,2}\s?[-/.]\s?\d{1,4}(?!\d)",
    rf"(?<!\d)\d{{1,2}}(?:st|nd|rd|th)?{_GAP}(?:of\s)?{_MONTH}(?:{_GAP}(?<!\d)\d{{2,4}}(?!\d))?",
    rf"(?<![^\W_]){_MONTH}{_GAP}(?:\d{{1,2}}(?!\d)(?:st|nd|rd|th)?(?:{_GAP}(?<!\d)\d{{4}}(?!\d))?|\d{{4}}(?!\d))",
    r"(?<!\d)(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?!\d)",
    r"(?<![\d.,/])(?:0?[1-9]|[12]\d|3[01])\s?/\s?(?:0?[1-9]|[12]\d|3[01])(?![\d/])",
    r"(?<![\d.,])(?:0?[1-9]|[12]\d|3[01])\.\s?(?:0?[1-9]|1[0-2])\.(?!\d)",
    rf"(?<![\d.,])(?:19|20)\d\d(?![\d.,]\d|\d){_NOT_A_UNIT}",
    r"\b(?:mon|tues|wednes|thurs|fri|satur|sun)days?\b|\b(?:montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag)s?\b",
    r"\bd\.?o\.?b\b\.?|\bborn\b|\bbirth(?:day|date)?\b|\bgeb(?:oren|urtstag)?\b\.?",
)
_NUMBERS = (
    r"(?<![\w.])\+?\(?\d(?:[\s().\-/]{0,3}\d){6,14}",
    r"\d{5,}",
    r"\b(?:ext|extension|tel|telefon|phone|pager|beeper|mobile|cell|fax|call|durchwahl|handy|room|rm|zimmer)\b[\s.:#]{0,3}\d{3,}",
)
_ADDRESSES = (
    r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}",
    r"(?:https?://|www\.)\S{1,300}",
)
_NAME_AFTER = r"(?:[\s,:]{1,3}(?-i:[A-ZÀ-ÖØ-Þ])[\w'’-]{1,30}){0,2}"
_NAME_MUST_FOLLOW = r"[\s.,:]{1,3}(?-i:[A-ZÀ-ÖØ-Þ])[\w'’-]{1,30}"
_PERSONS = (
    r"\b(?:drs?|doctor|doktor|prof|professor|mr|mrs|mister|nurse|frau|herrn?|schwester|pfleger|arzt|ärztin)\b"
    rf"\.?{_NAME_AFTER}",
    r"\b(?:ms|miss|sir|madam|fr|hr|m|mme|mlle|sr|sra|rn|md|np|pa|tech|technician|named|called|name is|aka|by)"
    rf"{_NAME_MUST_FOLLOW}",
    r"\b(?:mother|father|mum|mom|mama|dad|papa|wife|husband|spouse|partner|boyfriend|girlfriend|fianc[ée]e?|son|daughter"
    r"|child|brother|sister|sibling|parents?|aunt|uncle|cousin|niece|nephew|grand(?:mother|father|ma|pa|son|daughter)"
    rf"|mutter|vater|ehefrau|ehemann|mann|sohn|tochter|bruder|eltern|oma|opa|tante|onkel)(?:'s|s)?\b{_NAME_AFTER}",
)
_PRONOUNS = (
    r"\b(?:he|she|him|her|hers|his|himself|herself|s/he|elle|él|ella|sie|ihm|ihn|ihr|ihre[mnrs]?|seine?[mnrs]?)\b",
    r"\b(?-i:[Ee]r)\b",  # not `ER`, the emergency room
)


# Each form is looked for by itself: of two that overlap, both are marked.
_FORMS = tuple(
    (kind, re.compile(form, re.IGNORECASE), r"\d" in form)
    for kind, forms in (
        (Kind.PRONOUN, _PRONOUNS),
        (Kind.NUMBER, _NUMBERS),
        (Kind.DATE, _DATES),
        (Kind.ADDRESS, _ADDRESSES),
        (Kind.PERSON, _PERSONS),
    )
    for form in forms
)
_DIGIT = re.compile(r"\d")
_WORD = re.compile(r"[^\W\d_]+")
_INITIALS = re.compile(r"(?<![^\W_])([^\W\d_a-zß-öø-ÿ])\.?\s?([^\W\d_a-zß-öø-ÿ])(?![^\W_])\.?")
_HUMP = re.compile(r"(?<=[^\W\d_A-ZÀ-ÖØ-Þ])(?=[A-ZÀ-ÖØ-Þ])")


def shown_text(text: str) -> str:
    """The text as it is looked through and shown: one form for each character, without those that do not show."""
    if text.isascii():
        return text
    return "".join(each for each in unicodedata.normalize("NFKC", text) if unicodedata.category(each) != "Cf")


def parts(text: str, *, names: Names) -> tuple[Part, ...]:
    """`shown_text` of the text in pieces, the marked ones with what they may be."""
    shown = shown_text(text)
    paint = _painted(shown, names=names)
    if not any(paint):
        return (Part(shown, None),) if shown else ()
    return tuple(
        Part("".join(shown[place] for place in places), Kind(kind) if kind else None)
        for kind, run in groupby(range(len(shown)), key=paint.__getitem__)
        for places in [tuple(run)]
    )


def is_marked(text: str, *, names: Names) -> bool:
    return any(_painted(shown_text(text), names=names))


def kinds(marked: tuple[Part, ...]) -> tuple[Kind, ...]:
    """The kinds of marks in it, each once, the weightiest first."""
    return tuple(sorted({part.kind for part in marked if part.kind}, reverse=True))


def _painted(text: str, *, names: Names) -> bytearray:
    """The kind of mark at each character, 0 for none."""
    paint = bytearray(len(text))
    has_digit = _DIGIT.search(text) is not None
    for kind, form, needs_digit in _FORMS:
        if needs_digit and not has_digit:
            continue
        for found in form.finditer(text):
            _paint(paint, found.start(), found.end(), kind=kind)
    if names:
        for found in _WORD.finditer(text):
            _paint_word(paint, found[0], found.start(), names=names)
        for found in _INITIALS.finditer(text):
            if names.has_initials(found[1] + found[2]):
                _paint(paint, found.start(), found.end(), kind=Kind.NEARLY)
        _paint_codes(paint, text, names=names)
    return paint


def _paint_word(paint: bytearray, word: str, start: int, *, names: Names) -> None:
    """A word, and in `MarySmith` each of its parts."""
    humps = _HUMP.split(word)
    places = [(word, start)]
    for hump in humps if len(humps) > 1 else []:
        places.append((hump, start))
        start += len(hump)
    for each, place in places:
        if (like := names.like(each)) is not Likeness.NO:
            kind = Kind.NAME if like is Likeness.SAME else Kind.NEARLY
            _paint(paint, place, place + len(each), kind=kind)


def _paint_codes(paint: bytearray, text: str, *, names: Names) -> None:
    fold = folded(text) if names.codes else ""
    if len(fold) != len(text):
        fold = text.lower() if len(text.lower()) == len(text) else text
    for code in names.codes:
        place = fold.find(code)
        while place >= 0:
            _paint(paint, place, place + len(code), kind=Kind.NAME)
            place = fold.find(code, place + len(code))


def _paint(paint: bytearray, start: int, stop: int, *, kind: Kind) -> None:
    paint[start:stop] = bytes(max(kind, each) for each in paint[start:stop])
