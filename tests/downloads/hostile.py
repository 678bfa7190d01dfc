"""A server that is no portal, or a bad one: it answers what a test tells it to."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from downloads.manifest import COLUMNS

CONTENT = b"samples" * 1000


@dataclass
class Asked:
    """A request as it came."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]


@dataclass
class Reply:
    """What goes back; `send` bytes of the body at most, then the connection is cut or, with `stall_s`, silent."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    send: int | None = None
    stall: threading.Event | None = None


Answers = Callable[[Asked], Reply]


@contextmanager
def server(answers: Answers) -> Iterator[tuple[str, list[Asked]]]:
    """Its address, and what it was asked."""
    asked: list[Asked] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            parts = urlsplit(self.path)
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            one = Asked(self.command, parts.path, parse_qs(parts.query), dict(self.headers))
            asked.append(one)
            reply = answers(one)
            self.send_response(reply.status)
            for name, value in {"Content-Length": str(len(reply.body)), **reply.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.body[: reply.send])
            if reply.send is not None:
                self.wfile.flush()
                if reply.stall:
                    reply.stall.wait(60)
                self.close_connection = True

        do_GET = do_POST = answer  # noqa: N815 (the names are the base's)

        def log_message(self, *_args: Any) -> None:
            pass

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=listening.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.server_port}", asked
    finally:
        listening.shutdown()
        listening.server_close()


def row(path: str, **cells: str) -> str:
    """A line of a manifest."""
    values = dict.fromkeys(COLUMNS, "") | {"path": path, "bytes": str(len(CONTENT))} | cells
    return ",".join(f'"{values[name]}"' for name in COLUMNS)


def manifest(*rows: str) -> bytes:
    return "".join(f"{line}\n" for line in (",".join(COLUMNS), *rows)).encode()
