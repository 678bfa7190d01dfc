"""Servers shared by a run, and fresh names and stores for each test."""

import itertools
import os

import pytest

from storage.s3_clients import Patience
from tests.aws import ministack_url, moto_url, own_credentials  # noqa: F401

REGION = "eu-west-1"
HURRIED = Patience(connect_s=2, read_s=1, attempts=3, first_pause_s=0.01)
IMPATIENT = Patience(connect_s=2, read_s=1, attempts=1)

_numbers = itertools.count()


@pytest.fixture
def bucket_name() -> str:
    return f"edf-chunks-{os.getpid()}-{next(_numbers)}"
