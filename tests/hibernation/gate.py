"""A gate before an AWS: everything asked of it passes here, is counted, and may be held up or followed by a kill."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import requests

READING = ("Describe", "List", "Get", "Receive", "GET", "invocations")
Hook = Callable[[str], None]
_PASSED = {"connection", "transfer-encoding", "content-length", "content-encoding", "date", "server"}


class Gate:
    """`before` and `after` each call: what was asked (`DeleteDBInstance`), and in which order."""

    def __init__(self, target: str) -> None:
        self.target, self.url = target, ""
        self.calls: list[str] = []
        self.before: Hook = lambda _asked: None
        self.after: Hook = lambda _asked: None
        self._lock = threading.Lock()

    def passed(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        asked = _asked(handler, body)
        self.before(asked)
        with self._lock:
            self.calls.append(asked)
        answer = requests.request(
            handler.command, self.target + handler.path, data=body, headers=dict(handler.headers), timeout=60
        )
        self.after(asked)
        try:
            handler.send_response(answer.status_code)
            for name, value in answer.headers.items():
                if name.lower() not in _PASSED:
                    handler.send_header(name, value)
            handler.send_header("Content-Length", str(len(answer.content)))
            handler.end_headers()
            handler.wfile.write(answer.content)
        except OSError:
            pass  # who asked is no more


def _asked(handler: BaseHTTPRequestHandler, body: bytes) -> str:
    """RDS and EC2 say it in the body, SQS in a header, Lambda by method and path."""
    if target := handler.headers.get("X-Amz-Target"):
        return target.rpartition(".")[2]
    if action := parse_qs(body.decode("latin-1")).get("Action"):
        return action[0]
    return f"{handler.command} {handler.path.rstrip('/').rpartition('/')[2].partition('?')[0]}"


@contextmanager
def gate_before(target: str) -> Iterator[Gate]:
    gate = Gate(target)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            gate.passed(self)

        do_GET = do_PUT = do_DELETE = do_POST  # noqa: N815 - the names are the library's

        def log_message(self, *_args: object) -> None:
            """Says nothing."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            """Who was killed leaves its connection as it is."""

    server = Server(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    gate.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield gate
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
