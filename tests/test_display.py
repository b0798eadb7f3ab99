"""Words of others are shown, not obeyed: by a terminal, rich's markup, Markdown, LaTeX, HTML, formulas of figures and spreadsheets."""

from dataclasses import dataclass

import pandas as pd
import pytest

from straightedge import measure
from straightedge.analysis.cell.table import parsed, text
from straightedge.analysis.figure.markdown import markdown
from straightedge.analysis.problem.classification import Points
from straightedge.analysis.store.display import sentence, visible
from straightedge.estimators.straight_through import StraightThrough
from straightedge.experiments.command.terminal import readable

pytestmark = pytest.mark.unit


@dataclass(frozen=True)
class Odd(StraightThrough):
    """Straight-through with a hyper-parameter of words."""

    k: str = ""


WORDS = ("[/x]", "[bold]b[/bold]", ":smile:", "\x1b[31mred", "$x^", "a\nb", "=1+1", "<b>", "a|b", "\u202egnp")


@pytest.mark.study
def test_a_table_and_a_figure_with_any_hyper_parameter():
    result = measure(Points((2,), points=5), [Odd(k=word) for word in WORDS], rows=10, seeds=2, jobs=1)
    shown = readable(result.table)
    assert all(visible(word) in shown for word in WORDS) and all(line.isprintable() for line in shown.splitlines())
    result.plot().canvas.draw()
    assert all(line.isprintable() for line in repr(result).splitlines())


@pytest.mark.parametrize("word", ("=1+1", "+-1", "-1", "@sum", "\tx", "'=1", "''=1", "'quoted'", "plain", "it's", "x=1", ""))
def test_words_of_a_csv_are_words_in_a_spreadsheet(word):
    frame = pd.DataFrame({"label": [word, "b"], "value": [-1.5, 2.0], "verdict": ["", ""]})
    written = text(frame)
    cell = written.splitlines()[1].strip('"')
    assert not cell.startswith(("=", "+", "-", "@", "\t")) and "-1.5" in written
    assert [*parsed(written).fillna("").label] == [word, "b"]


@pytest.mark.parametrize(("word", "shown"), (("a|b", "a\\|b"), ("<b>", "&lt;b>"), ("< 0.5", "< 0.5"), ("a\nb", "a b"),
                                             ("[x](y)", "[x\\](y)"), ("\x1b[1m", "\\x1b[1m"), ("tau=0.1", "tau=0.1")))
def test_markdown_shows_words(word, shown):
    assert markdown(pd.DataFrame({"x": [word]})).splitlines()[2] == f"| {shown} |"


def test_latex_escapes_names():
    assert r"a\_b\&\textbackslash c" in pd.DataFrame({"x": [r"a_b&\c"]}).to_latex(index=False, escape=True)


def test_a_sentence_is_one_line():
    assert sentence("a\n b\x07\u202ec" + "x" * 2000, 20) == "a b\\x07\\u202ecxxxxxxxxxx"[:20] + " .."
    assert visible("a\nb", lines=True) == "a\nb" and visible("é ± |") == "é ± |"
