"""What travels to executors reads windows where there is neither this checkout nor Django."""

import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from analysis.errors import FolderOnCluster
from analysis.options import require_reachable
from analysis.travelling import PATTERNS, ROOT, write_zip
from storage.objects import Objects
from tests.analysis.made import PLAIN, take, write

ABSENT = (
    "django",
    "portal",
    "people",
    "jobs",
    "selections",
    "behavior",
    "chunks.models",
    "environ",
    "celery",
    "lambdas",
)
CODE = """
import json, sys
for name in {absent!r}:
    sys.modules[name] = None
sys.path[:] = [each for each in sys.path if each not in ("", {root!r})]
sys.path.insert(0, {zip!r})
{body}
"""
READ = """
from analysis.options import Options
from analysis.origins import Narrowing
from analysis.source import ChnSource
from analysis.portions import read, tasks_of
from storage.urls import open_objects
import analysis.reading
assert analysis.reading.__file__.startswith({zip!r})
source = type("ChnSource", (ChnSource,), {{"master": "local[2]"}})({{"objects": {url!r}, "prefix": "edf-chunks-2002"}})
reader = source.reader(None)
batches = [batch for task in reader.partitions() for batch in reader.read(task)]
print(json.dumps([[sum(map(sum, batch.column("samples").to_pylist())), batch.num_rows] for batch in batches]))
"""


def in_another_place(body: str, *, archive: Path, cwd: Path) -> str:
    code = CODE.format(absent=ABSENT, root=str(ROOT), zip=str(archive), body=body)
    done = subprocess.run([sys.executable, "-c", code], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.database
def test_an_executor_needs_the_zip_and_no_django(tmp_path: Path, objects: Objects, objects_url: str) -> None:
    samples = write(tmp_path / "a.edf")
    take(tmp_path / "a.edf", objects)
    archive = write_zip(tmp_path)
    told = in_another_place(READ.format(url=objects_url, zip=str(archive)), archive=archive, cwd=tmp_path)
    sums = [total for total, _ in json.loads(told)]
    assert np.isclose(sum(sums), sum(each.physical(samples[each.label]).sum() for each in PLAIN))


def test_every_module_of_the_zip_can_be_imported_from_it(tmp_path: Path) -> None:
    archive = write_zip(tmp_path)
    with zipfile.ZipFile(archive) as file:
        names = [each.removesuffix(".py").replace("/", ".").removesuffix(".__init__") for each in file.namelist()]
    assert "analysis.source" in names
    told = in_another_place(
        f"from importlib import import_module\nfor name in {names!r}: import_module(name)\nprint('all')",
        archive=archive,
        cwd=tmp_path,
    )
    assert told == "all\n"


def test_no_pattern_is_about_nothing() -> None:
    assert not [pattern for pattern in PATTERNS if not list(ROOT.glob(pattern))]


def test_the_same_modules_make_the_same_zip(tmp_path: Path) -> None:
    (tmp_path / "again").mkdir()
    assert write_zip(tmp_path).read_bytes() == write_zip(tmp_path / "again").read_bytes()


def test_executors_get_the_versions_that_are_tested() -> None:
    pinned = re.findall(
        r"^ +([a-z0-9]+==[0-9.]+)", (ROOT / "analysis" / "bootstrap.sh").read_text("utf-8"), re.MULTILINE
    )
    wanted = {
        line for name in ("core", "spark") for line in (ROOT / f"requirements-{name}.txt").read_text("utf-8").split()
    }
    assert len(pinned) == 6
    assert set(pinned) <= wanted


@pytest.mark.parametrize("master", ["spark://10.0.0.1:7077", "spark://127.0.0.1:7077", "yarn", ""])
def test_a_folder_is_not_read_by_other_machines(master: str) -> None:
    with pytest.raises(FolderOnCluster, match="ECOG_OBJECTS_URL"):
        require_reachable("file:///srv/ecog/objects", master=master)
    require_reachable("s3://?region=eu-west-1", master=master)


@pytest.mark.parametrize("master", ["local", "local[2]", "local[*]"])
def test_a_folder_is_read_here(master: str) -> None:
    require_reachable("file:///srv/ecog/objects", master=master)
