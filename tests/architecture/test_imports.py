"""The arrows between the apps, and what must be importable where no Django is installed."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# What each app may import of ours, directly; `portal` is the composition root and may import all.
MAY_IMPORT = {
    "people": set(),
    "storage": set(),
    "jobs": {"people"},
    "chunks": {"people", "jobs", "storage"},
    "behavior": {"people", "jobs", "chunks", "storage"},
    "selections": {"people", "jobs", "chunks", "behavior"},
    "downloads": {"people", "jobs", "storage", "chunks", "behavior", "selections"},
    "analysis": {"people", "jobs", "storage", "chunks", "behavior", "selections"},
    "hibernation": {"people", "jobs", "storage", "chunks"},
    "lambdas": {"chunks", "behavior", "storage"},
}
APPS = {*MAY_IMPORT, "portal"}
# Plain Python that travels to Lambdas and Spark executors.
PLAIN = {"chunks.format": set(), "storage": {"obstore", "boto3", "botocore", "mypy_boto3_s3"}}
# The same of single modules; what they import of ours is among them or in a plain package.
PLAIN_MODULES = {
    "behavior.record": set(),
    "behavior.documents": set(),
    "behavior.dynamo_calls": {"boto3", "botocore", "mypy_boto3_dynamodb"},
    "behavior.dynamo_tables": {"botocore"},
    "behavior.dynamodb": {"boto3", "botocore"},
    "behavior.equal": set(),
    "behavior.errors": set(),
    "behavior.keys": set(),
    "behavior.notes": set(),
    "behavior.recognise": set(),
    "behavior.sessions": set(),
    "behavior.subject": set(),
    "behavior.wall_time": set(),
}


def modules(app: str) -> Iterator[Path]:
    yield from (ROOT / app).rglob("*.py")


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


@pytest.mark.parametrize("app", sorted(MAY_IMPORT))
def test_an_app_imports_only_what_the_arrows_allow(app: str) -> None:
    wrong = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in modules(app)
        for name in imported(path)
        if (top := name.partition(".")[0]) in APPS and top != app and top not in MAY_IMPORT[app]
    }
    assert not wrong


def test_every_app_is_under_the_rule() -> None:
    folders = {path.parent.name for path in ROOT.glob("*/apps.py")} | {"storage", "lambdas"}
    assert folders == APPS


@pytest.mark.parametrize("package", sorted(PLAIN))
def test_plain_packages_import_the_standard_library_and_little_else(package: str) -> None:
    allowed = PLAIN[package] | sys.stdlib_module_names | {package.partition(".")[0]}
    wrong = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in modules(package.replace(".", "/"))
        for name in imported(path)
        if name.partition(".")[0] not in allowed or (name.startswith("chunks") and not name.startswith("chunks.format"))
    }
    assert not wrong


@pytest.mark.parametrize("module", sorted(PLAIN_MODULES))
def test_plain_modules_import_the_standard_library_and_little_else(module: str) -> None:
    allowed = PLAIN_MODULES[module] | sys.stdlib_module_names
    wrong = {
        name
        for name in imported(ROOT / f"{module.replace('.', '/')}.py")
        if name.partition(".")[0] not in allowed
        and name not in {*PLAIN_MODULES, "behavior"}
        and not name.startswith(("chunks.format", "storage"))
    }
    assert not wrong


def test_the_format_is_importable_where_nothing_is_installed() -> None:
    names = [f"chunks.format.{path.stem}" for path in modules("chunks/format") if path.stem != "__init__"]
    names += [module for module, others in PLAIN_MODULES.items() if not others]
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); import {', '.join(names)}; print('django' in sys.modules)"
    # -I -S: no site-packages, so neither Django nor NumPy can be found.
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "False\n"), done.stderr


def test_lambdas_import_of_apps_only_what_is_plain() -> None:
    plain = {*PLAIN_MODULES, "storage", "lambdas", "chunks.format"}
    wrong = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in modules("lambdas")
        for name in imported(path)
        if name.partition(".")[0] in APPS and not any(name == each or name.startswith(f"{each}.") for each in plain)
    }
    assert not wrong


def test_what_the_lambda_takes_along_needs_no_django() -> None:
    code = "import sys; sys.modules['django'] = None; import behavior.record, behavior.dynamodb"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("app", sorted(APPS))
def test_work_never_imports_views_or_commands(app: str) -> None:
    wrong = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in modules(app)
        if "management" not in path.parts
        for name in imported(path)
        if re.match(rf"({'|'.join(APPS)})\..*management", name) or (path.stem != "urls" and name.endswith(".views"))
    }
    assert not wrong


@pytest.mark.parametrize("app", sorted(APPS))
def test_init_files_are_empty(app: str) -> None:
    assert not [path for path in (ROOT / app).rglob("__init__.py") if path.read_text(encoding="utf-8").strip()]


@pytest.mark.parametrize("app", sorted(APPS))
def test_no_module_is_a_drawer_for_everything(app: str) -> None:
    assert not {path.stem for path in modules(app)} & {"utils", "util", "helpers", "core", "common", "misc"}


@pytest.mark.parametrize("app", sorted(APPS))
def test_modules_stay_small(app: str) -> None:
    lines = {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in modules(app)}
    assert not {path: count for path, count in lines.items() if count > 400}
