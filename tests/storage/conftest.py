"""Servers shared by a run, and fresh names and stores for each test."""

import itertools
import logging
import os
from collections.abc import Iterator

import pytest

from storage.s3_clients import Patience
from tests.servers import ServerMissing, ministack_server, moto_server

REGION = "eu-west-1"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "AKIATESTTESTTESTTEST", "AWS_SECRET_ACCESS_KEY": "not-a-secret-for-tests"}
HURRIED = Patience(connect_s=2, read_s=1, attempts=3, first_pause_s=0.01)
IMPATIENT = Patience(connect_s=2, read_s=1, attempts=1)

_numbers = itertools.count()


@pytest.fixture(autouse=True)
def own_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of this machine's AWS set-up reaches a test, and no test goes to the instance's address for it."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    settings = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    for name, value in (CREDENTIALS | settings | {"AWS_EC2_METADATA_DISABLED": "true"}).items():
        monkeypatch.setenv(name, value)


@pytest.fixture(scope="session")
def moto_url() -> Iterator[str]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with moto_server() as url:
        yield url


@pytest.fixture(scope="session")
def ministack_url() -> Iterator[str]:
    try:
        with ministack_server() as url:
            yield url
    except ServerMissing as missing:
        pytest.skip(str(missing))


@pytest.fixture
def bucket_name() -> str:
    return f"edf-chunks-{os.getpid()}-{next(_numbers)}"
