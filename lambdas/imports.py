"""What a module needs: our own files, found by following its imports, and the packages of others.

Owns: how imports are read. They are read from the text, nothing is run, so that what comes out does not depend on the
machine. What stands under `if TYPE_CHECKING:` is for checkers and never imported. Plain Python, no Django.
"""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lambdas.errors import ImportNotAllowed

ROOT = Path(__file__).parents[1]
OURS = frozenset({"behavior", "chunks", "lambdas", "storage"})


@dataclass(frozen=True, kw_only=True)
class Needed:
    """The files of ours, relative to the project's folder, and the names of packages of others."""

    files: tuple[Path, ...]
    packages: frozenset[str]


def needed_by(module: str, *, root: Path = ROOT) -> Needed:
    """All that is imported by the module, by what it imports, and so on. Raises `ImportNotAllowed`."""
    files: set[Path] = set()
    packages: set[str] = set()
    seen: set[str] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        path = _file_of(name, root=root)
        if path is None:
            raise ImportNotAllowed(f"{name} is imported by {module}, and there is no such module of ours.")
        files.add(path.relative_to(root))
        waiting += _parents(name)
        for imported in _imports(path, root=root):
            top = imported.partition(".")[0]
            if top in OURS:
                waiting.append(imported)
            elif top not in sys.stdlib_module_names:
                packages.add(top)
    return Needed(files=tuple(sorted(files)), packages=frozenset(packages))


def _parents(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[:count]) for count in range(1, len(parts))]


def _file_of(name: str, *, root: Path) -> Path | None:
    base = root.joinpath(*name.split("."))
    return next((path for path in (base / "__init__.py", base.with_suffix(".py")) if path.is_file()), None)


def _imports(path: Path, *, root: Path) -> Iterator[str]:
    """The full names of the modules that a file imports."""
    for node in _run(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                raise ImportNotAllowed(f"{path.relative_to(root)} imports by dots: write the module's whole name.")
            package = node.module or ""
            yield package
            yield from (
                name for each in node.names if _file_of(name := f"{package}.{each.name}", root=root) is not None
            )


def _run(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes below that may be run."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING"):
            for other in child.orelse:
                yield other
                yield from _run(other)
            continue
        yield child
        yield from _run(child)
