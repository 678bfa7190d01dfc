"""The form of a backup: one zip with the rows of the portal database, the two keys, and what is needed to check them.

    manifest.json                 form, versions, migrations, rows of each table, SHA-256 of each member
    keys/identity.key, secret.key
    rows/<app>.<model>.jsonl      one row a line, in Django's serialisation

Rows are plain, so that a backup made on SQLite comes back on MySQL and the other way round.
Owns: names of members, the encoding of a row and of the manifest, which tables are kept, and that a file is checked
whole before anything of it is used. Writer and reader are `portal.backup` and `portal.restore`.
"""

import hashlib
import json
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.core.serializers.json import DjangoJSONEncoder
from django.core.serializers.jsonl import Serializer
from django.db import DEFAULT_DB_ALIAS, connections, models, router
from django.db.migrations.recorder import MigrationRecorder

from portal.backup_errors import BackupDamaged, BackupForeign

FORM, FORM_VERSION = "backup of an ECoG portal", 1
MANIFEST = "manifest.json"
# The settings that may give a key instead of its file.
KEY_SETTINGS = {"identity": "ECOG_IDENTITY_KEY", "secret": "ECOG_SECRET_KEY"}
BLOCK = 1 << 20
# Made by every migration anew, so rows name them by their words and not by their numbers.
BY_WORDS: frozenset[type[models.Model]] = frozenset({ContentType, Permission})
# Who is logged in, and whose password was wrong lately, is not kept.
PASSING_APPS = frozenset({"axes"})


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """`tables`: rows of each model; `members`: SHA-256 of each member but the manifest; times are real, in UTC."""

    form: str
    form_version: int
    made_at: str
    software: str
    django: str
    database: str
    migrations: dict[str, list[str]]
    tables: dict[str, int]
    members: dict[str, str]

    def text(self) -> str:
        return json.dumps(asdict(self), indent=1, sort_keys=True)


def kept_models() -> list[type[models.Model]]:
    """The models whose rows are kept, in the order of their labels; what joins two of them comes with the first."""
    found = [
        model
        for model in apps.get_models()
        if _is_of_portal(model) and model not in BY_WORDS and not _is_passing(model)
    ]
    return sorted(found, key=lambda model: model._meta.label_lower)


def passing_models() -> list[type[models.Model]]:
    """The models of the portal database whose rows are not kept."""
    return [model for model in apps.get_models() if _is_of_portal(model) and _is_passing(model)]


def member(model: type[models.Model]) -> str:
    return f"rows/{model._meta.label_lower}.jsonl"


def keys() -> dict[str, str]:
    """The keys that this portal runs with."""
    return {"identity": settings.IDENTITY_KEY, "secret": settings.SECRET_KEY}


def key_member(name: str) -> str:
    return f"keys/{name}.key"


def applied_migrations() -> dict[str, list[str]]:
    """The migrations of every app with kept rows, as the portal database says."""
    labels = {model._meta.app_label for model in kept_models()}
    found: dict[str, list[str]] = {}
    for app, name in sorted(MigrationRecorder(connections[DEFAULT_DB_ALIAS]).applied_migrations()):
        if app in labels:
            found.setdefault(app, []).append(name)
    return found


class Exact(DjangoJSONEncoder):
    """Django's, which would cut microseconds."""

    def default(self, o: object) -> Any:  # noqa: ANN401 - as the encoder has it
        return o.isoformat() if isinstance(o, datetime) else super().default(o)


class RowWriter(Serializer):
    """One row a line. Rows name others by number, but those of `BY_WORDS`."""

    def handle_fk_field(self, obj: models.Model, field: Any) -> None:  # noqa: ANN401 - Django's own
        self.use_natural_foreign_keys = field.remote_field.model in BY_WORDS
        super().handle_fk_field(obj, field)

    def handle_m2m_field(self, obj: models.Model, field: Any) -> None:  # noqa: ANN401 - as above
        self.use_natural_foreign_keys = field.remote_field.model in BY_WORDS
        super().handle_m2m_field(obj, field)

    def end_object(self, obj: models.Model) -> None:
        self.stream.write(json.dumps(self.get_dump_object(obj), cls=Exact, ensure_ascii=False) + "\n")
        self._current = None


@contextmanager
def opened_backup(path: Path) -> Iterator[tuple[zipfile.ZipFile, Manifest]]:
    """The backup in this file, every member of which is as it was written.

    Raises `BackupForeign` and `BackupDamaged`.
    """
    with ExitStack() as stack:
        try:
            archive = stack.enter_context(zipfile.ZipFile(path))
            manifest = _manifest(archive, path=path)
            _check(archive, manifest, path=path)
        except FileNotFoundError:
            raise BackupForeign(f"There is no file {path}.") from None
        except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError):  # each of zipfile's ways
            raise BackupDamaged(
                f"{path} is no whole zip: it is damaged, was cut off, or is something else. Take another backup."
            ) from None
        yield archive, manifest


def _manifest(archive: zipfile.ZipFile, *, path: Path) -> Manifest:
    try:
        said = json.loads(archive.read(MANIFEST))
        manifest = Manifest(**said)
    except (KeyError, TypeError, ValueError):
        raise BackupForeign(f"{path} is no backup of a portal: it has no {MANIFEST} that says so.") from None
    if (manifest.form, manifest.form_version) != (FORM, FORM_VERSION):
        raise BackupForeign(
            f"{path} is a backup of form {manifest.form_version!r}; this version reads form {FORM_VERSION}. "
            f"Bring it back with the software that made it ({manifest.software})."
        )
    return manifest


def _check(archive: zipfile.ZipFile, manifest: Manifest, *, path: Path) -> None:
    names = [name for name in archive.namelist() if name != MANIFEST]
    if sorted(names) != sorted(manifest.members):
        raise BackupDamaged(f"{path} does not hold the members that its manifest names. Take another backup.")
    for name in names:
        digest = hashlib.sha256()
        with archive.open(name) as file:
            while block := file.read(BLOCK):
                digest.update(block)
        if digest.hexdigest() != manifest.members[name]:
            raise BackupDamaged(f"{name} in {path} is not as it was written. Take another backup.")


def _is_of_portal(model: type[models.Model]) -> bool:
    return model._meta.managed and not model._meta.proxy and router.db_for_write(model) == DEFAULT_DB_ALIAS


def _is_passing(model: type[models.Model]) -> bool:
    return model is Session or model._meta.app_label in PASSING_APPS
