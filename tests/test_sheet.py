"""Tables to be read: groups named once, decimals aligned, LaTeX that compiles."""

import re
import shutil
import subprocess

import numpy as np
import pandas as pd
import pytest

from straightedge.analysis.cell.table import read
from straightedge.analysis.figure.markdown import markdown
from straightedge.analysis.figure.number import aligned
from straightedge.analysis.figure.sheet import flat, form, latex, numeric
from straightedge.analysis.store.place import published
from straightedge.experiments.runner.listing import studies

pytestmark = pytest.mark.study

FRAME = pd.DataFrame({"estimator": ["a_b", "c&d", "e"], "bias": ["7.9", "< 12.0", ""], "said": ["never", "12", "13"]},
                     index=pd.Index(["first", "first", "second"], name="network"))


def test_decimals_are_equal_and_nothing_becomes_zero():
    shown = aligned(pd.Series([7.851, 136.04, 0.0, np.nan, 0.0004, -0.0004, np.inf]), 2)
    assert [*shown[:4]] == ["7.851", "136.040", "0.000", ""] or len({len(one.partition(".")[2]) for one in shown[:3]}) == 1
    assert shown[4].startswith("<") or float(shown[4]) > 0
    assert shown[6] == "∞" and "-0.0" not in shown[2]
    rng = np.random.default_rng(0)
    values = pd.Series(10 ** rng.uniform(-3, 3, 50))
    places = {len(one.partition(".")[2]) for one in aligned(values)}
    assert len(places) == 1 and "e" not in "".join(aligned(values))
    for value, one in zip(values, aligned(values), strict=True):
        assert one.startswith("<") and value < float(one[2:]) or abs(float(one) - value) <= 0.5 * 10 ** -places.copy().pop() * 1.0001


def test_an_upper_bound_is_marked():
    assert [*aligned(pd.Series([1.0, 2.0]), 2, pd.Series(["", "< "]))] == ["1.0", "< 2.0"]


def test_groups_are_named_once():
    assert [*flat(FRAME).network] == ["first", "", "second"] and numeric(flat(FRAME)) == [False, False, True, True]
    assert markdown(FRAME).splitlines()[1] == "| --- | --- | ---: | ---: |"
    inner = FRAME.set_index("estimator", append=True)
    assert [*flat(inner).estimator] == ["a_b", "c&d", "e"]


def test_an_inner_group_is_named_anew_in_another_outer_one():
    index = pd.MultiIndex.from_tuples([("a", "x"), ("a", "x"), ("b", "x")], names=["outer", "inner"])
    assert [*flat(pd.DataFrame({"v": ["1", "2", "3"]}, index)).inner] == ["x", "", "x"]


def test_latex():
    written = latex(FRAME)
    assert written.count(r"\midrule") == 2 and r"a\_b" in written and r"c\&d" in written and "{never}" in written
    assert "S[table-format=<2.1]" in written and form(pd.Series(["-1.25", "30.5"])) == "-2.2"
    widths = {len(re.split(r"(?<!\\)&", line)) for line in written.splitlines() if line.endswith(r"\\")}
    assert widths == {4}


@pytest.mark.parametrize("name", studies())
def test_latex_of_a_published_table_compiles(name, tmp_path):
    if shutil.which("pdflatex") is None:
        pytest.skip("no pdflatex is here")
    path, study = published() / name / "summary.csv", studies()[name]
    if not path.is_file() or not study.tables:
        pytest.skip(f"{name} has no published table")
    compiled(latex(study.tables(read(path))), tmp_path)


def test_latex_that_is_wrong_does_not_compile(tmp_path):
    if shutil.which("pdflatex") is None:
        pytest.skip("no pdflatex is here")
    with pytest.raises(AssertionError):
        compiled(latex(FRAME).replace(r"a\_b", "a_b"), tmp_path)


def compiled(table, folder):
    """Compiles the table with booktabs and siunitx."""
    packages = "\\usepackage[utf8]{inputenc}\\usepackage[T1]{fontenc}\\usepackage{booktabs,siunitx,graphicx}"
    head = f"\\documentclass{{article}}{packages}\\begin{{document}}"
    (folder / "t.tex").write_text(f"{head}\\resizebox{{\\textwidth}}{{!}}{{%\n{table}}}\n\\end{{document}}\n")
    done = subprocess.run(["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "t.tex"], cwd=folder, capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0, done.stdout[-1500:]


@pytest.mark.parametrize("name", studies())
def test_a_published_table_has_no_padded_zeros_and_units_in_its_head(name):
    path, study = published() / name / "summary.csv", studies()[name]
    if not path.is_file() or not study.tables:
        pytest.skip(f"{name} has no published table")
    written = markdown(study.tables(read(path)))
    assert not re.search(r"\d\.\d{5,}|\de[+-]\d", written)
