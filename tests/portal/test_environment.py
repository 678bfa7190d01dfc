"""Settings from the environment: their defaults, their file, and what is refused."""

import ast
import os
import re
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from portal.environment import SettingError, make_private, read_environment, secret
from tests.environment import portal_environment

ROOT = Path(__file__).parents[2]


def variables_in(path: Path) -> set[str]:
    strings = {
        node.value
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    return {text for text in strings if re.fullmatch(r"ECOG_[A-Z_]+", text)}


def test_every_setting_is_in_the_example_file_and_nothing_else_is() -> None:
    read = set().union(*(variables_in(path) for path in (ROOT / "portal").glob("*.py")))
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    named = set(re.findall(r"^(ECOG_[A-Z_]+)=", example, flags=re.MULTILINE))
    assert named == read


def test_the_example_file_says_the_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("ECOG_")]:
        monkeypatch.delenv(name)
    defaults = read_environment()
    for line in (ROOT / ".env.example").read_text(encoding="utf-8").splitlines():
        if line.startswith("ECOG_"):
            name, _, value = line.partition("=")
            monkeypatch.setenv(name, value)
    assert read_environment() == defaults


@pytest.mark.parametrize("url", ["http://ecog.example.org", "ftp://127.0.0.1", "ecog.example.org", "http://", ""])
def test_an_address_that_is_not_safe_is_refused(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECOG_URL", url or " ")
    with pytest.raises(SettingError, match="ECOG_URL"):
        read_environment()


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000", "http://localhost:1", "http://[::1]:8000", "https://a.org/"])
def test_loopback_and_https_are_taken(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECOG_URL", url)
    assert read_environment().url == url.rstrip("/")


@pytest.mark.parametrize(
    ("url", "hosts"),
    [
        ("http://[::1]:8000", ["127.0.0.1", "[::1]", "localhost"]),
        ("https://ECoG.example.org:8443", ["ecog.example.org"]),
        ("https://[2001:db8::1]", ["[2001:db8::1]"]),
    ],
)
def test_it_is_addressed_as_requests_write_it(url: str, hosts: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECOG_URL", url)
    assert read_environment().hosts == hosts


def test_a_secret_is_made_once_and_nobody_else_may_read_it(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = set(pool.map(lambda _: secret("secret", data_dir=tmp_path, variable="NO_SUCH_VARIABLE"), range(32)))
    assert len(made) == 1
    assert len(made.pop()) > 60
    (path,) = tmp_path.iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_secret_from_the_environment_is_never_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECOG_SECRET_KEY", "given")
    assert secret("secret", data_dir=tmp_path, variable="ECOG_SECRET_KEY") == "given"
    assert not list(tmp_path.iterdir())


def settings_of(tmp_path: Path, expression: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", f"from portal import settings; print({expression})"],
        env={"PATH": os.environ["PATH"], "ECOG_DATA_DIR": str(tmp_path)} | environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_debug_is_off_by_default(tmp_path: Path) -> None:
    assert settings_of(tmp_path, "settings.DEBUG") == "False"


def test_https_sets_strict_transport_and_secure_cookies(tmp_path: Path) -> None:
    asked = "settings.SECURE_HSTS_SECONDS > 0, settings.SECURE_SSL_REDIRECT, settings.SESSION_COOKIE_SECURE"
    assert settings_of(tmp_path, asked, ECOG_URL="https://ecog.example.org") == "True True True"
    assert settings_of(tmp_path, asked) == "False False False"


def test_everything_is_kept_in_the_data_folder(tmp_path: Path) -> None:
    asked = "settings.DATABASES['default']['NAME'], settings.DATABASES['headers']['NAME'], settings.OBJECTS_URL"
    told = settings_of(tmp_path / "here", asked)
    assert told.count(str(tmp_path / "here")) == 3


def test_the_data_folder_may_have_any_name(tmp_path: Path) -> None:
    folder = tmp_path / "a#b?c %20d"
    told = settings_of(folder, "settings.DATABASES['default']['NAME'], settings.DATABASES['headers']['NAME']")
    assert told == f"{folder}/portal.sqlite3 {folder}/headers.sqlite3"


def test_nobody_else_reads_the_databases_of_a_data_folder_that_others_may_enter(tmp_path: Path) -> None:
    folder = tmp_path / "var"
    folder.mkdir(mode=0o755)
    before = os.umask(0o022)
    try:
        command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
        environment = portal_environment(folder)
        for database in ("default", "headers"):
            subprocess.run([*command, "--database", database], cwd=ROOT, env=environment, check=True, timeout=120)
    finally:
        os.umask(before)
    found = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir() if path.is_file()}
    assert {"portal.sqlite3", "headers.sqlite3"} <= set(found)
    assert set(found.values()) == {0o600}


def test_a_database_in_memory_has_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in (":memory:", "", "file:x?mode=memory"):
        make_private(Path(name))
    make_private(tmp_path / "missing" / "portal.sqlite3")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("prefix", "sessions"), [("lab-", "lab-sessions"), ("", "behavioral-data-all")])
def test_the_bucket_of_sessions_is_never_named_like_a_patients(
    monkeypatch: pytest.MonkeyPatch, prefix: str, sessions: str
) -> None:
    monkeypatch.setenv("ECOG_BUCKET_PREFIX", prefix)
    monkeypatch.setenv("ECOG_SESSIONS_BUCKET", sessions)
    with pytest.raises(SettingError, match="ECOG_SESSIONS_BUCKET"):
        read_environment()
