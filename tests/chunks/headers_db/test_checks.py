"""What is refused before a database is used: a collation that forgets case, and SQLite over the network."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.checks import Error, Tags, run_checks
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import connections

from chunks.headers_db import checks
from chunks.headers_db.checks import file_system_of
from tests.mariadb import MariaDB

MOUNTS = """\
sysfs /sys sysfs rw 0 0
/dev/vda / ext4 rw 0 0
server:/export /srv nfs4 rw 0 0
//server/lab /mnt/the\\040lab cifs rw 0 0
/dev/vdb /srv/local ext4 rw 0 0
/dev/vdc /late ext4 rw 0 0
server:/late /late nfs rw 0 0
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/var/lib/ecog", "ext4"),
        ("/srv/ecog/var", "nfs4"),
        ("/srv", "nfs4"),
        ("/srv/local/ecog", "ext4"),
        ("/srvice/ecog", "ext4"),
        ("/mnt/the lab/ecog", "cifs"),
        ("/late/ecog", "nfs"),
        ("/", "ext4"),
    ],
)
def test_the_file_system_of_a_path(path: str, kind: str) -> None:
    assert file_system_of(Path(path), mounts=MOUNTS) == kind


def test_this_machines_own_list_is_read() -> None:
    assert file_system_of(Path("/proc/self"), mounts=checks.MOUNTS.read_text()) == "proc"


@pytest.fixture
def data_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Mounts a file system of that type, as far as the list of mounts goes, where the SQLite files lie."""

    def mount(kind: str) -> None:
        (tmp_path / "mounts").write_text(f"/dev/vda / ext4 rw 0 0\nserver:/export {tmp_path}/data {kind} rw 0 0\n")
        monkeypatch.setattr(checks, "MOUNTS", tmp_path / "mounts")
        for alias in connections:
            own = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(tmp_path / "data" / f"{alias}.sqlite3")}
            monkeypatch.setitem(connections.settings, alias, connections.settings[alias] | own)

    return mount


@pytest.mark.parametrize("kind", ["nfs", "nfs4", "cifs", "fuse.sshfs"])
def test_sqlite_on_a_network_file_system_is_refused_by_every_command(data_on: Callable[[str], None], kind: str) -> None:
    data_on(kind)
    with pytest.raises(SystemCheckError, match=r"chunks\.E002.*SQLite file on a network") as refused:
        call_command("check")
    assert "2 issues" in str(refused.value)


def test_sqlite_on_a_disk_and_servers_are_accepted(
    data_on: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    data_on("xfs")
    assert checks.sqlite_file_systems(None) == []
    data_on("nfs")
    for alias in connections:
        monkeypatch.setitem(connections.settings[alias], "ENGINE", "chunks.headers_db.mysql")
    assert checks.sqlite_file_systems(None) == []


@pytest.mark.database
def test_a_collation_that_forgets_case_is_refused(
    mariadb: MariaDB, mysql_headers: Callable[..., object], in_place_of_headers: Callable[[object], None]
) -> None:
    mariadb.create("careless", collation="utf8mb4_general_ci")
    in_place_of_headers(mysql_headers(mariadb.port, database="careless"))
    refused = [message for message in run_checks(tags=[Tags.database], databases=["headers"]) if message.id]
    assert [(type(message), message.id) for message in refused] == [(Error, "chunks.E001")]
    assert "utf8mb4_general_ci" in refused[0].msg
    assert refused[0].hint.startswith("ALTER DATABASE `careless`")
    in_place_of_headers(mysql_headers(mariadb.port))
    assert run_checks(tags=[Tags.database], databases=["headers"]) == []


def test_other_commands_do_not_connect_for_it(
    mysql_headers: Callable[..., object], in_place_of_headers: Callable[[object], None]
) -> None:
    """Connecting would fail here: this test may use no database."""
    in_place_of_headers(mysql_headers(1))
    call_command("check")
