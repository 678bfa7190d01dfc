"""What a function needs is read from the text of its modules."""

from pathlib import Path

import pytest

from lambdas.errors import ImportNotAllowed
from lambdas.imports import needed_by


def write(root: Path, **files: str) -> None:
    for name, text in files.items():
        path = root.joinpath(*name.split("__")).with_suffix(".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        for folder in path.relative_to(root).parents:
            (root / folder / "__init__.py").touch()
        path.write_text(text, encoding="utf-8")


def files(root: Path, module: str = "lambdas.one") -> list[str]:
    return [path.as_posix() for path in needed_by(module, root=root).files if path.name != "__init__.py"]


def test_imports_are_followed_to_their_end(tmp_path: Path) -> None:
    write(
        tmp_path,
        lambdas__one="import json\nimport boto3.session\nfrom behavior import keys\nfrom storage.names import fits",
        behavior__keys="def late():\n    import chunks.format.clock",
        chunks__format__clock="from lambdas.one import handler",
        chunks__views="import django",
        storage__names="",
    )
    assert files(tmp_path) == ["behavior/keys.py", "chunks/format/clock.py", "lambdas/one.py", "storage/names.py"]
    needed = needed_by("lambdas.one", root=tmp_path)
    assert needed.packages == {"boto3"}
    assert {path.as_posix() for path in needed.files} > {"chunks/__init__.py", "chunks/format/__init__.py"}


@pytest.mark.parametrize("test", ["TYPE_CHECKING", "typing.TYPE_CHECKING"])
def test_what_only_checkers_import_is_left_out(test: str, tmp_path: Path) -> None:
    write(
        tmp_path,
        lambdas__one=f"if {test}:\n    import django, storage.a\nelse:\n    import storage.b",
        storage__a="",
        storage__b="",
    )
    assert files(tmp_path) == ["lambdas/one.py", "storage/b.py"]
    assert needed_by("lambdas.one", root=tmp_path).packages == set()


def test_a_package_of_another_is_named(tmp_path: Path) -> None:
    write(tmp_path, lambdas__one="try:\n    from numpy.linalg import norm\nexcept ImportError:\n    pass")
    assert needed_by("lambdas.one", root=tmp_path).packages == {"numpy"}


@pytest.mark.parametrize("line", ["from . import two", "import storage.gone", "from storage.gone import x"])
def test_what_cannot_be_followed_is_refused(line: str, tmp_path: Path) -> None:
    write(tmp_path, lambdas__one=line, storage__there="")
    with pytest.raises(ImportNotAllowed, match=r"write the module's whole name|no such module"):
        needed_by("lambdas.one", root=tmp_path)
