"""The zips are the same bytes wherever they are made, hold what is needed and nothing else, and run."""

import importlib.util
import io
import os
import shutil
import subprocess
import sys
import zipfile
from importlib.metadata import distribution
from pathlib import Path
from unittest.mock import patch

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from lambdas import package as package_module
from lambdas.errors import CertificatesUnusable, ImportNotAllowed, PackageUnusable, ZipTooLarge
from lambdas.package import CA_NAME, FUNCTIONS, LIMIT_BYTES, Function, package, read_ca, write_all
from tests.environment import portal_environment
from tests.lambdas.certificates import authority

ROOT = Path(__file__).parents[2]
CHUNKS, SESSIONS = FUNCTIONS
CA, KEY = authority()
TRAVELS = ("behavior", "chunks", "lambdas", "storage")


def names(content: bytes) -> list[str]:
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        return file.namelist()


def ca_file(folder: Path, content: bytes = CA) -> Path:
    path = folder / "bundle.pem"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.name)
def test_a_zip_holds_what_the_function_imports_and_nothing_else(function: Function) -> None:
    held = names(package(function, ca=CA))
    tops = {name.partition("/")[0] for name in held}
    others = {top for top in tops if top not in TRAVELS}
    licence = f"pymysql-{distribution('PyMySQL').version}.dist-info"
    assert others == ({"pymysql", licence, CA_NAME} if function is CHUNKS else set())
    assert {Path(name).suffix for name in held} <= {".py", ".pem", ""}
    for unneeded in ("models.py", "views.py", "admin.py", "tests", "s3.py", "folder.py", "template.yaml", "package.py"):
        assert not [name for name in held if name.endswith(f"/{unneeded}")]
    assert held == sorted(held)


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.name)
def test_a_zip_is_small_even_with_all_of_amazons_authorities(function: Function) -> None:
    assert len(package(function, ca=CA * 400)) < LIMIT_BYTES


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.name)
def test_a_zip_runs_where_beside_it_there_is_boto3_alone(function: Function, tmp_path: Path) -> None:
    """`-I -S`: neither this checkout nor its packages are found but those of Lambda's runtime, by their links."""
    (tmp_path / "zip").write_bytes(package(function, ca=CA))
    runtime = tmp_path / "runtime"
    runtime.mkdir()
    for name in ("boto3", "botocore", "s3transfer", "jmespath", "urllib3", "dateutil", "six"):
        found = Path(str(importlib.util.find_spec(name).origin))  # type: ignore[union-attr]
        place = found.parent if found.name == "__init__.py" else found
        (runtime / place.name).symlink_to(place)
    code = (
        f"import sys; sys.path[:0] = [{str(tmp_path / 'zip')!r}, {str(runtime)!r}]; "
        f"import importlib; print(callable(importlib.import_module({function.module!r}).handler)); "
        "print({name.partition('.')[0] for name in sys.modules} & {'django', 'numpy', 'obstore', 'cryptography'})"
    )
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("True\nset()\n", 0), done.stderr


def test_the_same_bytes_come_from_another_folder_another_umask_and_another_time(tmp_path: Path) -> None:
    copy = tmp_path / "elsewhere"
    copy.mkdir()
    for name in (*TRAVELS, "portal", "people", "jobs", "selections", "downloads", "hibernation", "analysis", "care"):
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("requirements.txt", "manage.py", "pyproject.toml"):
        shutil.copy(ROOT / name, copy / name)
    for path in copy.rglob("*.py"):
        os.utime(path, (1, 1))
        path.chmod(0o600)
    code = (
        "import sys, os; os.umask(0o077); from pathlib import Path; from lambdas.package import read_ca, write_all;"
        "write_all(Path('out'), ca=read_ca(Path(sys.argv[1])))"
    )
    environment = {"PATH": os.environ["PATH"], "TZ": "Pacific/Auckland", "PYTHONHASHSEED": "7"}
    done = subprocess.run(
        [sys.executable, "-c", code, str(ca_file(tmp_path))],
        cwd=copy,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    here = {made.path.name: made.path.read_bytes() for made in write_all(tmp_path / "here", ca=CA)}
    assert here == {path.name: path.read_bytes() for path in (copy / "out").iterdir()}
    assert len(here) == 2


def test_another_content_is_another_name(tmp_path: Path) -> None:
    other, _ = authority()
    first, second = write_all(tmp_path, ca=CA), write_all(tmp_path, ca=other)
    assert first[0].path != second[0].path
    assert first[1].path == second[1].path


def test_the_command_says_path_size_and_hash(
    tmp_path: Path, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.RDS_CA_FILE = ca_file(tmp_path)
    call_command("package_lambdas", "--out", str(tmp_path / "a" / "b"))
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    for line, made in zip(lines, write_all(tmp_path / "a" / "b", ca=CA), strict=True):
        assert line == f"{made.path}  {made.path.stat().st_size} bytes  sha256 {made.sha256}"
    settings.RDS_CA_FILE = None
    with pytest.raises(CommandError, match="ECOG_RDS_CA_FILE is empty"):
        call_command("package_lambdas", "--out", str(tmp_path / "none"))
    assert not (tmp_path / "none").exists()


def test_the_setting_is_a_path_wherever_the_command_is_called(tmp_path: Path) -> None:
    environment = portal_environment(tmp_path / "var", ECOG_RDS_CA_FILE=str(ca_file(tmp_path)))
    command = [sys.executable, str(ROOT / "manage.py"), "package_lambdas"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "var" / "lambdas").glob("*.zip"))) == 2


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "cannot be read as certificates"),
        (b"<html>Not found</html>", "cannot be read as certificates"),
        ("Ünicode".encode(), "cannot be read as certificates"),
        (CA + KEY, "holds a private key"),
        (authority(is_ca=False)[0], "holds no certificate of an authority"),
    ],
)
def test_what_is_no_authority_is_refused(content: bytes, said: str, tmp_path: Path) -> None:
    with pytest.raises(CertificatesUnusable, match=said):
        read_ca(ca_file(tmp_path, content))


def test_a_file_of_authorities_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CertificatesUnusable, match=r"gone\.pem"):
        read_ca(tmp_path / "gone.pem")


def test_a_package_that_lambda_has_not_is_refused() -> None:
    with pytest.raises(ImportNotAllowed, match="wrong imports obstore"):
        package(Function(name="wrong", module="storage.urls", needs_ca=False), ca=CA)


def test_a_zip_that_grew_is_refused() -> None:
    with patch.object(package_module, "LIMIT_BYTES", 1000), pytest.raises(ZipTooLarge, match="at most 1,000"):
        package(SESSIONS, ca=CA)


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the installed MySQL client, found before the true one, to be spoilt."""
    found = distribution("PyMySQL")
    for path in found.files or ():
        if "__pycache__" not in path.parts and path.parts[0] != "..":
            copy = tmp_path / path
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_binary())
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def test_a_copy_that_is_as_it_was_is_packed(installed: Path) -> None:
    assert "pymysql/connections.py" in names(package(CHUNKS, ca=CA))


def test_a_package_that_was_changed_after_it_was_installed_is_refused(installed: Path) -> None:
    (installed / "pymysql" / "times.py").write_text("import os\n", encoding="utf-8")
    with pytest.raises(PackageUnusable, match=r"pymysql/times\.py of PyMySQL is not as it was installed"):
        package(CHUNKS, ca=CA)


def test_a_package_with_compiled_parts_is_refused(installed: Path) -> None:
    record = next(installed.glob("*.dist-info/RECORD"))
    record.write_text(record.read_text(encoding="utf-8") + "pymysql/_speed.cpython-313.so,,\n", encoding="utf-8")
    with pytest.raises(PackageUnusable, match="compiled parts"):
        package(CHUNKS, ca=CA)


def test_a_package_of_another_version_than_the_requirements_name_is_refused(installed: Path) -> None:
    metadata = next(installed.glob("*.dist-info/METADATA"))
    version = distribution("PyMySQL").version
    text = metadata.read_text(encoding="utf-8").replace(f"\nVersion: {version}\n", "\nVersion: 0.9\n")
    metadata.write_text(text, encoding="utf-8")
    with pytest.raises(PackageUnusable, match=r"0\.9 is installed"):
        package(CHUNKS, ca=CA)
