"""What a row may hold is what its table can: the widths said twice are the same."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
from django.db import models

from chunks.format import columns, row
from chunks.format.columns import DoesNotFit, Kind, Text, Time, Whole
from chunks.format.old_recording import STATE, settle_statements
from chunks.headers_db.fields import PatientTimeField
from chunks.models import ChunkHeader, IndexFault, Recording, RecordingOverlap, RecordingState

TABLES = [
    (ChunkHeader, columns.CHUNK_KINDS, row.CHUNK_COLUMNS, row.CHUNK_TABLE),
    (Recording, columns.RECORDING_KINDS, row.RECORDING_COLUMNS, row.RECORDING_TABLE),
    (RecordingOverlap, columns.OVERLAP_KINDS, row.OVERLAP_COLUMNS, row.OVERLAP_TABLE),
]
BITS = {models.SmallIntegerField: 16, models.IntegerField: 32, models.BigIntegerField: 64}


def kind_of(field: models.Field) -> Kind:
    if isinstance(field, PatientTimeField | models.DateTimeField):
        return Time(optional=field.null)
    if isinstance(field, models.CharField | models.TextField):
        return Text(characters=field.max_length, optional=field.null)
    return Whole(bits=BITS[type(field)], optional=field.null)


@pytest.mark.parametrize(("model", "kinds", "names", "table"), TABLES)
def test_every_column_is_as_wide_as_its_field(
    model: type[models.Model], kinds: Mapping[str, Kind], names: tuple[str, ...], table: str
) -> None:
    fields = {field.column: kind_of(field) for field in model._meta.fields if field.column != "id"}
    assert model._meta.db_table == table
    assert tuple(kinds) == names
    assert dict(kinds) == fields


def test_the_table_of_faults_has_the_columns_that_are_written() -> None:
    fields = {field.column: field for field in IndexFault._meta.fields if field.column != "id"}
    assert set(fields) == set(row.FAULT_COLUMNS)
    assert IndexFault._meta.db_table == row.FAULT_TABLE
    assert fields["reason"].max_length == row.FAULT_REASON_CHARACTERS
    assert fields["objectKey"].max_length == row.OBJECT_KEY_CHARACTERS
    made = row.fault_row(bucket="b" * 63, key="k" * 1024, etag="", reason="r" * 900, seen_at=datetime.now(UTC))
    assert (len(str(made[1])), len(str(made[3]))) == (700, 500)


def test_keys_that_are_cut_stay_two() -> None:
    assert row.fault_key("k" * 1000 + "1") != row.fault_key("k" * 1000 + "2")
    assert row.fault_key("k" * 700) == "k" * 700


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (Text(characters=2), ["", "ab", "éé"], ["abc", None, 5, "\ud800"]),
        (Text(characters=None, optional=True), ["a" * 1_000_000, None], ["a" * 1_000_001, 5]),
        (Whole(bits=16), [0, 32_767, -32_768], [32_768, -32_769, None, True, 1.0, "1"]),
        (
            Time(),
            ["1000-01-01 00:00:00.000000"],
            ["0999-12-31 00:00:00.000000", "2002-01-03 10:00:00.000000+02:00", "2002-01-03 10:00:00", None, 5],
        ),
    ],
)
def test_a_value_fits_or_is_refused(kind: Kind, good: list[object], bad: list[object]) -> None:
    for value in good:
        columns.check({"c": kind}, [value])
    for value in bad:
        with pytest.raises(DoesNotFit, match="its c is"):
            columns.check({"c": kind}, [value])


def statements() -> list[str]:
    """Every statement that a function on AWS sends, as MySQL gets it."""
    made = [
        row.upsert(table, columns=names, key_columns=names[:2], rows=2, dialect="mysql")
        for _, _, names, table in TABLES
    ]
    settled = settle_statements(bucket="b", recording="r", indexed_at=datetime.now(UTC), dialect="mysql")
    return [*made, row.fault_upsert(rows=2, dialect="mysql"), row.overlaps_beyond(dialect="mysql")] + [
        sql for sql, _ in settled
    ]


@pytest.mark.parametrize("sql", statements())
def test_no_statement_has_a_form_of_mariadb_alone(sql: str) -> None:
    """RETURNING, CREATE OR REPLACE, VALUE(), LIMIT in a sub-query, `"` around names, ON CONFLICT: MySQL has none."""
    forms = r"\bRETURNING\b|\bOR REPLACE\b|\bVALUE\(|\bLIMIT\b|\"|ON CONFLICT|\bEXCEPT\b|\bINTERSECT\b|\bexcluded\b"
    assert not re.search(forms, sql)
    # A name that is not quoted may be a reserved word of the one and not of the other.
    words = set(re.findall(r"(?<![`\w])[a-z_]+(?![`\w(])", sql)) - {"s"}
    assert words == set()


def test_the_state_of_old_folders_is_the_models() -> None:
    assert STATE == RecordingState.VERSION_1
