"""Which lines of a table on disk are believed: told by the digest of each key's lines in the manifest beside it, without a library.

A line counts by its columns and values: numbers by what they are, whatever their spelling; empty cells not at all, so that the digest of
one cell's lines does not depend on the columns that others need.
"""

import csv
import math
import re
from hashlib import sha256
from io import StringIO

Lines = list[dict[str, str]]
BLANK = ("value", "low", "high", "error")
"""Columns that may be empty."""


def lines(text: str) -> dict[str, Lines]:
    """Key -> the lines of a table, in their order; what has no key, or another number of values than the head, is nobody's."""
    head, *rows = csv.reader(StringIO(text), strict=True) if text else [[]]
    found: dict[str, Lines] = {}
    if "key" not in head or len(set(head)) != len(head):
        return found
    place = head.index("key")
    for row in rows:
        key = row[place] if len(row) == len(head) else ""
        found.setdefault(key, []).append(dict(zip(head, row, strict=False)))
    found.pop("", None)
    return found


def digest(rows: Lines) -> str:
    """16 hex digits of one key's lines."""
    values = [sorted((name, number(value)) for name, value in row.items() if value != "") for row in rows]
    return sha256(repr(values).encode()).hexdigest()[:16]


def number(text: str) -> str:
    """A number in its one spelling; words as they are."""
    try:
        return repr(float(text))
    except ValueError:
        return text


def digests(text: str) -> dict[str, str]:
    """Key -> digest of its lines."""
    return {key: digest(rows) for key, rows in lines(text).items()}


def sound(text: str, said: dict[str, str] | None) -> dict[str, Lines]:
    """Key -> lines, of the keys whose lines are as they were written; without digests, of those that are whole by their own account."""
    try:
        found = lines(text)
    except (csv.Error, ValueError):
        return {}
    if said is not None:
        return {key: rows for key, rows in found.items() if said.get(key) == digest(rows)}
    layers = {problem: {row.get("group") for rows in found.values() for row in rows if row.get("problem") == problem}
              for problem in {row.get("problem") for rows in found.values() for row in rows}}
    return {key: rows for key, rows in found.items() if whole(rows, layers[rows[0].get("problem")])}


def whole(rows: Lines, groups: set[str | None]) -> bool:
    """Whether one key's lines are of one cell, each once, with numbers, of all groups of its problem, and every layer has what every other
    layer has."""
    names = [tuple(row.get(column, "") for column in ("group", "metric", "draws", "against")) for row in rows]
    layers = [{name[1:] for name in names if name[0] == group} for group in groups if group not in ("all", "hidden")]
    everything = {name[1:] for name in names if name[0] == "all"}
    return (len(set(names)) == len(names) and len({(row.get("problem"), row.get("label")) for row in rows}) == 1
            and {name[0] for name in names} | {"hidden"} == groups | {"hidden"}
            and all(layer == layers[0] <= everything for layer in layers)
            and gapless(groups) and not any(blank(row) for row in rows)
            and all(numeric(row, column) for row in rows for column in ("draws", "value", "low", "high", "error", "rows", "seeds")))


def gapless(groups: set[str | None]) -> bool:
    """Whether the layers are numbered from zero on."""
    layers = {group for group in groups if group and re.fullmatch(r"layer\d+", group)}
    return layers == {f"layer{index}" for index in range(len(layers))}


def blank(row: dict[str, str]) -> bool:
    """Whether a line lacks a value that it must have: a root of what may be negative may have none, and what has no bounds either."""
    return not row.get("value") and not row.get("metric", "").startswith("rmse") and bool(row.get("low") or row.get("high"))


def numeric(row: dict[str, str], column: str) -> bool:
    """Whether a column of a line is a finite number, or empty where it says that there is none."""
    try:
        return column in BLANK and not row.get(column) or math.isfinite(float(row.get(column, "")))
    except ValueError:
        return False


def text(found: dict[str, Lines]) -> str:
    """These lines as a table."""
    rows = [row for group in found.values() for row in group]
    stream = StringIO()
    writer = csv.DictWriter(stream, list(rows[0]) if rows else ["key"], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()
