"""Keys of results: digests of plain values and of the source that can change a number, found without importing anything."""

import ast
import json
from functools import cache
from hashlib import sha256
from pathlib import Path

import straightedge
import straightedge.estimators


def key(values: dict, modules: tuple[str, ...]) -> str:
    """16 hex digits that change when the plain values do, or the code of the modules and of what they import here."""
    text = json.dumps(values, sort_keys=True, allow_nan=False) + digest(modules)
    return sha256(text.encode()).hexdigest()[:16]


@cache
def digest(modules: tuple[str, ...]) -> str:
    """64 hex digits of the code of these modules and of what they import here."""
    return sha256(source(modules).encode()).hexdigest()


@cache
def source(modules: tuple[str, ...]) -> str:
    """The code of these modules and of all project modules they import, without comments and docstrings."""
    seen: dict[str, str] = {}
    waiting = list(modules)
    while waiting:
        name = waiting.pop()
        path = None if name in seen else origin(name)
        if path is not None:
            seen[name], found = code(path)
            waiting += found
    return "\n".join(f"{name}: {seen[name]}" for name in sorted(seen))


def origin(name: str) -> Path | None:
    """The file of a project module; None for a package, for a name inside a module and for what is not the project's."""
    first, *parts = name.split(".")
    if first != "straightedge" or not parts:
        return None
    if parts[0] == "estimators" and len(parts) == 2:
        candidates = [Path(folder) / f"{parts[1]}.py" for folder in straightedge.estimators.__path__]
    else:
        candidates = [Path(folder, *parts).with_suffix(".py") for folder in straightedge.__path__]
    return next((path for path in candidates if path.is_file()), None)


@cache
def code(path: Path) -> tuple[str, list[str]]:
    """(the syntax tree in words, without docstrings; the project modules that it imports)."""
    tree = ast.parse(path.read_text())
    names = [found for found in imported(tree) if found.split(".")[0] == "straightedge"]
    return ast.dump(bare(tree)), names


def imported(tree: ast.AST) -> list[str]:
    """Modules that this code imports, in dotted form."""
    names = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return names


def bare(tree: ast.AST) -> ast.AST:
    """The tree without docstrings and other loose strings."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            node.body = [part for part in node.body
                         if not (isinstance(part, ast.Expr) and isinstance(part.value, ast.Constant)
                                 and isinstance(part.value.value, str))]
    return tree
