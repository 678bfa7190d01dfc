"""The API's files from a bucket of a real S3 server: through the portal, in ranges, and nothing is left open."""

import logging
import os
from collections.abc import Iterator
from typing import Any

import pytest
from pytest_django import Settings

from chunks.models import ChunkHeader
from downloads.bundles.gate import GATE
from jobs.models import Job
from storage.urls import open_objects
from tests.downloads.asked import Api, researcher, token_of
from tests.downloads.held import hold
from tests.people.makers import grant
from tests.servers import moto_server

pytestmark = pytest.mark.database(transaction=True)
CHUNK = "s3_download/2002/day3_140500/LTG1_chunk-0.chn"


@pytest.fixture(scope="module")
def s3_url() -> Iterator[str]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with moto_server() as url:
        yield url


def bytes_of(answer: Any) -> bytes:
    content = b"".join(answer.streaming_content)
    answer.close()
    return content


def test_files_come_from_s3_whole_and_in_parts(
    s3_url: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIATESTTESTTESTTEST")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-a-secret-for-tests")
    settings.OBJECTS_URL = f"s3://?region=us-east-1&endpoint={s3_url}"
    store = open_objects(settings.OBJECTS_URL)
    hold(store, labels=["LTG1"], hours=1, sfreq=500)  # 3.6 MB
    alice = researcher("alice")
    grant(alice, patient="2002")
    api = Api(token_of(alice))
    download = api.begin(patient=["2002"])
    address, query = f"downloads/{download}/file", {"path": CHUNK}
    row = ChunkHeader.objects.get()
    content = store.get(row.bucket, row.object_key)
    whole = api.get(address, query)
    assert (whole["ETag"], whole["Content-Length"]) == (f'"{row.etag}"', str(len(content)))
    assert bytes_of(whole) == content
    part = api.get(address, query, Range="bytes=3000000-3000099", If_Match=f'"{row.etag}"')
    assert (part.status_code, bytes_of(part)) == (206, content[3_000_000:3_000_100])
    left = api.get(address, query)
    left.close()
    assert GATE.inside == 0
    assert Job.objects.get().bytes_done == len(content) + 100
    store.put(row.bucket, row.object_key, b"another")
    assert api.get(address, query).json()["error"] == "object_changed"
    store.delete(row.bucket, row.object_key)
    assert api.get(address, query).json()["error"] == "object_unavailable"
    assert GATE.inside == 0
