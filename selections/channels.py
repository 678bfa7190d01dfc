"""Words for channels: read, spelled in their one canonical form, and held against the labels of a recording.

    LTG1        a label. The label spelled exactly so wins in each recording; else case, blanks, leading zeros, the
                prefixes EEG, POL, ECG, SEEG and an ending -Ref do not matter. A hyphen is part of a label: T8-P8
    LTG1..LTG8  a range: the same stem, numbers at both ends, in either order (LTG1..8 too)
    LTG*  L?1   patterns: * is any text, ? one character; held against the whole label and against it without prefix,
                leading zeros and -Ref
    5   1..16   channel numbers: the place in the recording's own header, from 1; where the patient has labels that are
                just these numbers, the labels
    "EMG, L"    in quotes: always a label, whatever characters are in it; a quote inside is written twice

A comma ends a word, unless it is in quotes. A word that cannot be read raises `WordRefused`.
Owns: the grammar of channels and what a word means. Plain Python, no database.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache

from chunks.format.row import label_norm
from selections.errors import WordRefused, shown

LENGTH_MAX = 140  # two labels of the headers table and the dots between them
CACHED = 10_000  # labels: those of many patients, since each is held against every word
_WORD = re.compile(r'\s*(?:"(?P<quoted>(?:[^"]|"")*)"\s*(?=,|\Z)|(?P<bare>[^,]*))(?:,|\Z)')
_NUMBERS = re.compile(r"(?P<first>[1-9][0-9]{0,3})(?:\.\.(?P<last>[1-9][0-9]{0,3}))?")
_ENDS_IN_NUMBER = re.compile(r"(?P<stem>.*?)(?P<number>[0-9]+)")
_STARS = re.compile(r"\*+")
_HAS_MEANING = re.compile(r'[",*?]|\.\.')

Channel = tuple[int | None, str]
"""A recording's channel: its number from 1 (None where nobody knows) and its label."""


@dataclass(frozen=True, kw_only=True)
class Label:
    text: str

    def __str__(self) -> str:
        if isinstance(_bare(self.text), Label) and not self.text.startswith('"') and "," not in self.text:
            return self.text
        return '"' + self.text.replace('"', '""') + '"'


@dataclass(frozen=True, kw_only=True)
class LabelRange:
    """Labels of one stem, as `label_norm` has it, with a number from `first` to `last` behind it."""

    stem: str
    first: int
    last: int

    def __str__(self) -> str:
        return f"{self.stem}{self.first}..{self.stem}{self.last}"


@dataclass(frozen=True, kw_only=True)
class Pattern:
    """`text` is lower case, without blanks."""

    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, kw_only=True)
class Numbers:
    first: int
    last: int

    def __str__(self) -> str:
        return str(self.first) if self.first == self.last else f"{self.first}..{self.last}"


Word = Label | LabelRange | Pattern | Numbers
EVERY = Pattern(text="*")


def words(text: str) -> list[Word]:
    """The words of one text, in its order; empty ones are left out."""
    found: list[Word] = []
    place = 0
    while place < len(text) and (match := _WORD.match(text, place)):
        place = match.end()
        if match["quoted"] is not None:
            found.append(_quoted(match["quoted"]))
        elif bare := match["bare"].strip():
            found.append(_bare_or_refused(bare))
    return found


def word(text: str) -> Word:
    """The one word that `text` is. Raises `WordRefused` where it is none or several."""
    found = words(text)
    if len(found) != 1:
        raise WordRefused(f"{shown(text)} is not one channel word.")
    return found[0]


def canonical(found: Iterable[Word]) -> tuple[str, ...]:
    """The words spelled, sorted, each once; where one of them means every channel, the empty tuple."""
    spelled = {str(each) for each in found}
    return () if str(EVERY) in spelled else tuple(sorted(spelled))


def chosen(asked: Word, channels: Sequence[Channel], *, known: Collection[str]) -> list[Channel]:
    """Those of a recording's channels that the word means, in their order.

    `known` are all labels of the patient, as written: they decide whether a number is a label.
    """
    match asked:
        case Label():
            return [each for each in channels if each[1] == asked.text] or [
                each for each in channels if asked.text and _norm(each[1]) == _norm(asked.text)
            ]
        case LabelRange():
            return [each for each in channels if _in_range(each[1], asked)]
        case Pattern():
            return [each for each in channels if _fits(each[1], asked.text)]
        case Numbers():
            if are_labels(asked, known=known):
                numbers = range(asked.first, asked.last + 1)
                return [each for each in channels if _whole(each[1]) in numbers]
            return [each for each in channels if each[0] is not None and asked.first <= each[0] <= asked.last]


def are_labels(asked: Numbers, *, known: Collection[str]) -> bool:
    """Whether numbers mean the patient's labels of just these names, not places in the header."""
    return str(asked.first) in known and str(asked.last) in known


def _bare_or_refused(text: str) -> Word:
    if text.startswith('"'):
        raise WordRefused(f"{shown(text)}: the quotation mark is not closed. Quotes go round a whole word, in pairs.")
    if len(text) > LENGTH_MAX:
        raise WordRefused(f"{shown(text)} is longer than any label: at most {LENGTH_MAX} characters.")
    found = _bare(text)
    if found is None:
        raise WordRefused(
            f"{shown(text)} is no range: both ends need the same stem and a number, such as LTG1..LTG8 or 1..16. "
            'If it is a label, put it in "quotes".'
        )
    return found


def _bare(text: str) -> Word | None:
    """What a word without quotes is; None for a range that is none."""
    if found := _NUMBERS.fullmatch(text):
        ends = sorted((int(found["first"]), int(found["last"] or found["first"])))
        return Numbers(first=ends[0], last=ends[1])
    if "*" in text or "?" in text:
        return Pattern(text=_STARS.sub("*", "".join(text.lower().split())))
    left, dots, right = text.partition("..")
    if dots and left.strip() and right.strip(". "):  # labels may be padded with dots: `C3..`
        return _range(_norm(left), _norm(right))
    return Label(text=text)


def _range(left: str, right: str) -> LabelRange | None:
    first, last = _ENDS_IN_NUMBER.fullmatch(left), _ENDS_IN_NUMBER.fullmatch(right)
    if first is None or last is None or not first["stem"] or last["stem"] not in {first["stem"], ""}:
        return None
    if _HAS_MEANING.search(first["stem"]):  # a character that became one of these by normalisation
        return None
    ends = sorted((int(first["number"]), int(last["number"])))
    return LabelRange(stem=first["stem"], first=ends[0], last=ends[1])


def _quoted(inside: str) -> Label:
    text = inside.replace('""', '"').strip()
    if not text or len(text) > LENGTH_MAX:
        raise WordRefused(f"{shown(text)} is no label: between the quotes go 1 to {LENGTH_MAX} characters.")
    return Label(text=text)


@lru_cache(maxsize=CACHED)
def _norm(label: str) -> str:
    return label_norm(label)


def _in_range(label: str, asked: LabelRange) -> bool:
    found = _ENDS_IN_NUMBER.fullmatch(_norm(label))
    return bool(found and found["stem"] == asked.stem and asked.first <= int(found["number"]) <= asked.last)


def _fits(label: str, pattern: str) -> bool:
    literal_brackets = _squeezed(pattern).replace("[", "[[]")
    return fnmatchcase(_squeezed(label), literal_brackets) or fnmatchcase(_norm(label), literal_brackets)


@lru_cache(maxsize=CACHED)
def _squeezed(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).lower().split())


def _whole(label: str) -> int:
    """The number that a label is just; 0 for any other."""
    return int(label) if _NUMBERS.fullmatch(label) and ".." not in label else 0
