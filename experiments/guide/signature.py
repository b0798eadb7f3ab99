"""Docstrings for the page of the public interface: aligned lists of parameters, as they stand in the source, become lists."""

import re
from typing import Any

import griffe

ENTRY = re.compile(r"([*\w][\w*, ]*?) {2,}(\S.*)")


class Lists(griffe.Extension):
    """Changes the docstring of everything that is collected."""

    def on_instance(self, *, obj: griffe.Object, **_: Any) -> None:
        """Called by griffe for every module, class, function and attribute."""
        if obj.docstring is not None:
            obj.docstring.value = listed(obj.docstring.value)


def listed(text: str) -> str:
    """The docstring with a list in the place of every paragraph of two or more lines 'name  words'; indented examples are code."""
    return "\n\n".join(paragraph(part) for part in re.split(r"\n\s*\n", text))


def paragraph(text: str) -> str:
    """One paragraph, as a list if it is one: names, and words that all begin in one column."""
    lines = text.splitlines()
    first = next(filter(None, map(ENTRY.fullmatch, lines)), None)
    if len(lines) < 2 or lines[0].startswith(" ") or first is None:
        return text
    column, found = first.start(2), [""]
    for line in lines:
        name, words, wide = line[:column], line[column:], ENTRY.fullmatch(line)
        if wide or line[0] != " " and name.endswith(" ") and words and not words.startswith(" "):
            name, words = (wide[1], wide[2]) if wide else (name, words)
            found.append(f"* `{name.strip()}` {words}")
        elif line[0] == " " and len(found) > 1:
            found[-1] += f" {line.strip()}"
        else:
            found += ["", line]
    return "\n".join(found).strip()
