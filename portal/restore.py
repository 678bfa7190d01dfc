"""Brings a backup back: all rows in one transaction or none, then the keys.

Owns: what a portal must be like to take one in, and that nothing comes back that must not: who is logged in, and who
has withdrawn since. The form of the file is `portal.backup_format`'s. Memory does not grow with the backup.
"""

import io
import os
import secrets
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from django.conf import settings
from django.core import serializers
from django.core.management.color import no_style
from django.core.serializers.base import DeserializationError, DeserializedObject
from django.db import DEFAULT_DB_ALIAS, connection, models, transaction
from django.utils import timezone

from chunks.tombstones import tombstone_key
from people.models import Patient
from portal.backup_errors import BackupDamaged, OtherVersion, PortalNotEmpty
from portal.backup_format import (
    KEY_SETTINGS,
    Manifest,
    applied_migrations,
    kept_models,
    key_member,
    keys,
    member,
    opened_backup,
    passing_models,
)
from storage.errors import BucketMissing
from storage.urls import open_objects

_BATCH = 1_000
# Migrations make these, so a portal that holds nothing else is empty.
MADE_BY_MIGRATIONS = frozenset({"auth.group"})


@dataclass(frozen=True, kw_only=True)
class Restored:
    """`keys`: what became of each key, in a sentence; `differs`: those that the environment gives otherwise."""

    made_at: str
    rows: int
    withdrawn: tuple[str, ...]
    keys: tuple[str, ...]
    differs: tuple[str, ...]


def restore(path: Path, *, replace: bool) -> Restored:
    """Puts the backup in the place of what the portal database holds, which must be empty unless `replace`.

    Raises `BackupError`s, and errors of the store, where the tombstones of withdrawn patients lie; then nothing was
    changed.
    """
    with opened_backup(path) as (archive, manifest):
        _refuse_other_version(manifest)
        found = _held()
        if found and not replace:
            raise PortalNotEmpty(
                f"The portal database already holds {', '.join(found)}. Restore into an empty one, or say --replace: "
                "then all that it holds now is removed first."
            )
        buried = _tombstones()
        # On SQLite the checks are switched off before the transaction or not at all.
        with connection.constraint_checks_disabled(), transaction.atomic(durable=True):
            _empty()
            for model in kept_models():
                _fill(archive, model, expected=manifest.tables.get(model._meta.label_lower, 0))
            withdrawn = _withdraw(buried)
            connection.check_constraints()
            _reset_sequences()
        said, differs = _restore_keys(archive)
    return Restored(
        made_at=manifest.made_at, rows=sum(manifest.tables.values()), withdrawn=withdrawn, keys=said, differs=differs
    )


def _refuse_other_version(manifest: Manifest) -> None:
    here, there = applied_migrations(), manifest.migrations
    other = sorted(app for app in here.keys() | there.keys() if here.get(app) != there.get(app))
    if other or {model._meta.label_lower for model in kept_models()} != set(manifest.tables):
        raise OtherVersion(
            f"The backup was made by version {manifest.software}, whose tables are not those of this portal (version "
            f"{settings.SOFTWARE_VERSION}); they differ in: {', '.join(other) or 'their names'}. Restore it with the "
            "version that made it, then update: migrate brings the tables up to date."
        )


def _held() -> list[str]:
    """What the database holds that migrations did not make, in words."""
    found = []
    for model in kept_models():
        if model._meta.label_lower not in MADE_BY_MIGRATIONS and (count := model._base_manager.count()):
            name = model._meta.verbose_name if count == 1 else model._meta.verbose_name_plural
            found.append(f"{count} {name}")
    return found


def _tombstones() -> frozenset[str]:
    """The patients, in lower case, who have withdrawn for good."""
    prefix, _, suffix = tombstone_key("*").partition("*")
    try:
        keys_found = [
            each.key for each in open_objects(settings.OBJECTS_URL).list(settings.SESSIONS_BUCKET, prefix=prefix)
        ]
    except BucketMissing:
        return frozenset()
    return frozenset(key.removeprefix(prefix).removesuffix(suffix) for key in keys_found if key.endswith(suffix))


def _withdraw(buried: frozenset[str]) -> tuple[str, ...]:
    """Marks those who withdrew after the backup was made."""
    rows = Patient.objects.filter(folded__in=sorted(buried), withdrawn_at__isnull=True)
    found = tuple(rows.order_by("pk").values_list("pk", flat=True))
    rows.update(withdrawn_at=timezone.now())
    return found


def _empty() -> None:
    """Below the models, which refuse to remove audit rows."""
    tables = [table for model in [*kept_models(), *passing_models()] for table in _tables(model)]
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"DELETE FROM {connection.ops.quote_name(table)}")  # noqa: S608 (names of our own tables)


def _tables(model: type[models.Model]) -> list[str]:
    return [*(field.m2m_db_table() for field in model._meta.local_many_to_many), model._meta.db_table]


def _fill(archive: zipfile.ZipFile, model: type[models.Model], *, expected: int) -> None:
    manager = model._base_manager.using(DEFAULT_DB_ALIAS)
    with archive.open(member(model)) as file, io.TextIOWrapper(file, encoding="utf-8", newline="\n") as lines:
        rows = serializers.deserialize("jsonl", lines, using=DEFAULT_DB_ALIAS)
        try:
            for batch in _batches(rows):
                manager.bulk_create([each.object for each in batch])
                for each in batch:
                    for name, values in (each.m2m_data or {}).items():
                        getattr(each.object, name).set(values)
        except DeserializationError as error:
            raise BackupDamaged(f"{member(model)} holds a row that this version cannot read.") from error
    if (count := manager.count()) != expected:
        raise BackupDamaged(f"{member(model)} gave {count} rows, not the {expected} that its manifest names.")


def _batches(rows: Iterator[DeserializedObject]) -> Iterator[list[DeserializedObject]]:
    while batch := list(islice(rows, _BATCH)):
        yield batch


def _reset_sequences() -> None:
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), kept_models()):
            cursor.execute(statement)


def _restore_keys(archive: zipfile.ZipFile) -> tuple[tuple[str, ...], tuple[str, ...]]:
    said, differs = [], []
    for name, setting in KEY_SETTINGS.items():
        kept = archive.read(key_member(name)).decode()
        if kept == keys()[name]:
            said.append(f"The {name} key is the one this portal runs with.")
        elif os.environ.get(setting):
            differs.append(name)
            said.append(f"The {name} key of the backup is not the one that {setting} gives.")
        else:
            _put_key(Path(settings.DATA_DIR), name=name, key=kept)
            said.append(f"The {name} key is back; the one that was there is kept beside it.")
    return tuple(said), tuple(differs)


def _put_key(folder: Path, *, name: str, key: str) -> None:
    """The key under its name, whole or not at all, with mode 600; the one before stays under a name of its own."""
    path = folder / f"{name}.key"
    draft = folder / f".{name}.{secrets.token_hex(8)}"
    with os.fdopen(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="ascii") as file:
        file.write(key)
        file.flush()
        os.fsync(file.fileno())
    if path.exists():
        os.link(path, folder / f"{name}.key.before-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}")
    draft.replace(path)
