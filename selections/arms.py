"""Many overlaps in one condition: `(patient, start, stop) overlaps this, or this, or this`.

Owns: its SQL. Each arm names all that leads to the index, so that both databases walk it arm by arm; built as one
expression, since Django would take longer to put a hundred conditions together than the database to answer them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BooleanField, Expression, F
from django.db.models.sql.compiler import SQLCompiler

from chunks.format.row import patient_time


@dataclass(frozen=True, kw_only=True, slots=True)
class Arm:
    """Rows that begin from `begins_from` on and before `begins_before`, and end after `ends_after`."""

    begins_from: datetime
    begins_before: datetime
    ends_after: datetime


class InArms(Expression):
    """Whether a chunk row is the patient's, of these labels (None: of any) and in one of the arms."""

    conditional = True

    def __init__(self, *, patient: str, arms: Sequence[Arm], norms: Sequence[str] | None) -> None:
        super().__init__(output_field=BooleanField())
        self._patient, self._arms, self._norms = patient, arms, norms
        self._columns: list[Any] = [F("patient"), F("start"), F("stop"), F("label_norm")]

    def get_source_expressions(self) -> list[Any]:
        return self._columns

    def set_source_expressions(self, exprs: Sequence[Any]) -> None:
        self._columns = list(exprs)

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        patient, start, stop, norm = (compiler.compile(column)[0] for column in self._columns)
        led, leading = f"{patient} = %s", [self._patient]
        if self._norms is not None:
            led += f" AND {norm} IN ({', '.join(['%s'] * len(self._norms))})"
            leading += self._norms
        arm = f"({led} AND {start} >= %s AND {start} < %s AND {stop} > %s)"
        params = [
            value
            for each in self._arms
            for value in (*leading, *map(patient_time, (each.begins_from, each.begins_before, each.ends_after)))
        ]
        return f"({' OR '.join([arm] * len(self._arms))})", tuple(params)
