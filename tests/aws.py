"""Servers of AWS's protocols that a run shares, and credentials that lead nowhere else.

A conftest takes what it needs: `from tests.aws import ministack_url, moto_url, own_credentials  # noqa: F401`.
"""

import logging
import os
from collections.abc import Iterator

import pytest

from tests.servers import ServerMissing, dynalite_server, ministack_server, moto_server

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "AKIATESTTESTTESTTEST", "AWS_SECRET_ACCESS_KEY": "not-a-secret-for-tests"}


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


@pytest.fixture(scope="session")
def dynalite_url() -> Iterator[str]:
    try:
        with dynalite_server() as url:
            yield url
    except ServerMissing as missing:
        pytest.skip(str(missing))
