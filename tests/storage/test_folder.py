"""Objects in a local folder."""

from pathlib import Path

import pytest

from storage.folder import FolderObjects
from tests.storage.contract import ObjectsContract


@pytest.fixture
def objects(tmp_path: Path) -> FolderObjects:
    return FolderObjects(tmp_path / "objects")


@pytest.fixture
def bucket(objects: FolderObjects, bucket_name: str) -> str:
    objects.make_bucket(bucket_name)
    return bucket_name


class TestFolder(ObjectsContract):
    """The contract, on a folder."""
