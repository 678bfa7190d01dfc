"""What must be true of the databases before they are used; Django's system checks, registered by the app.

Owns: the collation of the headers database and the file system under SQLite. Needs no model.
"""

from collections.abc import Sequence
from pathlib import Path

from django.apps.config import AppConfig
from django.core.checks import CheckMessage, Error
from django.db import connections

from chunks.headers_db.router import HEADERS

COLLATION = "utf8mb4_bin"
MOUNTS = Path("/proc/self/mounts")
# SQLite's write-ahead log needs shared memory and locks that these do not give (sqlite.org/wal.html).
NETWORK_FILE_SYSTEMS = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "ceph", "lustre", "gpfs", "beegfs"}
    | {"fuse.sshfs", "fuse.glusterfs", "fuse.s3fs", "fuse.rclone"}
)


def headers_collation(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None = None, **_kwargs: object
) -> list[CheckMessage]:
    """The headers database compares text byte by byte. Connects, so it is run with `--database headers` and migrate."""
    if HEADERS not in (databases or ()) or connections[HEADERS].vendor != "mysql":
        return []
    with connections[HEADERS].cursor() as cursor:
        cursor.execute("SELECT DATABASE(), @@collation_database")
        name, collation = cursor.fetchone()
    if collation == COLLATION:
        return []
    hint = f"ALTER DATABASE `{name}` CHARACTER SET utf8mb4 COLLATE {COLLATION}, before its tables are made."
    message = f"The headers database has the collation {collation}, under which LTG1 and ltg1 would be one key."
    return [Error(message, hint=hint, id="chunks.E001")]


def sqlite_file_systems(app_configs: Sequence[AppConfig] | None, **_kwargs: object) -> list[CheckMessage]:
    """No SQLite file lies on a network file system. Where there is no list of mounts (not Linux), nothing is said."""
    if not MOUNTS.is_file():
        return []
    mounts = MOUNTS.read_text(encoding="utf-8", errors="surrogateescape")
    messages: list[CheckMessage] = []
    for alias, database in connections.settings.items():
        name = str(database["NAME"])
        if not database["ENGINE"].endswith("sqlite3") or ":memory:" in name or "mode=memory" in name:
            continue
        kind = file_system_of(Path(name).resolve(), mounts=mounts)
        if kind in NETWORK_FILE_SYSTEMS:
            message = f"The database {alias!r} is an SQLite file on a network file system ({kind}), where it breaks."
            hint = "Set ECOG_DATA_DIR to a folder on a disk of this machine, or use a database server."
            messages.append(Error(message, hint=hint, id="chunks.E002"))
    return messages


def file_system_of(path: Path, *, mounts: str) -> str:
    """The type of the file system that holds `path` (absolute, resolved), by a list such as `/proc/self/mounts`."""
    found, depth = "", -1
    for line in mounts.splitlines():
        _, point, kind, *_ = line.split(" ")
        folder = Path(_unescaped(point))
        # A later mount on the same folder covers the earlier one.
        if path.is_relative_to(folder) and len(folder.parts) >= depth:
            found, depth = kind, len(folder.parts)
    return found


def _unescaped(point: str) -> str:
    for octal, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        point = point.replace(octal, character)
    return point
