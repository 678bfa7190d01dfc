"""Which tasks are meant by a name as people type it.

Owns: the rules of matching. Pure functions over names; `behavior.catalogue` knows which names the asker may see.

* Case, blanks, `_`, `-` and other separators do not matter: `tom loc`, `ToM-Loc`, `TOM_LOC` are one name (its *fold*).
* A part of a name matches (`loc`); `*` stands for any characters and `?` for one, then the whole name must match;
  `=ToM_Loc` means that name alone and no longer one.
* Several names at once are set apart by commas, semicolons or new lines, or given as several texts.
* Another name of a task (alias) finds the task with all its spellings, and so does the task's own name.
"""

import difflib
import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

NEAREST = 3
ALIKE = 0.6
KNOWN = 10_000  # names: those of all tasks, asked again with every question
_SEPARATORS = re.compile(r"[,;\n]")


@lru_cache(maxsize=KNOWN)
def fold(name: str) -> str:
    """The name without case and separators; a name of nothing but separators stays as it is."""
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return "".join(character for character in plain if character.isalnum()) or plain.strip()


def split_names(texts: Iterable[str]) -> list[str]:
    """The names in these texts, each once, in the order they were typed."""
    found = (" ".join(part.split()) for text in texts for part in _SEPARATORS.split(text))
    return list(dict.fromkeys(filter(None, found)))


class Aliases:
    """Which task each other name means; made of (alias, task)."""

    def __init__(self, pairs: Collection[tuple[str, str]] = ()) -> None:
        self._task = {fold(alias): task for alias, task in pairs if fold(alias) != fold(task)}
        self._names = [alias for alias, _ in pairs]

    def task(self, name: str) -> str:
        """The task that the name is an alias of, through several where one leads to another; else the name itself."""
        seen = {fold(name)}
        while (found := self._task.get(fold(name))) is not None and fold(found) not in seen:
            name = found
            seen.add(fold(name))
        return name

    def of(self, task: str) -> list[str]:
        """The other names of a task, as they were given."""
        return sorted({name for name in self._names if fold(self.task(name)) == fold(task) != fold(name)})


@dataclass(frozen=True, kw_only=True)
class Group:
    """One task: its name for people, and every name under which sessions of it are filed, all spellings."""

    name: str
    filed: tuple[str, ...]


def groups_of(weights: Mapping[str, int], *, aliases: Aliases) -> list[Group]:
    """The tasks among these filed names, sorted by name. Names of one fold are one task, and so are its aliases.

    A task is called as its alias says, else as most sessions (`weights`) call it.
    """
    members: dict[str, list[str]] = {}
    for name in weights:
        members.setdefault(fold(aliases.task(name)), []).append(name)
    groups = []
    for folded, names in members.items():
        own = [name for name in names if fold(name) == folded]
        told = min(own, key=lambda name: (-weights[name], name)) if own else aliases.task(names[0])
        groups.append(Group(name=told, filed=tuple(sorted(names))))
    return sorted(groups, key=lambda group: (fold(group.name), group.name))


def matching(wanted: str, groups: Sequence[Group], *, aliases: Aliases) -> list[Group]:
    """The tasks that a name as typed means."""
    matches = _matcher(wanted)
    return [group for group in groups if any(matches(fold(name)) for name in _names_of(group, aliases))]


def canonical(wanted: str) -> str:
    """The one spelling of a name as typed: names that mean the same tasks, whatever tasks there are, are equal."""
    text = wanted.strip()
    if text.startswith("="):
        return f"={fold(text[1:])}"
    if "*" in text or "?" in text:
        pieces = re.split(r"(\*+|\?)", text)
        return "".join(piece[0] if piece[:1] in {"*", "?"} else _fold_piece(piece) for piece in pieces)
    return fold(text)


def nearest(wanted: str, groups: Sequence[Group], *, aliases: Aliases) -> list[str]:
    """Names of tasks most like one that means none: "did you mean …"; best first, none that is not much alike."""
    by_fold = {fold(name): group.name for group in groups for name in _names_of(group, aliases)}
    typed = fold(wanted.lstrip("=").replace("*", "").replace("?", ""))
    # A part is often typed, so a name is compared at the typed length too.
    scores: dict[str, float] = {}
    for folded, name in by_fold.items():
        score = max(_alike(typed, folded), _alike(typed, folded[: len(typed) + 1]) - 0.1)
        scores[name] = max(score, scores.get(name, 0.0))
    good = sorted((name for name in scores if scores[name] >= ALIKE), key=lambda name: (-scores[name], name))
    return good[:NEAREST]


def _names_of(group: Group, aliases: Aliases) -> list[str]:
    return [group.name, *group.filed, *aliases.of(group.name)]


def _matcher(wanted: str) -> "_Matches":
    text = wanted.strip()
    if text.startswith("="):
        return _Exactly(fold(text[1:]))
    if "*" in text or "?" in text:
        pieces = re.split(r"([*?])", text)
        wild = {"*": ".*", "?": "."}
        return _Like("".join(wild.get(piece) or re.escape(_fold_piece(piece)) for piece in pieces))
    return _Contains(fold(text))


def _fold_piece(piece: str) -> str:
    folded = fold(piece)
    return folded if any(map(str.isalnum, folded)) else ""


def _alike(one: str, other: str) -> float:
    return difflib.SequenceMatcher(None, one, other).ratio()


@dataclass(frozen=True)
class _Exactly:
    folded: str

    def __call__(self, name: str) -> bool:
        return name == self.folded


@dataclass(frozen=True)
class _Contains:
    folded: str

    def __call__(self, name: str) -> bool:
        return bool(self.folded) and self.folded in name


class _Like:
    def __init__(self, pattern: str) -> None:
        self._pattern = re.compile(pattern, re.DOTALL)

    def __call__(self, name: str) -> bool:
        return self._pattern.fullmatch(name) is not None


_Matches = _Exactly | _Contains | _Like
