"""Sessions in a table of the portal database: the embedded home.

Owns: every write to it. An object's records are replaced in one transaction, so nobody sees half of them.
"""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Count, QuerySet

from behavior.keys import split_file_name
from behavior.models import SessionRow
from behavior.record import SessionRecord, attributes
from behavior.rows import near, own
from behavior.sessions import LONGEST, Sessions, Stored, TaskCount, overlaps

NAMES_A_QUERY = 400
ROWS_A_FETCH = 2_000
COLUMNS = ("experiment", "file_name", "start", "stop", "subject", "day")


class TableSessions(Sessions):
    """The portal's own table."""

    def replace(self, key: str, records: Sequence[SessionRecord]) -> bool:
        if list(records) == self.of_object(key):
            return False
        with transaction.atomic():
            held = {record.file_name for record in self.of_object(key)}
            SessionRow.objects.filter(file_name__in=held - {record.file_name for record in records}).delete()
            SessionRow.objects.bulk_create(
                [SessionRow(**{column: getattr(record, column) for column in COLUMNS}) for record in records],
                update_conflicts=True,
                update_fields=[column for column in COLUMNS if column != "file_name"],
                # MySQL takes whatever unique key is hit and refuses to be told which.
                unique_fields=["file_name"] if connection.features.supports_update_conflicts_with_target else None,
            )
        return True

    def of_object(self, key: str) -> Sequence[SessionRecord]:
        found = [
            record for record in _records(SessionRow.objects.filter(near(key))) if own([record.file_name], key=key)
        ]
        return sorted(found, key=lambda record: split_file_name(record.file_name)[1])

    def of_tasks(
        self, experiments: Collection[str], *, subjects: Collection[str] | None = None
    ) -> Iterator[SessionRecord]:
        wanted = None if subjects is None else frozenset(subjects)
        names = sorted(set(experiments))
        for first in range(0, len(names), NAMES_A_QUERY):
            rows = SessionRow.objects.filter(experiment__in=names[first : first + NAMES_A_QUERY])
            if wanted is not None and len(wanted) <= NAMES_A_QUERY:
                rows = rows.filter(subject__in=wanted)
            yield from (record for record in _records(rows) if wanted is None or record.subject in wanted)

    def of_subject(
        self, subject: str, *, start: datetime | None = None, stop: datetime | None = None
    ) -> Iterator[SessionRecord]:
        rows = SessionRow.objects.filter(subject=subject).order_by("start", "file_name")
        if start is not None:
            rows = rows.filter(start__gt=start - LONGEST)
        if stop is not None:
            rows = rows.filter(start__lt=stop)
        return (record for record in _records(rows) if overlaps(record, start=start, stop=stop))

    def counts(self) -> Sequence[TaskCount]:
        rows = SessionRow.objects.values_list("experiment", "subject").annotate(Count("pk"))
        return list(map(TaskCount._make, rows.order_by("experiment", "subject")))

    def recount(self) -> int:
        return 0  # the database counts each time

    def everything(self) -> Iterator[Stored]:
        for record in _records(SessionRow.objects.all()):
            yield Stored(experiment=record.experiment, file_name=record.file_name, item=attributes(record))


def _records(rows: QuerySet[SessionRow]) -> Iterator[SessionRecord]:
    for values in rows.values(*COLUMNS).iterator(chunk_size=ROWS_A_FETCH):
        yield SessionRecord(**values)
