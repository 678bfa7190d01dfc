"""Times on the patient's clock in a table: naive, de-identified, to the microsecond, never converted to any time zone.

Owns: `PatientTimeField`. It is no `DateTimeField`, whose values are real instants and become aware on their way out.
"""

from datetime import datetime
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.db import NotSupportedError, models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.expressions import Expression

from chunks.format.row import patient_time

if TYPE_CHECKING:
    _Field = models.Field[str | datetime, datetime]
else:
    _Field = models.Field

_COLUMN = {"mysql": "datetime(6)", "sqlite": "datetime"}
# MySQL's DATETIME begins there, and years of four digits keep the order of text.
YEAR_FIRST = 1000


class PatientTimeField(_Field):
    """A naive `datetime` of a patient's clock; text in ISO form is taken too.

    It is written, and asked for, as text with six digits of microseconds on both databases, so that on SQLite, which
    compares text, the order of text is the order of time. Raises `TypeError` for an aware datetime or a bare date,
    `ValueError` for a year before 1000, `ValidationError` for text that is no time.
    """

    description = "Time on the patient's clock"
    empty_strings_allowed = False

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        if connection.vendor not in _COLUMN:
            raise NotSupportedError(
                f"Times on the patient's clock are kept on {', '.join(_COLUMN)}: no column of them on "
                f"{connection.display_name}."
            )
        return _COLUMN[connection.vendor]

    def to_python(self, value: object) -> datetime | None:
        if value is None:
            return None
        if isinstance(value, str):
            value = _parsed(value)
        if not isinstance(value, datetime):
            raise TypeError(f"{value!r} is no time on the patient's clock: give a naive datetime.")
        if value.tzinfo is not None:
            raise TypeError("A time on the patient's clock has no time zone: give a naive datetime.")
        if value.year < YEAR_FIRST:
            raise ValueError(f"The year {value.year} is before {YEAR_FIRST}: no patient's clock shows it.")
        return value

    def get_prep_value(self, value: object) -> str | None:
        moment = self.to_python(super().get_prep_value(value))
        return None if moment is None else patient_time(moment)

    def from_db_value(
        self, value: str | datetime | None, expression: Expression, connection: BaseDatabaseWrapper
    ) -> datetime | None:
        # SQLite knows the type of a column but not that of MIN and MAX over it: those come as text.
        return datetime.fromisoformat(value) if isinstance(value, str) else value

    def value_to_string(self, obj: models.Model) -> str:
        return self.get_prep_value(self.value_from_object(obj)) or ""


def _parsed(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise ValidationError(
            "“%(value)s” is no time: write YYYY-MM-DD HH:MM[:SS[.ffffff]].", code="invalid", params={"value": text}
        ) from error
