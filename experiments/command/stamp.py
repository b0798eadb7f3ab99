"""The stamp of a written page: a comment with the digest of what it was made from and of what it says, checked from files alone."""

import re
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from straightedge.analysis.store.key import key
from straightedge.analysis.store.place import published, root
from straightedge.estimators.catalogue.catalogue import entries

PATTERN = re.compile(r"\n<!-- made from ([0-9a-f]{16}), says ([0-9a-f]{16}) -->\n$")


@dataclass(frozen=True)
class Page:
    """What a page of docs/ is made from: the module that writes it, and the tables that it quotes, all if none is named."""

    maker: str
    quoted: tuple[str, ...]

    @property
    def tables(self) -> tuple[str, ...]:
        """The studies whose tables they are."""
        return self.quoted or tuple(sorted(path.parent.name for path in published().glob("*/summary.csv")))

    @property
    def modules(self) -> tuple[str, ...]:
        """The page's own module, and those of the studies whose words it takes."""
        words = () if self.maker.endswith("command.page") else self.tables
        return (self.maker, *(f"straightedge.experiments.{name}" for name in words))


PAGES = {
    "estimators": Page("straightedge.experiments.command.page", ("cost", "weights")),
    "choosing": Page("straightedge.experiments.guide.choice", ("cost", "efficiency", "weights", "temperature", "autoencoder")),
    "noise": Page("straightedge.experiments.guide.noise", ("classification",)),
    "questions": Page("straightedge.experiments.guide.question", ()),
}


def path(name: str) -> Path:
    """Where a page of the checkout is."""
    return root() / "docs" / f"{name}.md"


def made_from(name: str = "estimators") -> str:
    """The digest of the estimators' files, words included, of the tables with their captions, and of the code that writes the page."""
    page = PAGES[name]
    files = [entry.path for entry in entries().values() if entry.own]
    files += [published() / table / part for table in page.tables for part in ("summary.csv", "figure.txt")]
    return key({f"{file.parent.name}/{file.name}": sha256(file.read_bytes()).hexdigest() for file in files if file.is_file()}, page.modules)


def stamp(text: str, name: str = "estimators") -> str:
    """The page with its stamp."""
    return f"{text}\n<!-- made from {made_from(name)}, says {digest(text)} -->\n"


def digest(text: str) -> str:
    """16 hex digits of these words."""
    return sha256(text.encode()).hexdigest()[:16]


def stamped(file: Path, name: str = "estimators") -> bool:
    """Whether the page at this path is what would be written now."""
    text = file.read_text() if file.is_file() else ""
    found = PATTERN.search(text)
    return found is not None and (found[1], found[2]) == (made_from(name), digest(text[: found.start()]))
