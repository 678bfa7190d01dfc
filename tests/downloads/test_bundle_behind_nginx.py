"""A bundle behind a real nginx, which sends the file itself: whole, in ranges, and never without the portal's word."""

import hashlib
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from django.conf import settings as portal_settings
from django.db import connections

from people.models import AuditEntry
from people.scope import scope_for
from portal.wsgi import application
from tests.downloads.bundled import made, zip_of
from tests.downloads.held import hold
from tests.mariadb import free_port
from tests.people.makers import grant

NGINX = shutil.which("nginx") or "/usr/sbin/nginx"
pytestmark = [
    pytest.mark.database(transaction=True),
    pytest.mark.skipif(not Path(NGINX).exists(), reason="apt install nginx-light"),
]
CONFIGURATION = """
daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log; user root;
events {{ worker_connections 64; }}
http {{
  access_log off;
  client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
  uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
  server {{
    listen 127.0.0.1:{port};
    location / {{ proxy_pass http://127.0.0.1:{portal}; proxy_set_header Host $http_host; }}
    location /bundles-internal/ {{ internal; alias {bundles}/; }}
  }}
}}
"""


class Quiet(WSGIRequestHandler):
    def log_message(self, *_args) -> None:
        pass

    def handle(self) -> None:
        super().handle()
        connections.close_all()


@pytest.fixture
def port(bundles_folder, settings, tmp_path, db) -> Iterator[int]:
    settings.ACCEL_PREFIX = "/bundles-internal/"
    with make_server("127.0.0.1", 0, application, handler_class=Quiet) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        folder = tmp_path / "nginx"
        folder.mkdir()
        port = free_port()
        text = CONFIGURATION.format(folder=folder, port=port, portal=server.server_port, bundles=bundles_folder)
        (folder / "nginx.conf").write_text(text)
        nginx = subprocess.Popen([NGINX, "-c", folder / "nginx.conf", "-p", folder, "-e", folder / "error.log"])
        try:
            wait_for(port, log=folder / "error.log")
            yield port
        finally:
            nginx.terminate()
            nginx.wait(10)
            server.shutdown()
            serving.join()


def wait_for(port: int, *, log: Path) -> None:
    for _ in range(100):
        try:
            with closing(HTTPConnection("127.0.0.1", port, timeout=1)) as connection:
                return connection.connect()
        except OSError:
            time.sleep(0.05)
    raise AssertionError(log.read_text())


def get(port: int, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    with closing(HTTPConnection("127.0.0.1", port, timeout=20)) as connection:
        connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()


def test_nginx_sends_what_the_portal_lets_go(port, store, alice, client, bundles_folder):
    # nginx's own account reads the folder, as an administrator would let it.
    hold(store)
    grant(alice, patient="2002")
    bundle = made(scope_for(alice, means="page"))
    client.force_login(alice)
    cookie = f"{portal_settings.SESSION_COOKIE_NAME}={client.cookies[portal_settings.SESSION_COOKIE_NAME].value}"
    path = f"/bundles/{bundle.pk}/file"

    status, headers, content = get(port, path, cookie=cookie)
    assert (status, hashlib.sha256(content).hexdigest()) == (200, bundle.sha256)
    assert headers["content-length"] == str(bundle.size_bytes)
    assert headers["content-disposition"] == f'attachment; filename="{bundle.file_name}"'
    assert headers["content-type"] == "application/zip"
    assert "no-store" in headers["cache-control"]

    status, part, rest = get(port, path, cookie=cookie, range="bytes=1000-", if_range=headers["etag"])
    assert (status, rest) == (206, zip_of(bundle)[1000:])
    assert part["content-range"] == f"bytes 1000-{bundle.size_bytes - 1}/{bundle.size_bytes}"
    counted = AuditEntry.objects.filter(act="fetch").order_by("pk").values_list("bytes", flat=True)
    assert list(counted) == [bundle.size_bytes, bundle.size_bytes - 1000]

    assert get(port, path)[0] == 302, "who is not logged in goes to the login"
    assert get(port, f"/bundles-internal/{bundle.zip_name}")[0] == 404
