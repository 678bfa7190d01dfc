"""What a data manager decides: of texts, by their hashes; of patterns and of names to mark, for the whole lab.

Owns: who may decide, and the rows of these decisions, each written together with the word that public objects are to
follow. They are followed by `chunks.review.publish`, at once or later.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from chunks.review.errors import PatternRefused, ReviewRefused
from chunks.review.gather import Gathered
from chunks.review.lab_names import put_lab_names
from chunks.review.marks import is_marked
from chunks.review.patterns import Pattern, parse_pattern
from chunks.review.publish import touch
from chunks.review.tables import ReleasePattern, TextVerdict, Verdict
from people.scope import Scope
from storage.objects import Objects

_HASH = re.compile(r"[0-9a-f]{64}")
ROWS_AT_ONCE = 500


@dataclass(frozen=True, kw_only=True)
class Decided:
    """Of how many texts it holds; `left`: how many somebody else (`by`) has decided otherwise meanwhile, as `so`."""

    texts: int
    left: int = 0
    by: str = ""
    so: str = ""


def decide(
    hashes: Iterable[str], verdict: Verdict, *, patient: str, by: Scope, seen: frozenset[Verdict | None]
) -> Decided:
    """What holds for these texts of a patient from now on, but for those that stand otherwise than they were `seen`.

    `seen`: the verdicts, None for none, of the list that they were chosen from. What the same person has decided
    meanwhile is no news. Raises `ReviewRefused`.
    """
    if not by.allows(patient):
        raise ReviewRefused(f"There is no patient {patient!r}.")
    wanted = sorted(set(hashes))
    if not all(map(_HASH.fullmatch, wanted)):
        raise ReviewRefused("That names no text of this page. Open the page again.")
    others: list[TextVerdict] = []
    with transaction.atomic():
        if wanted:
            touch([patient])  # whoever else decides on this patient's texts waits here
        for first in range(0, len(wanted), ROWS_AT_ONCE):
            some = wanted[first : first + ROWS_AT_ONCE]
            there = TextVerdict.objects.filter(patient=patient, text_hash__in=some)
            meanwhile = [
                row
                for row in there.select_for_update()
                if row.verdict != verdict and row.verdict not in seen and row.by_name != by.by
            ]
            mine = sorted(set(some) - {row.text_hash for row in meanwhile})
            there.filter(text_hash__in=mine).delete()
            TextVerdict.objects.bulk_create(
                TextVerdict(patient=patient, text_hash=each, verdict=verdict, by_name=by.by) for each in mine
            )
            others += meanwhile
    last = max(others, key=lambda row: row.at, default=None)
    return Decided(
        texts=len(wanted) - len(others),
        left=len(others),
        by=last.by_name if last else "",
        so=last.get_verdict_display() if last else "",
    )


def acceptable(text: str, *, gathered: Gathered) -> Pattern:
    """The pattern a person wrote, where it is one that may hold for the lab. Raises `PatternRefused`.

    It must release something of the patient before whom it is written: so no row keeps what was merely typed.
    """
    pattern = parse_pattern(text)
    if is_marked(pattern.literal, names=gathered.names):
        raise PatternRefused(
            "There is a name, a date, a number or the like in this pattern, so it would never release anything: texts "
            "with such a mark stay for a person. Release those one by one."
        )
    if not any(pattern.matches(group.text) and not group.marked for group in gathered.groups):
        raise PatternRefused(
            "This pattern would release no text of this patient. Compare it with the texts: it is the whole of one, "
            "with # for a number and * for one word that cannot be a name."
        )
    return pattern


def add_pattern(pattern: Pattern, *, reason: str, by: Scope) -> bool:
    """Lets the pattern release texts of all patients from now on; False where it does already."""
    _refuse_who_sees_few(by)
    with transaction.atomic():
        if ReleasePattern.objects.filter(pattern=pattern.text, revoked_at__isnull=True).exists():
            return False
        ReleasePattern.objects.create(pattern=pattern.text, reason=reason, by_name=by.by)
        touch(sorted(by.patients))
    return True


def revoke_pattern(number: int, *, by: Scope) -> bool:
    """Ends a pattern: what it alone released is withheld again. False where it had ended."""
    _refuse_who_sees_few(by)
    with transaction.atomic():
        in_force = ReleasePattern.objects.filter(pk=number, revoked_at__isnull=True)
        if not in_force.update(revoked_at=timezone.now(), revoked_by=by.by):
            return False
        touch(sorted(by.patients))
    return True


def change_names(objects: Objects, names: list[str], *, if_etag: str, by: Scope) -> int:
    """Keeps the lab's names to mark; how many they are. What a pattern had released with one of them is withheld again.

    Said twice, so that it is followed where a process is killed in between. Raises as `put_lab_names`.
    """
    _refuse_who_sees_few(by)
    _touch_where_patterns_hold(by)
    count = put_lab_names(objects, names, if_etag=if_etag)
    _touch_where_patterns_hold(by)
    return count


def _touch_where_patterns_hold(by: Scope) -> None:
    if ReleasePattern.objects.filter(revoked_at__isnull=True).exists():
        touch(sorted(by.patients))


def _refuse_who_sees_few(by: Scope) -> None:
    if not by.sees_all:
        raise ReviewRefused("That holds for all patients, so who changes it must see them all.")
