"""Backups: whole or not at all, for their owner alone, checked before anything of them is used."""

import json
import re
import secrets
import zipfile
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone

from jobs.chores import chores
from people.models import AuditEntry, Patient
from people.patients import add_patient
from portal import backup
from portal.backup import backup_state, make_backup, newest_backup, nightly
from portal.backup_errors import BackupDamaged, BackupForeign, OtherVersion
from portal.backup_format import MANIFEST, kept_models, opened_backup
from portal.restore import restore
from portal.snapshot import snapshot
from tests.people.makers import make_user

pytestmark = pytest.mark.database(transaction=True)
NOON = datetime(2026, 6, 15, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.DATA_DIR = tmp_path
    settings.OBJECTS_URL = (tmp_path / "objects").as_uri()
    return tmp_path / "backups"


def changed(path, name, change):
    """The backup with one member changed, otherwise whole."""
    other = path.with_name(f"changed-{secrets.token_hex(4)}.zip")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(other, "w") as new:
        for each in old.namelist():
            data = old.read(each)
            data = change(data) if each == name else data
            if data is not None:
                new.writestr(each, data)
    return other


def test_every_table_of_the_portal_is_kept_or_passing_on_purpose():
    labels = {model._meta.label_lower for model in kept_models()}
    assert {"auth.user", "auth.group", "people.patient", "people.grant", "people.token", "people.auditentry",
            "people.auditedpatient", "jobs.job", "chunks.headersstate"} <= labels  # fmt: skip
    assert not {label for label in labels if label.startswith(("axes.", "sessions."))}
    assert not {"chunks.chunkheader", "chunks.recording"} & labels


def test_a_backup_is_one_file_for_its_owner_without_sessions(folder):
    user = make_user()
    Session.objects.create(session_key="s", session_data="x", expire_date=timezone.now())
    made = make_backup(folder, keep=None, now=NOON)
    assert made.path.name == "portal-20260615T120000Z.zip"
    assert made.path.stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700
    assert [path.name for path in folder.iterdir()] == [made.path.name]
    with opened_backup(made.path) as (archive, manifest):
        assert manifest.tables["auth.user"] == 1
        assert manifest.made_at == "2026-06-15T12:00:00+00:00"
        assert user.username in archive.read("rows/auth.user.jsonl").decode()
        assert not [name for name in archive.namelist() if "sessions." in name]


def test_a_backup_that_fails_leaves_nothing(folder, monkeypatch):
    def fail(_archive, _model):
        raise OSError("disk full")

    monkeypatch.setattr(backup, "_write_rows", fail)
    with pytest.raises(CommandError, match="disk full"):
        call_command("backup_portal", "--to", str(folder))
    assert list(folder.iterdir()) == []
    assert AuditEntry.objects.get().outcome == "failed"


def test_the_draft_of_another_backup_that_ends_meanwhile_is_no_fault(folder):
    folder.mkdir(exist_ok=True)
    # It is listed, and there is nothing to look at any more.
    (folder / ".portal-20260101T000000Z.zip.abcd").symlink_to(folder / "gone")
    assert make_backup(folder, keep=None).path.exists()


def test_the_command_keeps_as_many_as_it_is_told_and_touches_nothing_else(folder, capsys):
    folder.mkdir()
    (folder / "portal-notes.zip").touch()
    for day in range(5):
        make_backup(folder, keep=None, now=NOON + timedelta(days=day))
    call_command("backup_portal", "--to", str(folder), "--keep", "3")
    assert "3 older ones removed" in capsys.readouterr().out
    assert len(list(folder.iterdir())) == 4
    assert (folder / "portal-notes.zip").exists()
    assert AuditEntry.objects.get(act="back up").bytes > 0


@pytest.mark.parametrize("words", [["--keep", "0"], ["--keep", "many"]])
def test_how_many_to_keep_is_one_or_more(words):
    with pytest.raises(CommandError, match="1 or more"):
        call_command("backup_portal", *words)


def test_once_a_day_a_backup_is_made_and_fourteen_stay(folder, monkeypatch):
    assert [chore.run for chore in chores() if chore.name == "backup"] == [nightly]
    for day in range(20):
        monkeypatch.setattr(backup.timezone, "now", lambda day=day: NOON + timedelta(days=day))
        assert re.fullmatch(r"\d+ rows in portal-\S+ \(.*\), \d old ones removed", nightly())
        monkeypatch.setattr(backup.timezone, "now", lambda day=day: NOON + timedelta(days=day, hours=23))
        assert nightly() == ""
    assert len(list(folder.iterdir())) == 14
    assert newest_backup(folder) == NOON + timedelta(days=19)


def test_whoever_watches_is_told_when_the_newest_is_old(folder, client):
    assert backup_state(now=NOON) == "none"
    make_backup(folder, keep=None, now=NOON)
    assert backup_state(now=NOON + timedelta(days=2)) == "ok"
    assert backup_state(now=NOON + timedelta(days=2, seconds=1)) == "old"
    make_backup(folder, keep=None)
    assert client.get(reverse("health-ready")).json()["parts"]["backup"] == "ok"


def test_a_changed_row_is_found_before_anything_is_changed(folder):
    make_user()
    path = make_backup(folder, keep=None).path
    other = changed(path, "rows/auth.user.jsonl", lambda data: data.replace(b"alice", b"mallo"))
    add_patient("2002")
    with pytest.raises(BackupDamaged, match=r"rows/auth\.user\.jsonl"):
        restore(other, replace=True)
    assert Patient.objects.count() == 1


def test_a_file_that_was_cut_off_lacks_members_or_is_something_else_is_refused(folder, tmp_path):
    path = make_backup(folder, keep=None).path
    cut, text, empty = tmp_path / "cut.zip", tmp_path / "text.zip", tmp_path / "empty.zip"
    cut.write_bytes(path.read_bytes()[:-200])
    text.write_text("hello")
    zipfile.ZipFile(empty, "w").close()
    for bad, error in (
        (cut, BackupDamaged),
        (text, BackupDamaged),
        (empty, BackupForeign),
        (tmp_path / "missing.zip", BackupForeign),
        (changed(path, "rows/auth.user.jsonl", lambda _: None), BackupDamaged),
        (changed(path, MANIFEST, lambda _: b"{}"), BackupForeign),
        (changed(path, MANIFEST, lambda data: data.replace(b'"form_version": 1', b'"form_version": 9')), BackupForeign),
    ):
        with pytest.raises(error):
            restore(bad, replace=True)
        with pytest.raises(CommandError):
            call_command("restore_portal", str(bad), "--replace")


def test_damage_in_the_middle_of_a_member_is_damage(folder, tmp_path):
    make_user()
    path = make_backup(folder, keep=None).path
    with zipfile.ZipFile(path) as archive:
        place = archive.getinfo("rows/auth.user.jsonl")
    data = bytearray(path.read_bytes())
    data[place.header_offset + 80 + place.compress_size // 2] ^= 0xFF
    bad = tmp_path / "bad.zip"
    bad.write_bytes(data)
    with pytest.raises(BackupDamaged):
        restore(bad, replace=True)


def test_tables_of_another_version_are_refused_with_both_versions(folder):
    path = make_backup(folder, keep=None).path

    def older(data):
        said = json.loads(data)
        said["migrations"]["people"].pop()
        said["software"] = "0.0.9"
        return json.dumps(said).encode()

    with pytest.raises(OtherVersion, match=r"0\.0\.9.*people"):
        restore(changed(path, MANIFEST, older), replace=True)


def test_a_restore_that_fails_half_way_changes_nothing(folder, settings, monkeypatch):
    make_user()
    path = make_backup(folder, keep=None).path
    add_patient("2002")

    def fail(_buried):
        raise RuntimeError("in the middle")

    monkeypatch.setattr("portal.restore._withdraw", fail)
    with pytest.raises(RuntimeError, match="in the middle"):
        restore(path, replace=True)
    assert Patient.objects.count() == 1
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def test_a_snapshot_sees_one_moment_and_is_never_part_of_a_transaction(shared_database):
    with snapshot():
        assert not Patient.objects.exists()
    with transaction.atomic(), pytest.raises(RuntimeError, match="outside"), snapshot():
        pass
    add_patient("2002")
