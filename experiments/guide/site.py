"""Hooks of mkdocs: the README is the first page, the findings are one, and what pages link to outside docs/ is within the site."""

import re
import tempfile
from pathlib import Path
from typing import Any

from mkdocs.plugins import event_priority
from mkdocs.structure.files import File, Files

from straightedge.analysis.store.place import published, root
from straightedge.experiments.runner.listing import questions, study_of

OUTSIDE = re.compile(r"(?<=\]\()(?:\.\./)+([\w/.-]+\.(?:py|md|png|svg|txt|csv|cff|ipynb))(?=[)#])")
FROM_TOP = re.compile(r"(?<=\]\()(?!https?:|#)([\w/.-]+)(?=[)#])")



@event_priority(100)  # before mkdocstrings reads where to look
def on_config(config: Any) -> Any:
    """Shows the parser of docstrings the package as it is installed: the rooms inside it."""
    place = Path(tempfile.mkdtemp(prefix="straightedge")) / "straightedge"
    place.mkdir()
    for path in [*(root() / "straightedge").iterdir(), *(root() / name for name in ("estimators", "analysis", "experiments"))]:
        (place / path.name).symlink_to(path)
    config.plugins["mkdocstrings"].config["handlers"]["python"]["paths"] = [str(place.parent)]
    return config


def on_files(files: Files, config: Any) -> Files:
    """Adds the README, the findings, and every file that a page links to."""
    pages = {"index.md": readme(), "findings.md": findings()}
    texts = [*pages.values(), *(file.content_string for file in files.documentation_pages())]
    for src, content in pages.items():
        files.append(File.generated(config, src, content=content))
    for path in sorted({found for text in texts for found in OUTSIDE.findall(text)}):
        files.append(linked(path, config))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Links out of docs/ lead to the copies within the site."""
    up = "../" * page.file.src_uri.count("/")
    return OUTSIDE.sub(lambda found: up + within(found[1]), markdown)


def within(path: str) -> str:
    """Where the site has a file of the checkout: source code as a page, of docs/ in its place, the others as they are."""
    if path.startswith("docs/"):
        return path.removeprefix("docs/")
    return f"source/{path}.md" if path.endswith(".py") else path


def linked(path: str, config: Any) -> File:
    """A file that a page links to: code with its colours, words and pictures as they are."""
    place = root() / path
    if path.endswith(".py"):
        return File.generated(config, within(path), content=f"# {path}\n\n```python\n{place.read_text()}```\n")
    if path.endswith(".md"):
        return File.generated(config, path, content=f"# {Path(path).parent.name}\n\n{place.read_text()}")
    return File.generated(config, path, abs_src_path=str(place))


def readme() -> str:
    """The README, its links as of a page of docs/."""
    def from_docs(found: re.Match[str]) -> str:
        path = found[1]
        if path.endswith("/"):
            return "architecture.md"
        return path.removeprefix("docs/") if path.startswith("docs/") else f"../{path}"

    return FROM_TOP.sub(from_docs, (root() / "README.md").read_text())


def findings() -> str:
    """Every study: its question, its figure, its words."""
    parts = ["# Findings", "What every study asks and what its published table answers; sentences and numbers are made from the table."]
    for name in questions():
        folder, study = published() / name, study_of(name)
        if not (folder / "figure.txt").is_file():
            continue
        answer, *rest = (folder / "figure.txt").read_text().strip().split("\n\n")
        parts += [f"## {study.asked}", f"**{answer}**", f"![{answer}](../results/{name}/figure.svg)", *rest,
                  f"[The numbers](../results/{name}/table.md)"]
    return "\n\n".join(parts) + "\n"
