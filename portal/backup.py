"""Makes a backup of what cannot be rebuilt: the portal database and the two keys, in one file.

Owns: how the file comes to be (all of one moment, whole or not at all, for its owner alone), where backups lie, and how
many are kept. Its form is `portal.backup_format`'s. Memory does not grow with the database.
"""

import hashlib
import os
import re
import secrets
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import django
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connection, models
from django.utils import timezone

from jobs.terminal import size_text
from portal.backup_errors import OtherVersion
from portal.backup_format import (
    FORM,
    FORM_VERSION,
    MANIFEST,
    Manifest,
    RowWriter,
    applied_migrations,
    kept_models,
    key_member,
    keys,
    member,
)
from portal.snapshot import snapshot

KEPT = 14
EVERY = timedelta(days=1)
OLD = timedelta(days=2)
_BATCH = 1_000
_DRAFT_S = 24 * 3600
_STAMP = "%Y%m%dT%H%M%SZ"
_NAME = re.compile(r"portal-(\d{8}T\d{6}Z)\.zip")


@dataclass(frozen=True, kw_only=True)
class BackupMade:
    """`removed`: how many old ones were taken away."""

    path: Path
    rows: int
    size_bytes: int
    removed: int


def backups_folder() -> Path:
    """Where the nightly ones lie."""
    return Path(settings.DATA_DIR) / "backups"


def make_backup(folder: Path, *, keep: int | None, now: datetime | None = None) -> BackupMade:
    """A backup in the folder, under the name of this second, with mode 600; of those there the newest `keep` stay.

    Only files with the name of a backup are ever removed.
    """
    now = now or timezone.now()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _clear_drafts(folder, now=now)
    path = folder / f"portal-{now.astimezone(UTC):{_STAMP}}.zip"
    draft = folder / f".{path.name}.{secrets.token_hex(8)}"
    try:
        with os.fdopen(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600), "w+b") as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, allowZip64=True) as archive:
                tables = _write(archive, made_at=now)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    removed = _remove_old(folder, keep=keep) if keep is not None else 0
    return BackupMade(path=path, rows=sum(tables.values()), size_bytes=path.stat().st_size, removed=removed)


def newest_backup(folder: Path) -> datetime | None:
    """When the newest backup in the folder was made."""
    return max((made for made, _ in _backups(folder)), default=None)


def nightly() -> str:
    """The chore: once a day a backup, the newest 14 are kept. Says what it did."""
    folder, now = backups_folder(), timezone.now()
    newest = newest_backup(folder)
    if newest is not None and now - newest < EVERY:
        return ""
    made = make_backup(folder, keep=KEPT, now=now)
    return f"{made.rows} rows in {made.path.name} ({size_text(made.size_bytes)}), {made.removed} old ones removed"


def backup_state(*, now: datetime) -> str:
    """One word for who watches: `ok`, `old` where the newest is over two days old, `none`."""
    newest = newest_backup(backups_folder())
    if newest is None:
        return "none"
    return "old" if now - newest > OLD else "ok"


class _Member:
    """Text written into a member of the zip, with its hash."""

    def __init__(self, archive: zipfile.ZipFile, name: str) -> None:
        self._file = archive.open(name, "w", force_zip64=True)
        self._digest = hashlib.sha256()

    def write(self, text: str) -> None:
        data = text.encode()
        self._digest.update(data)
        self._file.write(data)

    def close(self) -> str:
        self._file.close()
        return self._digest.hexdigest()


def _write(archive: zipfile.ZipFile, *, made_at: datetime) -> dict[str, int]:
    """Everything, read in one moment; the rows of each table."""
    tables: dict[str, int] = {}
    members: dict[str, str] = {}
    with snapshot():
        migrations = applied_migrations()
        if not migrations:
            raise OtherVersion("The portal database has no tables yet, so there is nothing to back up.")
        for model in kept_models():
            tables[model._meta.label_lower], members[member(model)] = _write_rows(archive, model)
    for name, key in keys().items():
        file = _Member(archive, key_member(name))
        file.write(key)
        members[key_member(name)] = file.close()
    manifest = Manifest(
        form=FORM,
        form_version=FORM_VERSION,
        made_at=made_at.astimezone(UTC).isoformat(),
        software=settings.SOFTWARE_VERSION,
        django=django.get_version(),
        database=connection.vendor,
        migrations=migrations,
        tables=tables,
        members=members,
    )
    archive.writestr(MANIFEST, manifest.text())
    return tables


def _write_rows(archive: zipfile.ZipFile, model: type[models.Model]) -> tuple[int, str]:
    file, count, writer = _Member(archive, member(model)), 0, RowWriter()
    for rows in _batches(model):
        writer.serialize(rows, stream=file)  # type: ignore[arg-type]  # all that is asked of it is `write`
        count += len(rows)
    return count, file.close()


def _batches(model: type[models.Model]) -> Iterator[list[models.Model]]:
    """All rows in the order of their numbers: MySQL's client would else take them in whole."""
    rows = model._base_manager.using(DEFAULT_DB_ALIAS).order_by("pk")
    batch = list(rows[:_BATCH])
    while batch:
        yield batch
        batch = list(rows.filter(pk__gt=batch[-1].pk)[:_BATCH])


def _backups(folder: Path) -> list[tuple[datetime, Path]]:
    """Those in the folder with the time that their name says, the oldest first."""
    named = ((path, _NAME.fullmatch(path.name)) for path in folder.glob("portal-*.zip"))
    found = [(datetime.strptime(name[1], _STAMP).replace(tzinfo=UTC), path) for path, name in named if name]
    return sorted(found)


def _clear_drafts(folder: Path, *, now: datetime) -> None:
    """Removes what killed backups left."""
    for draft in folder.glob(".portal-*.zip.*"):
        with suppress(FileNotFoundError):  # another backup has just ended
            if now.timestamp() - draft.stat().st_mtime > _DRAFT_S:
                draft.unlink()


def _remove_old(folder: Path, *, keep: int) -> int:
    old = [path for _, path in _backups(folder)[: -keep or None]]
    for path in old:
        path.unlink(missing_ok=True)  # another sweeper may do the same
    return len(old)
