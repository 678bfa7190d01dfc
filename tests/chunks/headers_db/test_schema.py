"""Rules for the tables of the headers database that MySQL holds to and the servers at hand forgive."""

import pytest
from django.apps import apps
from django.db import connections, models

from chunks.models import Recording
from tests.chunks.headers_db.conftest import needs_mariadb
from tests.chunks.headers_db.made import recording

BYTES_A_CHARACTER = 4
INDEX_LIMIT_BYTES = 3072
WIDEST_NUMBER_BYTES = 8
HEADER_MODELS = [model for model in apps.get_models() if getattr(model, "db_alias", "default") == "headers"]
TABLES = [model._meta.db_table for model in HEADER_MODELS]


def indexes(model: type[models.Model]) -> dict[str, list[str]]:
    """Each index and unique constraint by name, with its fields."""
    meta = model._meta
    named = {index.name: [name.lstrip("-") for name in index.fields] for index in meta.indexes}
    unique = {rule.name: list(rule.fields) for rule in meta.constraints if isinstance(rule, models.UniqueConstraint)}
    single = {field.name: [field.name] for field in meta.fields if field.unique or field.db_index}
    return named | unique | single


def width_bytes(field: models.Field) -> int:
    assert not isinstance(field, models.TextField), f"{field}: MySQL indexes no text without an end"
    return field.max_length * BYTES_A_CHARACTER if field.max_length else WIDEST_NUMBER_BYTES


def test_there_are_header_models() -> None:
    assert {"chunk_header", "recording"} <= set(TABLES)


@pytest.mark.parametrize("model", HEADER_MODELS)
def test_no_index_is_wider_than_mysql_takes(model: type[models.Model]) -> None:
    widths = {
        name: sum(width_bytes(model._meta.get_field(field)) for field in fields)
        for name, fields in indexes(model).items()
    }
    assert {name: width for name, width in widths.items() if width > INDEX_LIMIT_BYTES} == {}


@pytest.mark.parametrize("model", HEADER_MODELS)
def test_no_key_leads_out_of_the_headers_database(model: type[models.Model]) -> None:
    assert [field.name for field in model._meta.get_fields() if field.is_relation] == []


def ask(sql: str) -> list[tuple[object, ...]]:
    with connections["headers"].cursor() as cursor:
        cursor.execute(sql, [TABLES])
        return list(cursor.fetchall())


@needs_mariadb
@pytest.mark.database
def test_every_text_column_compares_byte_by_byte() -> None:
    columns = ask(
        "SELECT table_name, column_name, collation_name FROM information_schema.columns "
        "WHERE table_schema = DATABASE() AND table_name IN %s AND collation_name IS NOT NULL"
    )
    assert len(columns) > 10
    assert [column for column in columns if column[2] != "utf8mb4_bin"] == []


@needs_mariadb
@pytest.mark.database
def test_every_index_made_is_a_tree_within_the_limit() -> None:
    """MariaDB takes a wider one silently and makes it a hash, which knows no order."""
    found = ask(
        "SELECT table_name, index_name, MAX(index_type), SUM(COALESCE(character_octet_length, 8)) "
        "FROM information_schema.statistics JOIN information_schema.columns "
        "USING (table_schema, table_name, column_name) "
        "WHERE table_schema = DATABASE() AND table_name IN %s GROUP BY table_name, index_name"
    )
    assert len(found) >= sum(len(indexes(model)) for model in HEADER_MODELS)
    assert [index for index in found if index[2] != "BTREE" or index[3] > INDEX_LIMIT_BYTES] == []


@pytest.mark.database
def test_names_that_differ_only_by_case_or_accent_are_two() -> None:
    names = ["LTG1", "ltg1", "ltgé", "ltge"]
    Recording.objects.bulk_create([recording(name) for name in names])
    assert {name: Recording.objects.filter(name=name).count() for name in names} == dict.fromkeys(names, 1)
