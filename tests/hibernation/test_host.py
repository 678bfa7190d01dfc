"""What this machine is called on EC2, asked as IMDSv2 wants it, and that nobody waits for an answer elsewhere."""

import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from hibernation import host
from hibernation.errors import HostRefused
from hibernation.site import Site

THIS = "i-0123456789abcdef0"


class Metadata(BaseHTTPRequestHandler):
    """EC2's instance metadata, version 2: nothing without a token."""

    def do_PUT(self) -> None:
        self._answer(200 if "X-aws-ec2-metadata-token-ttl-seconds" in self.headers else 400, "token")

    def do_GET(self) -> None:
        if self.headers.get("X-aws-ec2-metadata-token") != "token":
            self._answer(401, "")
        else:
            self._answer(200 if self.path == "/latest/meta-data/instance-id" else 404, THIS)

    def log_message(self, *_args: object) -> None: ...

    def _answer(self, status: int, text: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())


@pytest.fixture
def metadata(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Metadata)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    monkeypatch.delenv("AWS_EC2_METADATA_DISABLED", raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    yield
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.usefixtures("metadata")
def test_this_machine_is_refused_as_the_host() -> None:
    assert host.this_machine() == THIS
    with pytest.raises(HostRefused, match="this very machine"):
        host.refuse_own_machine(Site(instance="ecog", host=THIS, function="f", region=None))


@pytest.mark.database
@pytest.mark.usefixtures("metadata")
def test_another_machine_is_not() -> None:
    host.refuse_own_machine(Site(instance="ecog", host="i-other", function="f", region=None))


def test_outside_ec2_nobody_waits_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_EC2_METADATA_DISABLED", raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:9")
    began = time.monotonic()
    assert host.this_machine() == ""
    assert time.monotonic() - began < 3
