"""The page on deployment says what is so: its settings, units and nginx configuration are those of this portal."""

import configparser
import json
import os
import re
import shlex
import shutil
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPResponse, HTTPSConnection
from pathlib import Path

import pytest

from portal import programs
from tests.mariadb import free_port
from tests.portal.served import Served, served, wait_for
from tests.storage.certificates import make_certificates

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
HOST = "ecog.example.org"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, flags=re.DOTALL | re.MULTILINE)


def units() -> dict[str, configparser.ConfigParser]:
    found = {}
    for name, text in re.findall(r"^`/etc/systemd/system/(\S+)`\n\n```ini\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE):
        found[name] = configparser.ConfigParser(interpolation=None, delimiters="=")
        found[name].optionxform = str  # type: ignore[assignment,method-assign]
        found[name].read_string(text)
    return found


def test_every_setting_it_names_exists() -> None:
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    known = set(re.findall(r"^(ECOG_[A-Z_]+)=", example, flags=re.MULTILINE))
    named = set(re.findall(r"ECOG_[A-Z_]+", PAGE))
    assert "ECOG_URL" in named
    assert named <= known


def test_its_settings_are_understood_together(tmp_path: Path) -> None:
    given = dict(line.split("=", 1) for line in blocks("ini")[0].splitlines())
    portal = Served(tmp_path / "var")
    done = portal.manage("check", **given | {"ECOG_DATA_DIR": str(tmp_path / "var")})
    assert done.returncode == 0, done.stderr


def test_there_is_a_unit_for_each_part_which_starts_what_serve_starts() -> None:
    assert set(units()) == {"ecog-web.service", "ecog-worker.service", "ecog-sweeper.service"}
    started = {name: shlex.split(unit["Service"]["ExecStart"]) for name, unit in units().items()}
    worker, sweeper = (list(part(data_dir=ROOT).command) for part in (programs.worker, programs.sweeper))
    web = list(programs.web(3, data_dir=ROOT).command)
    assert started["ecog-worker.service"][1:] == worker[3:]
    assert started["ecog-sweeper.service"][1:] == sweeper[1:]
    assert started["ecog-web.service"][1:3] == web[3:5]


@pytest.mark.parametrize("name", ["ecog-web.service", "ecog-worker.service", "ecog-sweeper.service"])
def test_systemd_understands_the_units(name: str, tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed here")
    with (tmp_path / name).open("w") as file:
        units()[name].write(file, space_around_delimiters=False)
    text = (tmp_path / name).read_text().replace("/opt/ecog/.venv/bin/", f"{Path(sys.executable).parent}/")
    (tmp_path / name).write_text(text)
    done = subprocess.run(
        ["systemd-analyze", "verify", str(tmp_path / name)], capture_output=True, text=True, check=False
    )
    said = [line for line in done.stderr.splitlines() if name in line]
    assert not said


def nginx_configuration(folder: Path, *, tls_port: int, portal_port: int, bundles: Path) -> tuple[Path, str]:
    """The page's, with ports, certificate and folders that are there, as the account that runs the test; and the
    authority behind the certificate."""
    [example] = blocks("nginx")
    authority, certificate = make_certificates(folder)
    for given, here in {
        "listen 80;": f"listen 127.0.0.1:{free_port()};",
        "listen 443 ssl;": f"listen 127.0.0.1:{tls_port} ssl;",
        f"/etc/letsencrypt/live/{HOST}/fullchain.pem": str(certificate),
        f"/etc/letsencrypt/live/{HOST}/privkey.pem": str(certificate),
        "http://127.0.0.1:8000": f"http://127.0.0.1:{portal_port}",
        "/srv/ecog/bundles/": f"{bundles}/",
    }.items():
        assert given in example, given
        example = example.replace(given, here)
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user root;\n" if os.getuid() == 0 else ""
    return (
        authority,
        f"{user}daemon off;\npid {folder}/pid;\nerror_log stderr;\nevents {{}}\nhttp {{\n{temporary}{example}}}\n",
    )


@contextmanager
def nginx(folder: Path, *, tls_port: int, portal_port: int, bundles: Path) -> Iterator[Path]:
    """nginx as the page has it; the certificate by which it is known."""
    authority, text = nginx_configuration(folder, tls_port=tls_port, portal_port=portal_port, bundles=bundles)
    (folder / "nginx.conf").write_text(text)
    command = ["setpriv", "--pdeathsig", "TERM", "nginx", "-e", "stderr"]
    with subprocess.Popen([*command, "-p", str(folder), "-c", str(folder / "nginx.conf")]) as server:
        try:
            wait_for((folder / "pid").exists, 10)
            yield authority
        finally:
            server.terminate()


def test_nginx_understands_its_configuration(tmp_path: Path) -> None:
    _, text = nginx_configuration(tmp_path, tls_port=free_port(), portal_port=free_port(), bundles=tmp_path)
    (tmp_path / "nginx.conf").write_text(text)
    done = subprocess.run(
        ["nginx", "-t", "-e", "stderr", "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "[warn]" not in done.stderr


@pytest.mark.prove
def test_behind_nginx_over_tls_a_bundle_is_sent_by_nginx_alone(tmp_path: Path) -> None:
    here = {"ECOG_URL": f"https://{HOST}", "ECOG_PROXIES": "1", "ECOG_ACCEL_PREFIX": "/bundles-internal/"}
    tls_port, var = free_port(), tmp_path / "var"
    with served(var, **here) as portal:
        assert portal.manage("add_patient", "demo").returncode == 0
        made = subprocess.run(
            [sys.executable, "-m", "benchmarks.bundle_world", "1", "1000000"],
            cwd=ROOT,
            env=portal.environment,
            capture_output=True,
            text=True,
            check=True,
        )
        world = json.loads(made.stdout)
        [bundle], [cookie] = world["bundles"], world["cookies"]
        with nginx(tmp_path, tls_port=tls_port, portal_port=portal.port, bundles=var / "bundles") as authority:
            trusting = ssl.create_default_context(cafile=str(authority))

            def get(path: str, **headers: str) -> tuple[HTTPResponse, bytes]:
                with closing(HTTPSConnection("127.0.0.1", tls_port, timeout=10, context=trusting)) as connection:
                    connection.request("GET", path, headers={"Host": HOST, **headers})
                    answer = connection.getresponse()
                    return answer, answer.read()

            assert get("/health/live")[1] == b"ok\n"
            assert get("/health/ready")[0].status == 200
            answer, body = get(bundle, Cookie=cookie)
            whole = (var / "bundles" / "whole").read_bytes()
            assert (answer.status, body == whole) == (200, True)
            assert answer.headers["ETag"] != f'"{"0" * 64}"'  # nginx's own: the portal has sent no byte
            answer, body = get(bundle, Cookie=cookie, Range="bytes=999000-")
            assert (answer.status, body == whole[999000:]) == (206, True)
            assert get(bundle)[0].status == 302  # to the login page
            [name] = [path.name for path in (var / "bundles").iterdir() if path.is_dir()]
            assert get(f"/bundles-internal/{name}/1.zip", Cookie=cookie)[0].status == 404
