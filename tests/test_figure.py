"""Figures as a reviewer sees them: legible at the width at which they are set, in grey and by the colour-blind, with the answer above."""

import shutil
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from matplotlib.image import AxesImage
from matplotlib.text import Text

from straightedge.analysis.cell.table import read
from straightedge.analysis.figure import look
from straightedge.analysis.figure.colour import COLOURS
from straightedge.analysis.figure.heat import heat
from straightedge.analysis.figure.picture import Picture, Words
from straightedge.analysis.store.place import published
from straightedge.estimators.catalogue.registry import registry
from straightedge.experiments.runner.listing import studies

pytestmark = pytest.mark.study

POINT = 6.0
DRAWN = [(name, figure) for name, study in studies().items() for figure in study.figures]


def luminance(colour: str) -> float:
    """Relative luminance of sRGB, IEC 61966-2-1."""
    shares = np.array([int(colour[at:at + 2], 16) for at in (1, 3, 5)]) / 255
    linear = np.where(shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))


def lightness(colour: str) -> float:
    """L* of CIELAB."""
    y = luminance(colour)
    return 116 * y ** (1 / 3) - 16 if y > 216 / 24389 else y * 24389 / 27


def contrast(colour: str) -> float:
    """With white, WCAG 2."""
    return 1.05 / (luminance(colour) + 0.05)


def apart(colours) -> float:
    """The least difference in L* of two that are not the same."""
    return min(abs(lightness(a) - lightness(b)) for a, b in combinations(set(colours), 2))


def test_families_differ_in_grey_and_on_white():
    assert lightness("#ffffff") == pytest.approx(100) and contrast("#000000") == pytest.approx(21)
    assert apart(COLOURS.values()) >= 8 and min(map(contrast, COLOURS.values())) >= 3
    old = {"#D55E00", "#CC79A7", "#009E73", "#7F7F7F"}
    assert apart(old) < 8 and contrast("#E69F00") < 3


def test_estimators_of_one_colour_differ_in_their_marker():
    marks = [(look.mark(name)["color"], look.mark(name)["marker"]) for name in registry()]
    assert len(set(marks)) == len(marks)


def test_variants_of_one_estimator_differ_within_a_figure():
    """By fill or by line, in every published table and for sixty of one; without the figure two of them may coincide."""
    tables = [read(path) for path in published().glob("*/summary.csv")]
    many = [f"tempered (g={number / 80:g})" for number in range(60)]
    for labels in (many, *(table.label.unique() for table in tables if "label" in table)):
        with look.among(labels):
            styles = [tuple(map(str, look.mark(label).values())) for label in labels]
        variants = [style for label, style in zip(labels, styles, strict=True) if " (" in label]
        assert len(set(variants)) == len(variants)
    assert len({tuple(map(str, look.mark(label).values())) for label in many}) < len(many)


def test_a_picture_tells_its_variants_apart():
    def drawn(table):
        drawing, axes = look.panels(1, 1, 2.0)
        for label in table.label:
            axes[0, 0].plot([0, 1], [0, 1], **look.mark(label))
        return drawing

    table = pd.DataFrame({"label": ["tempered", "tempered (g=0.5)", "tempered (h=1.0)"]})
    with look.style():
        lines = Picture(drawn, lambda table: Words("an answer", "a number"))(table).axes[0].lines
    assert len({(line.get_fillstyle(), line.get_linestyle(), line.get_markerfacecolor()) for line in lines}) == 3
    assert len({line.get_markerfacecolor() for line in lines}) == 3


def test_a_map_is_no_image():
    """LaTeX takes it as it is: pgf has no place for pixels.  Rows run downward unless said otherwise."""
    for upward, first in ((False, [1.5, -0.5]), (True, [-0.5, 1.5])):
        drawing, axes = look.panels(1, 1, 2.0)
        heat(axes[0, 0], np.array([[0.0, 1.0, 0.5], [0.2, 0.3, 0.4]]), [["a"] * 3] * 2, "xyz", "pq", upward)
        assert drawing.findobj(AxesImage) == [] and [*axes[0, 0].get_ylim()] == first and [*axes[0, 0].get_xlim()] == [-0.5, 2.5]


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no pdflatex is here")
def test_a_map_in_pgf():
    with look.style(3.3, {"pgf.texsystem": "pdflatex"}):
        drawing, axes = look.panels(1, 1, 2.0)
        heat(axes[0, 0], np.eye(2), [["a", "b"]] * 2, "xy", "pq")
        assert b"pgfpathclose" in look.rendered(drawing, "pgf")
        axes[0, 0].imshow(np.eye(2))
        with pytest.raises(ValueError, match="raster"):
            look.rendered(drawing, "pgf")


def texts(drawing):
    """All texts that are seen."""
    return [text for text in drawing.findobj(Text) if text.get_text().strip() and text.get_visible()]


def faults(drawing) -> list[str]:
    """What cannot be read at the width at which the figure is set."""
    small = [text.get_text() for text in texts(drawing) if text.get_fontsize() < POINT]
    drawing.draw_without_rendering()
    left, low, right, high = drawing.get_tightbbox().extents
    width, height = drawing.get_size_inches()
    out = (left < -0.06, low < -0.06, right > width + 0.06, high > height + 0.06)
    return small + [f"over the {side} edge" for side, over in zip(("left", "lower", "right", "upper"), out, strict=True) if over]


@pytest.mark.parametrize(("name", "figure"), DRAWN, ids=lambda value: str(value))
@pytest.mark.parametrize("width", look.WIDTHS.values())
def test_a_published_figure_is_legible_and_says_the_answer(name, figure, width):
    path = published() / name / "summary.csv"
    if not path.is_file():
        pytest.skip(f"{name} is not published")
    picture, table = studies()[name].figures[figure], read(path)
    with look.style(width):
        drawing = picture(table)
    assert drawing.get_size_inches()[0] == width and faults(drawing) == []
    answer = picture.words(table).answer
    assert " ".join(drawing._suptitle.get_text().split()) == " ".join(look.plain(answer).split())


def test_faults_are_seen():
    def small(table):
        drawing, axes = look.panels(1, 1, 2.0)
        axes[0, 0].set_title("words", fontsize=5)
        return drawing

    def long(table):
        drawing, axes = look.panels(1, 1, 2.0)
        axes[0, 0].set_title("words " * 40)
        return drawing

    words = Picture(small, lambda table: Words("an answer", "a number"))
    with look.style(3.3):
        assert faults(words(pd.DataFrame())) == ["words"]
        assert "over the right edge" in faults(long(None))


def test_an_answer_is_as_wide_as_the_figure():
    """Every line fits, however long the sentence: as measured by matplotlib, not by counting letters."""
    for width in look.WIDTHS.values():
        with look.style(width):
            drawing, _ = look.panels(1, 1, 3.0)
            look.headed(drawing, "Of MMMM 2000 estimators none is worse than REINFORCE (leave one out, samples 4) " * 3)
            assert faults(drawing) == []


def test_a_dollar_is_a_dollar():
    with look.style():
        drawing, _ = look.panels(1, 1, 2.0)
        look.headed(drawing, "costs $5 and $x^")
        drawing.draw_without_rendering()


def test_a_caption_has_the_answer_what_is_drawn_and_the_number():
    assert Words("Yes.", "5 %.").caption("Bars are intervals.") == "Yes.\n\nBars are intervals.\n\nTo remember: 5 %.\n"


def test_the_users_style_goes_before_ours():
    with look.style(3.3, {"font.size": 11.0, "figure.figsize": (9, 9)}):
        assert look.mpl.rcParams["font.size"] == 11 and look.across() == 3.3
