"""The drill: what a portal cannot rebuild comes back in another one, on either database, while the first goes on."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.portal.drill import HEADER, ROOT, manage, portal, run, said
from tests.servers import mariadb_server

# Each takes several portals; the first is the drill itself and runs with every test run.
prove = pytest.mark.prove

# Writes an entry with its patient until it is ended: a backup of one moment has both or neither.
WRITE = """
import sys
from people import audit
from people.scope import server_scope
scope = server_scope(means="command")
print("writing", flush=True)
while True:
    with audit.act("other", scope=scope, patients=["2002"]):
        pass
"""
HALF = """
from people.models import AuditEntry, AuditedPatient
others = AuditEntry.objects.filter(act="other")
print(others.count(), AuditedPatient.objects.filter(entry__act="other").count(), others.filter(outcome="").count())
"""


def back_up(environment: dict[str, str], folder: Path) -> Path:
    manage(environment, "backup_portal", "--to", str(folder))
    (path,) = folder.glob("portal-*.zip")
    return path


def restored(environment: dict[str, str], path: Path) -> dict[str, str]:
    manage(environment, "restore_portal", str(path))
    return environment


def test_a_portal_comes_back_in_an_empty_one(tmp_path):
    old = portal(tmp_path / "old", filled=True)
    path = back_up(old, tmp_path / "backups")
    assert path.stat().st_mode & 0o777 == 0o600
    new = portal(tmp_path / "new")
    text = manage(new, "restore_portal", str(path))
    for name in ("identity", "secret"):
        key = (tmp_path / "old" / f"{name}.key").read_text()
        assert key not in text
        assert (tmp_path / "new" / f"{name}.key").read_text() == key
        assert (tmp_path / "new" / f"{name}.key").stat().st_mode & 0o777 == 0o600
        assert len(list((tmp_path / "new").glob(f"{name}.key.before-*"))) == 1
    expected = said(old)
    assert said(new) == expected
    assert expected["logs in"]
    assert expected["date is known"]
    assert expected["may search"]
    assert expected["count"] == 2_501
    # What is written next gets a number of its own.
    run(new, "from people import audit; from people.scope import server_scope\n"
             "with audit.act('next', scope=server_scope(means='command')): pass")  # fmt: skip


@prove
def test_a_portal_without_any_tables_is_migrated_first(tmp_path):
    old = portal(tmp_path / "old", filled=True)
    path = back_up(old, tmp_path / "backups")
    new = old | {"ECOG_DATA_DIR": str(tmp_path / "new")}
    assert said(restored(new, path)) == said(old)


@prove
def test_sqlite_comes_back_on_mysql_and_mysql_on_sqlite(tmp_path):
    old = portal(tmp_path / "old", filled=True)
    expected = said(old)
    with mariadb_server("ecog_portal") as url:
        middle = portal(tmp_path / "middle", ECOG_PORTAL_DATABASE_URL=url)
        assert said(restored(middle, back_up(old, tmp_path / "first"))) == expected
        run(middle, "from people import audit; from people.scope import server_scope\n"
                    "with audit.act('back up', scope=server_scope(means='command')): pass")  # fmt: skip
        new = portal(tmp_path / "new")
        assert said(restored(new, back_up(middle, tmp_path / "second"))) == expected


@prove
@pytest.mark.parametrize("database", ["sqlite", "mysql"])
def test_a_backup_is_of_one_moment_while_others_write(tmp_path, database):
    if database == "sqlite":
        check_one_moment(tmp_path, {})
        return
    with mariadb_server("ecog_portal") as url:
        check_one_moment(tmp_path, {"ECOG_PORTAL_DATABASE_URL": url})


def check_one_moment(folder: Path, settings: dict[str, str]) -> None:
    old = portal(folder / "old", filled=True, **settings)
    command = [sys.executable, "-c", HEADER + WRITE]
    writer = subprocess.Popen(command, env=old, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert writer.stdout is not None
        writer.stdout.readline()
        path = back_up(old, folder / "backups")
        assert writer.poll() is None, "the writer was kept waiting too long"
    finally:
        writer.kill()
        writer.communicate()
    new = restored(portal(folder / "new"), path)
    entries, touched, still_open = map(int, run(new, HALF).split())
    assert entries == touched > 0
    assert still_open <= 1
    assert entries < int(run(old, HALF).split()[0])


@prove
def test_a_portal_that_holds_something_is_not_overwritten_unless_told_so(tmp_path):
    old = portal(tmp_path / "old", filled=True)
    path = back_up(old, tmp_path / "backups")
    run(old, "from people.patients import add_patient; add_patient('9999')")
    before = said(old)
    text = manage(old, "restore_portal", str(path), fails=True)
    assert "already holds" in text
    assert "2 users" in text
    assert "Traceback" not in text
    assert said(old) == before
    manage(old, "restore_portal", str(path), "--replace")
    after = said(old)
    assert [row["id"] for row in after["patients"]] == ["2002", "Ab-1"]
    assert after | {"patients": 0} == before | {"patients": 0}


@prove
def test_keys_given_by_the_environment_are_compared_and_not_shown(tmp_path):
    path = back_up(portal(tmp_path / "old", filled=True), tmp_path / "backups")
    own = {"ECOG_IDENTITY_KEY": "i" * 40, "ECOG_SECRET_KEY": (tmp_path / "old" / "secret.key").read_text()}
    new = portal(tmp_path / "new", **own)
    text = manage(new, "restore_portal", str(path))
    assert "is not the one that ECOG_IDENTITY_KEY gives" in text
    assert "The secret key is the one" in text
    assert not any(key in text for key in (*own.values(), (tmp_path / "old" / "identity.key").read_text()))
    assert not said(new)["date is known"]
    assert said(new | {"ECOG_IDENTITY_KEY": (tmp_path / "old" / "identity.key").read_text()})["date is known"]


@prove
def test_who_withdrew_since_the_backup_does_not_come_back(tmp_path):
    path = back_up(portal(tmp_path / "old", filled=True), tmp_path / "backups")
    new = portal(tmp_path / "new")
    run(new, "from django.conf import settings; from storage.urls import open_objects\n"
             "objects = open_objects(settings.OBJECTS_URL); objects.make_bucket(settings.SESSIONS_BUCKET)\n"
             "objects.put(settings.SESSIONS_BUCKET, 'withdrawn/ab-1.json', b'{}')")  # fmt: skip
    assert "and so again: Ab-1" in manage(new, "restore_portal", str(path))
    assert [bool(row["withdrawn_at"]) for row in said(new)["patients"]] == [False, True]
