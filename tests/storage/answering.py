"""A server that gives the answers of S3 a test wants, also those no emulator gives, and notes what it was asked.

The form of errors is that of docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html; every one holds a secret.
"""

import ssl
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

SECRET = "AWS4-HMAC-SHA256-what-was-signed"
ETAG = '"0123456789abcdef"'

_ERROR = """<?xml version="1.0" encoding="UTF-8"?>
<Error><Code>{code}</Code><Message>{secret}</Message><StringToSign>{secret}</StringToSign>{more}</Error>"""
_LISTING = """<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><KeyCount>0</KeyCount></ListBucketResult>"""
_BUCKETS = """<?xml version="1.0" encoding="UTF-8"?>
<ListAllMyBucketsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Buckets><Bucket><Name>{name}</Name></Bucket>
</Buckets></ListAllMyBucketsResult>"""


@dataclass(frozen=True)
class Answer:
    """What is answered. Of `body` only `sent` bytes go out before the connection `then` closes or stands still."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    sent: int | None = None
    then: Callable[[], object] = lambda: None


@dataclass(frozen=True)
class Question:
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def signed_for(self) -> tuple[str, str]:
        """The access key and the region of the signature."""
        key, _, region, *_ = self.headers["authorization"].partition("Credential=")[2].split(",")[0].split("/")
        return key, region


def error(code: str, *, status: int, more: str = "", **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, named, _ERROR.format(code=code, secret=SECRET, more=more).encode())


def found(content: bytes = b"", **more: Any) -> Answer:
    """A whole object, or what HEAD says of it."""
    headers = {"ETag": ETAG, "Last-Modified": "Wed, 02 Jan 2002 03:04:05 GMT"}
    return Answer(headers=headers, body=content, **more)


def part(content: bytes, start: int, **more: Any) -> Answer:
    """The rest of an object from `start` on."""
    reach = f"bytes {start}-{len(content) - 1}/{len(content)}"
    headers = {**found().headers, "Content-Range": reach}
    return Answer(206, headers, content[start:], **more)


def empty_listing() -> Answer:
    return Answer(body=_LISTING.encode())


def own_buckets(name: str) -> Answer:
    return Answer(body=_BUCKETS.format(name=name).encode())


class Answering:
    """`answers` are given in turn, the last one over and over; the bucket's own HEAD is answered by `bucket`."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.bucket = Answer(headers={"x-amz-bucket-region": "eu-west-1"})
        self.asked: list[Question] = []
        self.url = ""
        self._lock = threading.Lock()

    def answer(self, question: Question) -> Answer:
        if question.method == "HEAD" and question.path.count("/") == 1:
            return self.bucket
        with self._lock:
            self.asked.append(question)
            return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@contextmanager
def answering(certificate: Path | None = None) -> Iterator[Answering]:
    """The server, on a port of its own; by https where it gets a certificate (with its key)."""
    script = Answering()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def log_message(self, *_: object) -> None:
            """Says nothing."""

        def handle_one(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            names = {name.lower(): value for name, value in self.headers.items()}
            given = script.answer(Question(self.command, self.path, names, body))
            self.send_response(given.status)
            for name, value in given.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(given.body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(given.body[: given.sent])
                self.wfile.flush()
            if given.sent is not None:
                given.then()
                self.close_connection = True

        do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = handle_one  # noqa: N815  as the library calls them

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            """A client may hang up before it has read all."""
            if not isinstance(sys.exception(), ConnectionError | ssl.SSLError):
                super().handle_error(request, client_address)

    server = Server(("127.0.0.1", 0), Handler)
    script.url = f"http{'s' if certificate else ''}://127.0.0.1:{server.server_port}"
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield script
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
