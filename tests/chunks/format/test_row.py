"""Labels as people mean them, and the rows of the headers database."""

from datetime import UTC, datetime

import pytest

from chunks.format import row
from chunks.format.header import encode
from tests.chunks.format.made import header

FACTS = row.ObjectFacts(bucket="edf-chunks-2002", key="day3_140500/LTG1_chunk-0.chn", size_bytes=1234, etag="e-1")


@pytest.mark.parametrize(
    ("label", "norm"),
    [
        ("LTG01", "ltg1"),
        ("POL LTG01", "ltg1"),
        ("EEG LTG1-Ref", "ltg1"),
        ("SEEG L'01", "l'1"),
        ("ltg 1", "ltg1"),
        ("ECG1", "ecg1"),
        ("ECG", "ecg"),
        ("ECG ECG1", "ecg1"),
        ("EEG Fpz-M2", "fpz-m2"),
        ("T8-P8", "t8-p8"),
        ("LTG0", "ltg0"),
        ("LTG100", "ltg100"),
        ("0.2Hz Blk 1/0uV", "0.2hzblk1/0uv"),
        ("-Ref", "-ref"),
        ("", ""),
        ("µV", "μv"),
    ],
)
def test_labels_as_people_mean_them(label: str, norm: str) -> None:
    assert row.label_norm(label) == norm


def test_times_compare_as_text() -> None:
    assert row.patient_time(datetime(2002, 1, 3)) < row.patient_time(datetime(2002, 1, 3, 0, 0, 0, 1))
    assert row.patient_time(datetime(1002, 1, 3)) == "1002-01-03 00:00:00.000000"


def test_a_row_has_a_value_for_each_column() -> None:
    made = header()
    values = row.chunk_row(made, line=encode(made), facts=FACTS, indexed_at=datetime.now(UTC))
    named = dict(zip(row.CHUNK_COLUMNS, values, strict=True))
    assert named["duration_us"] == 1_000_000
    assert named["record_duration"] == "1"
    assert (named["start"], named["stop"]) == ("2002-01-03 14:05:00.000000", "2002-01-03 14:05:01.000000")


def test_the_mysql_statement_is_the_form_that_mariadb_takes_too() -> None:
    sql = row.upsert("t", columns=["k", "v"], key_columns=["k"], rows=2, dialect="mysql")
    assert sql == "INSERT INTO `t` (`k`, `v`) VALUES (%s, %s), (%s, %s) ON DUPLICATE KEY UPDATE `v` = VALUES(`v`)"


def test_the_sqlite_statement() -> None:
    sql = row.upsert("t", columns=["k", "v"], key_columns=["k"], rows=1, dialect="sqlite")
    assert sql == 'INSERT INTO "t" ("k", "v") VALUES (%s, %s) ON CONFLICT ("k") DO UPDATE SET "v" = excluded."v"'
