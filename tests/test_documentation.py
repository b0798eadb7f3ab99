"""The documentation: what is to be pasted works when pasted, numbers are the tables', drawings are the code's, the site builds."""

import importlib.util
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import straightedge
from straightedge.analysis.check.draw import Networks
from straightedge.analysis.check.form import check_cost
from straightedge.analysis.check.ladder import ladder
from straightedge.analysis.store.place import checkout
from straightedge.estimators.catalogue.registry import registry
from straightedge.experiments.command.stamp import PAGES, stamp, stamped
from straightedge.experiments.guide import choice, picture, question, rooms, signature
from straightedge.experiments.runner.perform import perform

ROOT = checkout()
DOCS = ROOT / "docs"
AWAY = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
FILES = re.findall(r"`(\w+)\.py`:\n\n```python\n(.*?)```", (DOCS / "adding.md").read_text(), re.DOTALL)
ELSEWHERE = {"model.md": "test_model_page", "check-your-own.md": "test_check_your_own", "adding.md": "here", "start.md": "here",
             "study.md": "here", "runs.md": "test_cluster"}
"""Page with code -> the test that runs it; clusters are made by test_cluster, but for SLURM's lines, which say that no test runs them."""


def blocks(page: str, kind: str) -> list[str]:
    """The code blocks of one language."""
    return re.findall(rf"```{kind}\n(.*?)```", (DOCS / page).read_text(), re.DOTALL)


def ran(words: list[str], folder: Path) -> str:
    """What a command prints, in this folder; it must succeed."""
    done = subprocess.run([sys.executable, *words], cwd=folder, capture_output=True, text=True, check=False, env=AWAY)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def commands(page: str) -> list[list[str]]:
    """The lines of its shell blocks that are this package's."""
    lines = [line.split("  #")[0] for block in blocks(page, "sh") for line in block.splitlines()]
    return [shlex.split(line)[1:] for line in lines if line.startswith("straightedge")]


@pytest.mark.unit
def test_every_page_with_code_is_run_by_a_test():
    assert {path.name for path in DOCS.glob("*.md") if blocks(path.name, "python") or blocks(path.name, "sh")} == set(ELSEWHERE)


@pytest.mark.endtoend
def test_the_five_minutes(tmp_path):
    """Its Python, then every command in the folder where it left its files."""
    said = ran(["-c", blocks("start.md", "python")[0]], tmp_path)
    assert "reinforce" in said and {"my.npz", "plot.png"} <= {path.name for path in tmp_path.iterdir()}
    for words in commands("start.md"):
        if words[:1] not in ([], ["check"]):  # test_readme has them
            ran(["-m", "straightedge", *words], tmp_path)
    assert {"table.csv", "report.html", "my_rule.py"} <= {path.name for path in tmp_path.iterdir()}


@pytest.mark.endtoend
@pytest.mark.parametrize(("name", "code"), FILES, ids=lambda value: value if len(value) < 30 else "code")
def test_a_pasted_estimator_passes_the_checks(name, code, tmp_path):
    (tmp_path / f"{name}.py").write_text(code)
    assert "FAILED" not in ran(["-m", "straightedge", "check", name, "--plugins", "."], tmp_path)


@pytest.mark.unit
def test_all_three_forms_are_shown():
    assert [re.search(r"class \w+\((\w+)\)", code)[1] for _, code in FILES] == ["Rule", "Surrogate", "Estimator"]


@pytest.mark.unit
def test_a_wrong_cost_of_a_pasted_surrogate_is_seen():
    """The line that one would guess."""
    space: dict = {"__name__": "written"}
    exec(FILES[1][1].replace(" through every layer", ""), space)
    estimator = space["ScoreSurrogate"]()
    with pytest.raises(AssertionError, match="counted"):
        check_cost(estimator, Networks(estimator, {"deep": ladder()["deep"]}))


@pytest.mark.endtoend
def test_the_commands_of_the_study_page(tmp_path):
    for words in commands("study.md"):
        if words[0] != "amount":
            ran(["-m", "straightedge", *words], tmp_path)
    assert list((tmp_path / "results" / "custom").rglob("figure.png"))


@pytest.mark.study
def test_the_study_of_the_study_page(tmp_path, monkeypatch):
    """Measured as a file of experiments/ is: a table, a figure and its words."""
    (tmp_path / "amount.py").write_text(blocks("study.md", "python")[0])
    spec = importlib.util.spec_from_file_location("straightedge.experiments.amount", tmp_path / "amount.py")
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    folder = perform(module.STUDY, module.STUDY.smoke, jobs=1, results=tmp_path / "results").folder
    assert (folder / "figure.png").is_file() and "To remember: " in (folder / "figure.txt").read_text()
    assert (folder / "table.md").read_text().count("\n") == 4


@pytest.mark.study
@pytest.mark.parametrize("name", ("choosing", "questions"))
def test_a_page_made_from_tables_is_what_they_say(name):
    page = {"choosing": choice, "questions": question}[name].page()
    assert (DOCS / f"{name}.md").read_text() == stamp(page, name), "`make page` writes it anew"
    assert stamped(DOCS / f"{name}.md", name) and set(PAGES) == {"estimators", "choosing", "noise", "questions"}


def rows(text: str) -> list[dict[str, str]]:
    """All rows of the Markdown tables of a text, head -> cell, groups repeated in each."""
    found, heads, last = [], [], []
    for line in text.splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if not cells:
            heads = []
        elif not heads:
            heads, last = [cell.replace("\\|", "|") for cell in cells], [""] * len(cells)
        elif not set("".join(cells)) <= set("-: "):
            last = [cell or (before if place == 0 else "") for place, (cell, before) in enumerate(zip(cells, last, strict=True))]
            found.append(dict(zip(heads, last, strict=True)))
    return found


@pytest.mark.study
def test_a_choice_is_the_best_of_the_published_table():
    """By reading table.md alone: the first choice of every line is the row with the best cell, and no other is better."""
    page = {part.split("\n")[0]: rows(part) for part in (DOCS / "choosing.md").read_text().split("\n## ")}
    cost = rows((ROOT / "results" / "cost" / "table.md").read_text())
    for line in page["By the price of a step"]:
        part = [row for row in cost if row["network"] == line["network"] and row["estimator"] != "exact"]
        column = f"efficiency, {line['passes a step']} passes"
        values = {row["estimator"]: row[column] for row in part if row[column]}
        name, cell = re.fullmatch(r"(.*) \((.*)\)", line["take"]).groups()
        assert values[name] == cell and float(cell) == max(map(float, values.values()))
        assert line["straight-through"] == values["straight-through"]
        free = {name: value for name, value in values.items() if promises(name)}
        assert float(re.search(r"\((.*)\)", line["without bias"])[1]) == max(map(float, free.values()))
    trained = rows((ROOT / "results" / "efficiency" / "table.md").read_text())
    for line in page["For training to the end"]:
        part = [row for row in trained if row["network"] == line["network"] and row["estimator"] != "exact"]
        values = {row["estimator"]: float(row[f"loss, {line['optimiser']}"]) for row in part}
        assert line["take"] == f"{min(values, key=values.get)} ({min(values.values()):.3f})"
    assert len(page["By the price of a step"]) == 8 and len(page["For training to the end"]) == 6


def promises(name: str) -> bool:
    """Whether an estimator, as tables call it, says that it has no bias, by its file's name."""
    key = name.partition(",")[0].lower().replace("-", "_").replace(" ", "_")
    return registry()[key].unbiased if key in registry() else False


@pytest.mark.unit
def test_the_best_is_told_from_the_second():
    frame = pd.DataFrame({"estimator": ["a", "b", "c"], "x": ["0.1", "< 0.3", ""]})
    assert choice.best(frame, "x", 3) == ["b (< 0.3)", "a (0.1)", ""] and choice.best(frame, "x", 1, least=True) == ["a (0.1)"]


@pytest.mark.unit
@pytest.mark.parametrize("name", picture.DRAWINGS)
def test_a_drawing_is_of_todays_code(name, tmp_path):
    assert picture.current(name, DOCS / "drawing"), "`make page` draws it anew"
    assert not picture.current(name, tmp_path)


@pytest.mark.unit
def test_the_rooms_are_drawn_from_imports(monkeypatch):
    """No import goes upward, so nothing stands above the diagonal; one more import is another drawing."""
    counts, before = rooms.traffic(), picture.made("rooms")
    assert (counts[:, 1:] * [[later > here for later in range(1, len(rooms.ROOMS))] for here in range(len(rooms.ROOMS))]).sum() == 0
    texts = rooms.sources() | {"analysis.claim.more": "from straightedge.estimators.arm import Arm"}
    monkeypatch.setattr(rooms, "sources", lambda: texts)
    assert picture.made("rooms") != before


@pytest.mark.unit
def test_the_public_interface_is_on_its_page():
    page = (DOCS / "api.md").read_text()
    assert set(re.findall(r"^::: (\S+)$", page, re.M)) == {where.replace(":", ".") for where in straightedge.WHERE.values()}


@pytest.mark.unit
def test_aligned_parameters_become_a_list():
    text = "What it does.\n\na     the first,\n      in two lines\nb, c  others\n\n    code(a)"
    assert signature.listed(text) == "What it does.\n\n* `a` the first, in two lines\n* `b, c` others\n\n    code(a)"


@pytest.mark.endtoend
def test_the_site_builds_without_a_warning_and_asks_no_network(tmp_path):
    """In strict mode a link to nowhere is an error, which a page with one shows; no page loads anything from elsewhere."""
    build = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path / "site")]
    done = subprocess.run(build, cwd=ROOT, capture_output=True, text=True, check=False, env=AWAY | {"NO_MKDOCS_2_WARNING": "1"})
    assert done.returncode == 0 and "WARNING" not in done.stderr + done.stdout, done.stderr
    pages = {path.name: path.read_text() for path in (tmp_path / "site").rglob("*.html")}
    assert {"index.html", "choosing.html", "api.html", "findings.html", "straight_through.py.html"} <= set(pages)
    assert not [name for name, text in pages.items() if re.search(r"<(?:script|img|link)[^>]*(?:src|href)=.?https?:", text)]
    assert "exact gradient" in pages["api.html"] and "results/cost/table.html" in pages["choosing.html"]


@pytest.mark.endtoend
def test_a_link_to_nowhere_stops_the_site(tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text("[nowhere](nowhere.md)\n")
    settings = (ROOT / "mkdocs.yml").read_text()
    kept = settings[settings.index("validation:"):settings.index("not_in_nav:")]
    (tmp_path / "mkdocs.yml").write_text(f"site_name: x\nstrict: true\n{kept}")
    done = subprocess.run([sys.executable, "-m", "mkdocs", "build"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode != 0 and "nowhere.md" in done.stderr + done.stdout
