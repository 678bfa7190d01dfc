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

    @pytest.fixture
    def objects(self, moto_url: str) -> Objects:
        return S3Objects(region=REGION, endpoint=moto_url)


class TestMinistack(ObjectsContract):
    """The contract, on ministack."""

    @pytest.fixture
    def objects(self, ministack_url: str) -> Objects:
        return S3Objects(region=REGION, endpoint=ministack_url)


class TestBotoAlone(ObjectsContract):
    """The contract without obstore, on ministack."""

    @pytest.fixture
    def objects(self, ministack_url: str) -> Objects:
        return BotoObjects(region=REGION, endpoint=ministack_url)
