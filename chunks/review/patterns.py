"""Patterns that release texts for a whole lab: words, with `#` for a number and `*` for one word that is no name.

Owns: their language. A pattern is the whole text, in any case, blanks between words counted once. A wildcard never
reaches beyond its word, `#` is at most four digits (and three after a comma), and `*` is only a word that cannot be a
name: with a digit in it and at most four letters in a row, such as an electrode's label, or of one character, or a
place of the midline (`Cz`). So a text is compared word by word, in time that its length bounds. Plain Python.
"""

import re
from dataclasses import dataclass, field

from chunks.review.errors import PatternRefused
from chunks.review.marks import shown_text

MAX_CHARACTERS = 200
MIN_LETTERS = 3
MAX_NUMBERS = 6
NUMBER = "#"
WORD = "*"
_NUMBER_FORM = r"[0-9]{1,4}(?:[.,][0-9]{1,3})?"
_NUMBER_AND_DIGIT = re.compile(r"#[#0-9]|[0-9]#|#[.,][#0-9]|[0-9][.,]#")
_NO_NAME = re.compile(r"(?=\D{0,24}\d)(?!.*[^\W\d_]{5})\S{1,24}|\S[^\w\s]?|(?:fp|af|f|fc|c|cp|p|po|o)z")


@dataclass(frozen=True)
class Pattern:
    """A pattern in its one form; equal ones are equal."""

    text: str
    _words: tuple[re.Pattern[str], ...] = field(repr=False, compare=False)

    def matches(self, text: str) -> bool:
        """Whether it is the whole text."""
        words = _words_of(text)
        return len(words) == len(self._words) and all(
            form.fullmatch(word) for form, word in zip(self._words, words, strict=True)
        )

    @property
    def first_word(self) -> str:
        """The word that a text must begin with; empty where it is a wildcard."""
        word = self.text.split()[0]
        return "" if NUMBER in word or WORD in word else word

    @property
    def literal(self) -> str:
        """The pattern without its wildcards."""
        return self.text.replace(NUMBER, " ").replace(WORD, " ")


def parse_pattern(text: str) -> Pattern:
    """The pattern that a person wrote; raises `PatternRefused`."""
    words = _words_of(text)
    pattern = " ".join(words)
    if not words or len(pattern) > MAX_CHARACTERS:
        raise PatternRefused(f"A pattern has 1 to {MAX_CHARACTERS} characters; this one has {len(pattern)}.")
    if any(WORD in word and word != WORD for word in words):
        raise PatternRefused("A * stands for a whole word: put blanks around it. For a number in a word write #.")
    if any(_NUMBER_AND_DIGIT.search(word) or word.count(NUMBER) > MAX_NUMBERS for word in words):
        raise PatternRefused("A # stands for a whole number: no digit and no other # may touch it.")
    if sum(map(str.isalpha, pattern)) < MIN_LETTERS:
        raise PatternRefused(
            f"This pattern would release almost any text: it needs at least {MIN_LETTERS} letters beside * and #."
        )
    return Pattern(pattern, tuple(map(_form, words)))


def _form(word: str) -> re.Pattern[str]:
    if word == WORD:
        return _NO_NAME
    return re.compile(_NUMBER_FORM.join(map(re.escape, word.split(NUMBER))))


def _words_of(text: str) -> list[str]:
    return shown_text(text).casefold().split()
