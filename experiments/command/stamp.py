"""The stamp of a written page: a comment with the digest of what it was made from and of what it says, checked from files alone."""

import re
from hashlib import sha256
from pathlib import Path

from straightedge.analysis.store.key import key
from straightedge.analysis.store.place import published
from straightedge.estimators.catalogue.catalogue import entries

PATTERN = re.compile(r"\n<!-- made from ([0-9a-f]{16}), says ([0-9a-f]{16}) -->\n$")
TABLES = ("cost", "weights")
MAKERS = ("straightedge.experiments.command.page",)


def made_from() -> str:
    """The digest of the estimators' files, words included, of the tables and of the code that writes the page."""
    files = [entry.path for entry in entries().values() if entry.own]
    files += [published() / name / "summary.csv" for name in TABLES]
    return key({path.name: sha256(path.read_bytes()).hexdigest() for path in files if path.is_file()}, MAKERS)


def stamp(text: str) -> str:
    """The page with its stamp."""
    return f"{text}\n<!-- made from {made_from()}, says {digest(text)} -->\n"


def digest(text: str) -> str:
    """16 hex digits of these words."""
    return sha256(text.encode()).hexdigest()[:16]


def stamped(path: Path) -> bool:
    """Whether the page at this path is what would be written now."""
    text = path.read_text() if path.is_file() else ""
    found = PATTERN.search(text)
    return found is not None and (found[1], found[2]) == (made_from(), digest(text[: found.start()]))
