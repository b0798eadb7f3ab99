"""The look of every figure: size, type, one colour per family of estimators, one marker per estimator, three file formats.

Colours are those of Okabe and Ito, told apart by the colour-blind; families also differ in lightness, so that grey print works.
"""

import io
from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from straightedge.analysis.figure.metadata import fields
from straightedge.analysis.figure.name import words
from straightedge.analysis.store.file import replace
from straightedge.estimators.catalogue.registry import registry

__all__ = ["COLOURS", "FORMATS", "Line2D", "Rectangle", "equal_error", "legend", "mark", "panels", "save", "style", "words"]

WIDTH = 7.2
"""Inches of a figure across two columns."""
FORMATS = ("pdf", "svg", "png")
COLOURS = {
    "exact": "#000000",
    "score function": "#0072B2",
    "antithetic": "#56B4E9",
    "control variate": "#E69F00",
    "enumeration": "#8C6D1F",
    "straight-through": "#D55E00",
    "deterministic": "#7F7F7F",
    "second order": "#CC79A7",
    "relaxation": "#009E73",
    "other": "#444444",
}
STYLE = {
    "font.size": 8, "axes.titlesize": 8, "axes.labelsize": 8, "legend.fontsize": 7, "xtick.labelsize": 7, "ytick.labelsize": 7,
    "font.family": "DejaVu Sans", "axes.spines.top": False, "axes.spines.right": False, "axes.linewidth": 0.6,
    "xtick.major.width": 0.6, "ytick.major.width": 0.6, "lines.linewidth": 1.2, "lines.markersize": 5,
    "figure.constrained_layout.use": True, "figure.dpi": 100, "savefig.dpi": 200, "svg.hashsalt": "straightedge",
    "svg.fonttype": "path", "pdf.fonttype": 42, "axes.formatter.useoffset": False,
}


def style():
    """The context in which figures are drawn and saved."""
    return mpl.rc_context(STYLE)


def mark(label: str) -> dict:
    """Colour and marker of an estimator, from its class, for `plot` and `errorbar`; hollow where hyper-parameters were changed."""
    estimator, changed, _ = label.partition(" (")
    kind = registry().get(estimator)
    family, marker = (kind.family, kind.marker) if kind else ("other", "o")
    colour = COLOURS.get(family, COLOURS["other"])
    style = {"color": colour, "marker": marker}
    return style | {"markerfacecolor": "white", "markeredgecolor": colour, "linestyle": (0, (4, 1.5))} if changed else style


def panels(rows: int, columns: int, height: float, **options) -> tuple[Figure, np.ndarray]:
    """A figure of page width with a grid of axes."""
    drawing = Figure(figsize=(WIDTH, height))
    return drawing, drawing.subplots(rows, columns, squeeze=False, **options)


def legend(figure: Figure, labels: Sequence[str], columns: int = 4) -> None:
    """One legend for all panels, below them."""
    handles = [Line2D([], [], **mark(label)) for label in labels]
    figure.legend(handles, [plain(words(label)) for label in labels], loc="outside lower center", ncols=columns, frameon=False)


def plain(text: str) -> str:
    """Words in which a dollar is a dollar, not the begin of a formula."""
    return text.replace("$", r"\$")


def equal_error(axes: Axes, levels: Sequence[float], limit: float) -> None:
    """Lines of equal relative RMSE of one estimate, sqrt(bias^2 + sd^2), in a plot of |bias| against standard deviation."""
    angle = np.linspace(0, np.pi / 2, 200)
    for level in levels:
        axes.plot(level * np.cos(angle), level * np.sin(angle), color="0.8", linewidth=0.6, zorder=0)
        if level <= limit:
            axes.annotate(f"{level:g}", (level * np.cos(0.6), level * np.sin(0.6)), fontsize=5.5, color="0.5", ha="center",
                          va="center", bbox={"boxstyle": "square,pad=0.05", "color": "white"}, zorder=0)


def save(figure: Figure, folder: Path, name: str = "figure", made: str = "", told: dict | None = None) -> list[Path]:
    """Writes the figure as PDF, SVG and PNG, the same bytes for the same figure and words.  The files carry `made`, the key of the table
    and the code that they come from, and what is `told` of where it is from, where they are given."""
    paths = []
    for kind in FORMATS:
        buffer = io.BytesIO()
        with style():
            figure.savefig(buffer, format=kind, metadata=fields(kind, made, told))
        paths.append(folder / f"{name}.{kind}")
        replace(paths[-1], buffer.getvalue())
    return paths
