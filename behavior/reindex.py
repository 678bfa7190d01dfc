"""Compares the sessions bucket with the records, both ways, and makes the records true.

Owns: what a repair may do by itself. It adds and replaces (the lab's old records too); a record without an object is
removed only when asked for, only where the listing of the bucket ended well, and not where they are many: a renamed
bucket must not empty the table. In memory it holds the names of records and objects, not their content.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings

from behavior.equal import Found, look
from behavior.errors import BehaviorError
from behavior.index import index_object
from behavior.keys import is_session_key, split_file_name
from behavior.models import SessionNote
from behavior.noted import remember
from behavior.notes import Notes
from behavior.record import faults_of
from behavior.sessions import Sessions, Stored
from people.scope import Scope
from storage.errors import ObjectMissing, StorageError
from storage.objects import Objects

ORPHANS_SHARE, ORPHANS_FEW = 0.01, 10
Say = Callable[[str], None]


@dataclass(kw_only=True)
class Report:
    """What was found and done. `unreadable` names objects with the reason, `orphans` keys of objects that are gone."""

    objects: int = 0
    sessions: int = 0
    added: int = 0
    replaced: int = 0
    removed: int = 0
    counts_wrong: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    unreadable: list[tuple[str, str]] = field(default_factory=list)
    orphans: list[str] = field(default_factory=list)
    unknown_subjects: Counter[str] = field(default_factory=Counter)
    kept_because_many: bool = False

    @property
    def clean(self) -> bool:
        """Whether nothing is left that a person must look at."""
        return not (self.unreadable or self.orphans or self.unknown_subjects)


def reindex(
    objects: Objects, sessions: Sessions, *, by: Scope, check: bool = False, fix: bool = False, many: bool = False,
    say: Say = lambda _: None,
) -> Report:  # fmt: skip
    """Looks at every object and every record. `check`: writes nothing; `fix`: removes records without an object too,
    `many`: even where they are more than one in a hundred."""
    held: dict[str, list[Stored]] = {}
    for stored in sessions.everything():
        held.setdefault(split_file_name(stored.file_name)[0], []).append(stored)
    report = Report()
    for info in objects.list(settings.SESSIONS_BUCKET):
        if is_session_key(info.key):
            report.objects += 1
            before = held.pop(info.key, [])
            _compare(info.key, before, objects=objects, sessions=sessions, report=report, check=check)
            if report.objects % 100 == 0:
                say(f"{report.objects:,} objects looked at")
    # Where the listing fails its error rises, and nothing below is concluded from it.
    report.orphans = sorted(held)
    records = report.sessions + sum(map(len, held.values()))
    few = len(report.orphans) <= max(ORPHANS_FEW, records * ORPHANS_SHARE)
    if fix and not check and (few or many):
        _remove(objects, sessions, report=report)
    report.kept_because_many = bool(report.orphans) and fix and not check
    if not check:
        _forget_notes(objects)
        report.counts_wrong = sessions.recount()
    report.unknown_subjects = Counter({s: n for s, n in report.unknown_subjects.items() if not by.allows(s)})
    return report


def _compare(
    key: str, before: list[Stored], *, objects: Objects, sessions: Sessions, report: Report, check: bool
) -> None:
    try:
        found = look(objects, bucket=settings.SESSIONS_BUCKET, key=key)
        wrong = _differences(found, before)
        if wrong and not check:
            indexed = index_object(objects, sessions, key=key)
            found = indexed or found
        elif not check:
            remember(key, records=found.records, notes=found.notes)
    except (BehaviorError, StorageError) as error:
        report.unreadable.append((key, str(error)))
        return
    report.sessions += len(found.records)
    report.unknown_subjects.update(record.subject for record in found.records)
    report.faults.update(wrong)
    if wrong:
        report.added += not before
        report.replaced += bool(before)


def _differences(found: Found, before: list[Stored]) -> list[str]:
    """In what the records of an object differ from what they should be, one word for each fault."""
    items: dict[tuple[str, str], Mapping[str, Any]] = {(each.experiment, each.file_name): each.item for each in before}
    wrong: list[str] = []
    for record in found.records:
        item = items.pop((record.experiment, record.file_name), None)
        wrong += ["missing"] if item is None else faults_of(item, truth=record)
    return wrong + ["left over"] * len(items)


def _remove(objects: Objects, sessions: Sessions, *, report: Report) -> None:
    for key in list(report.orphans):
        if is_session_key(key):
            index_object(objects, sessions, key=key)  # looks once more: it may have come in the meantime
        else:
            sessions.remove(key)
        report.orphans.remove(key)
        report.removed += 1


def _forget_notes(objects: Objects) -> None:
    """Removes the copies of notes whose object is gone."""
    for name in list(SessionNote.objects.values_list("file_name", flat=True)):
        key, _ = split_file_name(name)
        try:
            objects.head(settings.SESSIONS_BUCKET, key)
        except ObjectMissing:
            remember(key, records=[], notes=Notes())
