"""What there is of many patients, in a line each: recordings, first and last day, hours and bytes.

Owns: these sums. They come from the rows of recordings alone, in one grouped statement for every thousand patients,
never from chunk headers; hours are from each recording's first sample to its last, pauses inside it included. Of the
patients of whom two recordings hold the same time, which one more statement tells, it counts once. And what looking at
them is called in the audit.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BigIntegerField, Count, Func, Max, Min, Sum
from django.db.models.sql.compiler import SQLCompiler

from chunks.format.clock import since_day_zero_us
from chunks.models import Recording, RecordingState
from people.scope import Scope
from selections.doubled import patients_doubled
from selections.intervals import Interval, measure_us, union
from selections.stay import recordings_of
from selections.times import days_spelled
from selections.totals import HOUR_US

OVERVIEW = "overview"
"""The question of who looks at pages that show what there is of many patients, in the audit."""

_PATIENTS_AT_ONCE = 1_000


@dataclass(frozen=True, kw_only=True)
class Glance:
    """One patient's recordings in state ok; `recorded` is None where there is none."""

    patient: str
    recordings: int = 0
    lasting_us: int = 0
    size_bytes: int = 0
    recorded: Interval | None = None

    @property
    def hours(self) -> float:
        return self.lasting_us / HOUR_US

    @property
    def days(self) -> str:
        """`days 1 to 7`; empty where nothing is recorded."""
        return days_spelled(self.recorded) if self.recorded else ""


@dataclass(frozen=True, kw_only=True)
class Sums:
    """Those of several patients together; `patients` counts those with recordings."""

    patients: int
    recordings: int
    hours: float
    size_bytes: int


class _Lasts(Func):
    """Microseconds between two columns of times."""

    arity = 2
    output_field = BigIntegerField()
    function = "TIMESTAMPDIFF"
    template = "%(function)s(MICROSECOND, %(expressions)s)"

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any) -> Any:  # noqa: ANN401
        # Days as a float: exact to a tenth of a millisecond, which is enough for a sum of hours.
        first, last = (compiler.compile(each) for each in self.get_source_expressions())
        sql = f"CAST(ROUND((julianday({last[0]}) - julianday({first[0]})) * 86400000000.0) AS INTEGER)"
        return sql, [*last[1], *first[1]]


def glances(patients: Sequence[str], *, scope: Scope) -> list[Glance]:
    """These patients, as far as the scope allows, in their order."""
    allowed = [patient for patient in patients if scope.allows(patient)]
    found: dict[str, Glance] = {}
    for begin in range(0, len(allowed), _PATIENTS_AT_ONCE):
        some = allowed[begin : begin + _PATIENTS_AT_ONCE]
        found |= {each.patient: each for each in _grouped(some)}
        for patient in patients_doubled(some):
            if patient in found:
                found[patient] = replace(found[patient], lasting_us=_lasting_us(patient))
    return [found.get(patient, Glance(patient=patient)) for patient in allowed]


def summed(found: Iterable[Glance]) -> Sums:
    held = [each for each in found if each.recordings]
    return Sums(
        patients=len(held),
        recordings=sum(each.recordings for each in held),
        hours=sum(each.hours for each in held),
        size_bytes=sum(each.size_bytes for each in held),
    )


def _lasting_us(patient: str) -> int:
    return measure_us(union(each.span for each in recordings_of(patient, with_channels=False)))


def _grouped(patients: Sequence[str]) -> Iterable[Glance]:
    rows = (
        Recording.objects.filter(patient__in=patients, state=RecordingState.OK)
        .values("patient")
        .annotate(
            recordings=Count("id"),
            lasting_us=Sum(_Lasts("start", "stop")),
            size_bytes=Sum("bytes_expected"),
            first=Min("start"),
            last=Max("stop"),
        )
        .order_by("patient")
    )
    for row in rows:
        patient = row["patient"]
        start_us, stop_us = (since_day_zero_us(patient, row[end]) for end in ("first", "last"))
        yield Glance(
            patient=patient,
            recordings=row["recordings"],
            lasting_us=int(row["lasting_us"]),
            size_bytes=int(row["size_bytes"]),
            recorded=Interval(start_us=start_us, stop_us=max(start_us + 1, stop_us)),
        )
