"""Many overlaps in one condition: `(patient, start, stop) overlaps this, or this, or this`.

Owns: its SQL. Each arm names all that leads to the index, so that both databases walk it arm by arm; built as one
expression, since Django would take longer to put a hundred conditions together than the database to answer them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import F, Lookup
from django.db.models.expressions import BaseExpression
from django.db.models.sql.compiler import SQLCompiler

from chunks.format.row import patient_time


@dataclass(frozen=True, kw_only=True, slots=True)
class Arm:
    """A patient's rows that begin from `begins_from` on and before `begins_before`, and end after `ends_after`.

    norms: of these labels alone, as `label_norm` has them; None: of any.
    """

    patient: str
    norms: tuple[str, ...] | None
    begins_from: datetime
    begins_before: datetime
    ends_after: datetime


if TYPE_CHECKING:
    _Lookup = Lookup[Any]
else:
    _Lookup = Lookup


class InArms(_Lookup):
    """Whether a chunk row is in one of the arms. A lookup, since MySQL's backend compares any other condition with 1,
    and then no index serves it."""

    prepare_rhs = False

    def __init__(self, arms: Sequence[Arm]) -> None:
        super().__init__(F("patient"), tuple(arms))
        self._arms = arms
        self._columns: list[Any] = [self.lhs, F("label_norm"), F("start"), F("stop")]

    def resolve_expression(self, *args: Any, **more: Any) -> Self:  # noqa: ANN401 (the signature is Django's)
        resolved: Self = BaseExpression.resolve_expression(self, *args, **more)
        return resolved

    def get_source_expressions(self) -> list[Any]:
        return self._columns

    def set_source_expressions(self, new_exprs: Sequence[Any]) -> None:
        self._columns = list(new_exprs)
        self.lhs = self._columns[0]

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        patient, norm, start, stop = (compiler.compile(column)[0] for column in self._columns)
        arms, params = [], list[str]()
        for arm in self._arms:
            norms = arm.norms or ()
            labels = f" AND {norm} IN ({', '.join(['%s'] * len(norms))})" if norms else ""
            arms.append(f"({patient} = %s{labels} AND {start} >= %s AND {start} < %s AND {stop} > %s)")
            times = map(patient_time, (arm.begins_from, arm.begins_before, arm.ends_after))
            params += [arm.patient, *norms, *times]
        return f"({' OR '.join(arms)})", tuple(params)
