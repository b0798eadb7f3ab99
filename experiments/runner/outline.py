"""The options of a study, told from its file alone: nothing is imported, so that --help is there at once."""

import ast
from contextlib import suppress
from dataclasses import dataclass, field, make_dataclass
from typing import Annotated, Any, Literal

import tyro

from straightedge.experiments.runner.listing import FOLDER

WORDS: dict[str, Any] = {"int": int, "float": float, "str": str, "bool": bool, "tuple": tuple, "None": None, "...": ...}


@dataclass(frozen=True)
class Outline:
    """What --help says of a study."""

    question: str
    """The module's docstring."""
    config: type
    """A dataclass of the options in its Config, with their defaults."""


def outline(name: str) -> Outline:
    """The outline of the study of this name.  Raises ValueError for an option whose type or default is no plain word or literal."""
    tree = ast.parse((FOLDER / f"{name}.py").read_text())
    config = next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "Config")
    values = literals(tree)
    parts = []
    for node, after in zip(config.body, [*config.body[1:], None], strict=True):
        if not isinstance(node, ast.AnnAssign) or not isinstance(node.target, ast.Name) or "Suppressed" in ast.unparse(node.annotation):
            continue
        if node.value is None:
            raise ValueError(f"{name}: the option {node.target.id} has no default")
        written = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
        words = ast.literal_eval(after.value) if written else ""  # type: ignore[union-attr]
        kind = Annotated[kind_of(node.annotation), tyro.conf.arg(help=words)]  # type: ignore[valid-type]
        default = values[node.value.id] if isinstance(node.value, ast.Name) and node.value.id in values else ast.literal_eval(node.value)
        parts.append((node.target.id, kind, field(default=default)))
    made = make_dataclass(config.name, parts, frozen=True)
    made.__doc__ = ast.get_docstring(config)
    return Outline(ast.get_docstring(tree) or "", made)


def literals(tree: ast.Module) -> dict[str, Any]:
    """Name -> value, of the constants of a file that are written as literals."""
    found = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            with suppress(ValueError):
                found[node.targets[0].id] = ast.literal_eval(node.value)
    return found


def kind_of(node: ast.expr) -> Any:
    """The type that an annotation of plain words names."""
    match node:
        case ast.Subscript(value=ast.Name(id="Literal"), slice=part):
            words = ast.literal_eval(part)
            return Literal[*(words if isinstance(words, tuple) else (words,))]
        case ast.Subscript(value=value, slice=ast.Tuple(elts=parts)):
            return kind_of(value)[tuple(map(kind_of, parts))]
        case ast.Subscript(value=value, slice=part):
            return kind_of(value)[kind_of(part)]
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return kind_of(left) | kind_of(right)
        case ast.Name() | ast.Constant() if ast.unparse(node) in WORDS:
            return WORDS[ast.unparse(node)]
    raise ValueError(f"the type {ast.unparse(node)} of an option is no plain word")
