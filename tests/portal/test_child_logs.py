"""Logs stay small and private."""

import subprocess
from pathlib import Path

import pytest

from portal.child_logs import keep_small, log_path, open_log


def test_a_log_is_its_owners_alone(tmp_path: Path) -> None:
    path = log_path("web", data_dir=tmp_path)
    open_log(path).close()
    assert (path.parent.stat().st_mode & 0o777, path.stat().st_mode & 0o777) == (0o700, 0o600)


def test_a_log_that_has_grown_is_kept_once_and_begins_anew_under_its_writer(tmp_path: Path) -> None:
    path = tmp_path / "logs" / "web.log"
    with open_log(path) as writer:
        for number in range(3):
            writer.write(b"%d" % number * 60)
            writer.flush()
            assert keep_small(path, max_bytes=50)
        writer.write(b"and on")
    assert path.read_bytes() == b"and on"
    earlier = path.with_name("web.log.1")
    assert earlier.read_bytes() == b"2" * 60
    assert earlier.stat().st_mode & 0o777 == 0o600
    assert sorted(each.name for each in path.parent.iterdir()) == ["web.log", "web.log.1"]


def test_a_small_log_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "web.log"
    path.write_bytes(b"short")
    assert not keep_small(path, max_bytes=5)
    assert not keep_small(tmp_path / "missing.log")
    assert path.read_bytes() == b"short"


def test_on_a_disk_that_is_full_a_log_stays_as_it_is(tmp_path: Path) -> None:
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(tmp_path)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("this machine mounts no tmpfs for us")
    try:
        path = tmp_path / "web.log"
        path.write_bytes(b"x" * 40_000)
        assert not keep_small(path, max_bytes=50)
        assert [each.name for each in tmp_path.iterdir()] == ["web.log"]
        assert path.stat().st_size == 40_000
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)
