"""Settings that would put one database to sleep and wake another are refused before anything is done."""

from typing import Any

import pytest

from hibernation.checks import headers_are_there

FILE, SERVER = "chunks.headers_db.sqlite3", "chunks.headers_db.mysql"


@pytest.mark.parametrize(
    ("engine", "instance", "faults"), [(FILE, "ecog-headers", 1), (SERVER, "ecog-headers", 0), (FILE, "", 0)]
)
def test_an_instance_beside_a_file_is_refused(
    settings: Any, monkeypatch: pytest.MonkeyPatch, engine: str, instance: str, faults: int
) -> None:
    settings.RDS_INSTANCE = instance
    monkeypatch.setitem(settings.DATABASES["headers"], "ENGINE", engine)
    found = headers_are_there(None)
    assert len(found) == faults
    assert all(error.is_serious() and repr(instance) in error.msg for error in found)
