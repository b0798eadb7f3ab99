"""The page of all estimators: the committed one is what docstrings and tables say, every estimator once, numbers are the table's."""

import re

import pandas as pd
import pytest

from straightedge.analysis.cell.table import read
from straightedge.analysis.figure import look as figure
from straightedge.analysis.store.place import checkout, published
from straightedge.estimators.catalogue.registry import registry
from straightedge.experiments.command import page
from straightedge.experiments.command.stamp import stamp, stamped

pytestmark = pytest.mark.study

PAGE = checkout() / "docs" / "estimators.md"


@pytest.fixture(scope="module")
def text():
    return page.page()


def test_committed(text):
    assert PAGE.read_text() == stamp(text), "`make figures` or `make page` writes it anew"


def test_every_estimator_once(text):
    found = re.findall(r"^\[`(\w+)`\]\(\.\./estimators/(\w+)\.py\)", text, re.M)
    names = [name for name, _ in found]
    assert len(names) == len(set(names)) and set(names) <= set(registry())
    assert set(names) >= {"exact", "reinforce", "straight_through", "bayesbinn"}
    for name, _ in found:
        assert text.count(f"| [{figure.words(name)}](#{page.anchor(name)}) |") == 1
        assert len(re.findall(rf"^### {re.escape(figure.words(name))}$", text, re.M)) == 1
    assert all((PAGE.parent / "../estimators" / f"{file}.py").is_file() for _, file in found)


def test_numbers_are_the_tables(text):
    table = read(published() / "cost" / "summary.csv")
    rows = table[(table.label == "straight_through") & (table.group == "all") & (table.draws == 1) & table.against.isna()]
    for problem, part in rows.groupby("problem", sort=False):
        value = part.set_index("metric").value
        line = f"bias {(value.bias2 / value.exact2) ** 0.5:.3g}, deviation {(value.variance / value.exact2) ** 0.5:.3g}"
        assert f"| Measured, {problem} | {line}" in text


def row(**given):
    return pd.Series({"exact": False, "bias": 0.2, "bound": float("nan"), "low": 0.1, "high": 0.3} | given)


def test_bias_says_how_it_is_known():
    assert page.bias(row(exact=True)) == "0.2" and page.bias(row(exact=True, bias=1e-12)) == "0"
    assert page.bias(row()) == "0.2 (0.1 to 0.3)" and page.bias(row(bound=0.052)) == "below 0.052"


def test_written_only_where_it_changes(tmp_path):
    path = tmp_path / "estimators.md"
    assert page.written(path).read_text() == stamp(page.page()) and stamped(path)
    before = path.stat().st_mtime_ns
    assert page.written(path).stat().st_mtime_ns == before
    path.write_text(path.read_text().replace("bias", "bios", 1))
    assert not stamped(path)
    page.written(path)
    assert stamped(path)
