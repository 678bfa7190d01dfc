"""The demo needs no compiler: every package of the core has a wheel for every Python and machine it is promised for."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
GLIBC = range(17, 37)  # Debian 12 has 2.36


@pytest.mark.prove
@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
def test_the_core_is_wheels_alone(python: str, machine: str, tmp_path: Path) -> None:
    platforms = [f"--platform=manylinux_2_{minor}_{machine}" for minor in GLIBC]
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--dry-run",
        "--only-binary=:all:",
        f"--target={tmp_path}",
    ]
    command += [f"--python-version={python}", f"--platform=manylinux2014_{machine}", *platforms]
    command += ["-r", "requirements-core.txt", "-c", "constraints.txt"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("file", sorted(path.name for path in ROOT.glob("requirements*.txt")))
def test_every_requirement_is_pinned(file: str) -> None:
    lines = [line for line in (ROOT / file).read_text(encoding="utf-8").splitlines() if line and line[0] not in "#-"]
    assert lines
    assert not [line for line in lines if not re.fullmatch(r"[A-Za-z0-9_\-\[\],]+==[0-9][0-9A-Za-z.]*", line)]


def test_every_requirement_has_the_version_of_the_constraints() -> None:
    pinned = dict(
        re.findall(r"^([a-z0-9-]+)==(\S+)", (ROOT / "constraints.txt").read_text("utf-8"), flags=re.MULTILINE)
    )
    for file in ("requirements-core.txt", "requirements.txt", "requirements-dev.txt"):
        for name, version in re.findall(
            r"^([A-Za-z][A-Za-z0-9-]*)[^=\n]*==(\S+)", (ROOT / file).read_text("utf-8"), re.MULTILINE
        ):
            assert pinned[name.lower()] == version
