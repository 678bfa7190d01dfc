"""Names to be found in what people noted: in any case, without accents or spelled for them, and with one typo.

Owns: when a word is one of them or nearly one, and when two letters are somebody's initials. Plain Python; no name
shows in a `repr`.
"""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from enum import Enum
from itertools import pairwise

MIN_LETTERS = 2
MAX_LETTERS = 60
TYPO_LETTERS = 4


# As people write where a keyboard, or a recorder, lacks the letter: `Mueller`, `Soerensen`.
_SPELLED = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d"}
)


class Likeness(Enum):
    NO = 0
    NEARLY = 1
    SAME = 2


def folded(text: str) -> str:
    """In lower case and without accents, so that `Müller`, `MÜLLER` and `Muller` are equal."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(each for each in plain if not unicodedata.combining(each))


class Names:
    """Names and codes that are looked for. Many words are asked about: each is worked out once.

    `persons`: the words of one header each, of which those beside each other may be somebody's names.
    """

    def __init__(self, words: Iterable[str], *, persons: Iterable[Sequence[str]] = ()) -> None:
        cut = [unicodedata.normalize("NFC", word[:MAX_LETTERS]) for word in words]
        folds = {folded(form) for word in cut for form in (word, word.casefold().translate(_SPELLED))}
        self._initials = {initials for person in persons for initials in _initials(person)}
        self._whole = {word for word in folds if len(word) >= MIN_LETTERS and word.isalpha()}
        self.codes = tuple(sorted(word for word in folds if not word.isalpha() and len(word) >= TYPO_LETTERS))
        # Two words are one typo apart where one of them, or one with a letter left out, is equal to such a form of the
        # other: that finds few, and these are compared.
        self._near: dict[str, set[str]] = {}
        for word in self._whole:
            if len(word) >= TYPO_LETTERS:
                for form in _forms(word):
                    self._near.setdefault(form, set()).add(word)
        self._known: dict[str, Likeness] = {}

    def __bool__(self) -> bool:
        return bool(self._whole or self.codes)

    def has_initials(self, two: str) -> bool:
        """Whether the two letters are those with which two names of a person begin, in either order."""
        return folded(two) in self._initials

    def like(self, word: str) -> Likeness:
        """Whether a word of letters is one of the names or, both of four letters and more, one typo away from one."""
        if len(word) > MAX_LETTERS:
            return Likeness.NO
        fold = folded(word)
        if fold not in self._known:
            self._known[fold] = self._compared(fold)
        return self._known[fold]

    def _compared(self, fold: str) -> Likeness:
        if fold in self._whole:
            return Likeness.SAME
        if len(fold) >= TYPO_LETTERS:
            near = (name for form in _forms(fold) for name in self._near.get(form, ()))
            if any(one_typo(fold, name) for name in near):
                return Likeness.NEARLY
        return Likeness.NO


def one_typo(one: str, other: str) -> bool:
    """Whether one letter more, less, exchanged or swapped with the next makes one of the other."""
    short, long = sorted((one, other), key=len)
    if len(long) - len(short) > 1:
        return False
    same = next((place for place, (a, b) in enumerate(zip(short, long, strict=False)) if a != b), len(short))
    if len(short) < len(long):
        return short[same:] == long[same + 1 :]
    if short[same + 1 :] == long[same + 1 :]:
        return short != long
    swapped = long[same + 1 : same + 2] + long[same : same + 1]
    return short[same : same + 2] == swapped and short[same + 2 :] == long[same + 2 :]


def _initials(person: Sequence[str]) -> Iterator[str]:
    names = [fold for fold in map(folded, person) if fold.isalpha()]
    for one, other in pairwise(names):
        yield from (one[0] + other[0], other[0] + one[0])


def _forms(word: str) -> Iterator[str]:
    yield word
    for place in range(len(word)):
        yield word[:place] + word[place + 1 :]
