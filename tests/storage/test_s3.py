"""Objects on S3, against moto and ministack."""

import pytest

from storage.objects import Objects
from storage.s3 import S3Objects
from storage.s3_boto import BotoObjects
from tests.storage.conftest import REGION
from tests.storage.contract import ObjectsContract


@pytest.fixture
def bucket(objects: Objects, bucket_name: str) -> str:
    objects.make_bucket(bucket_name)
    return bucket_name


class TestMoto(ObjectsContract):
    """The contract, on moto."""

    @pytest.fixture(scope="class")
    @classmethod
    def objects(cls, moto_url: str) -> Objects:
        return S3Objects(region=REGION, endpoint=moto_url)

    # moto looks whether the key is free and completes the upload in two steps: now and then two racers win.
    test_of_many_that_create_in_parts_exactly_one_wins = None  # type: ignore[assignment]


class TestMinistack(ObjectsContract):
    """The contract, on ministack."""

    @pytest.fixture(scope="class")
    @classmethod
    def objects(cls, ministack_url: str) -> Objects:
        return S3Objects(region=REGION, endpoint=ministack_url)


class TestBotoAlone(ObjectsContract):
    """The contract without obstore, on ministack."""

    @pytest.fixture(scope="class")
    @classmethod
    def objects(cls, ministack_url: str) -> Objects:
        return BotoObjects(region=REGION, endpoint=ministack_url)
