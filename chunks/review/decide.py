"""What a data manager decides: of texts, by their hashes; of patterns, for the whole lab.

Owns: the rows of these decisions, each written together with the word that public objects are to follow. They are
followed by `chunks.review.publish`, at once or later.
"""

import re
from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone

from chunks.review.errors import PatternRefused, ReviewRefused
from chunks.review.gather import Gathered
from chunks.review.marks import is_marked
from chunks.review.patterns import Pattern, parse_pattern
from chunks.review.publish import touch
from chunks.review.tables import ReleasePattern, TextVerdict, Verdict
from people.scope import Scope

_HASH = re.compile(r"[0-9a-f]{64}")
ROWS_AT_ONCE = 500


def decide(hashes: Iterable[str], verdict: Verdict, *, patient: str, by: Scope) -> int:
    """What holds for these texts of a patient from now on; how many they are. Raises `ReviewRefused`."""
    if not by.allows(patient):
        raise ReviewRefused(f"There is no patient {patient!r}.")
    wanted = sorted(set(hashes))
    if not all(map(_HASH.fullmatch, wanted)):
        raise ReviewRefused("That names no text of this page. Open the page again.")
    rows = [TextVerdict(patient=patient, text_hash=each, verdict=verdict, by_name=by.by) for each in wanted]
    with transaction.atomic():
        for first in range(0, len(rows), ROWS_AT_ONCE):
            some = rows[first : first + ROWS_AT_ONCE]
            TextVerdict.objects.filter(patient=patient, text_hash__in=[each.text_hash for each in some]).delete()
            TextVerdict.objects.bulk_create(some)
        if rows:
            touch([patient])
    return len(rows)


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


def _refuse_who_sees_few(by: Scope) -> None:
    if not by.sees_all:
        raise ReviewRefused("A pattern holds for all patients, so who makes or ends one must see them all.")
