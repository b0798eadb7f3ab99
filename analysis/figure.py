"""The look of every figure: size, type, one colour per family of estimators, one marker per estimator, three file formats.

Colours are those of Okabe and Ito, told apart by the colour-blind; families also differ in lightness, so that grey print works.
"""

import io
from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402 - after the choice of backend
import numpy as np  # noqa: E402
from matplotlib.axes import Axes  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402

from analysis.store import replace  # noqa: E402
from estimators import registry  # noqa: E402

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
METADATA = {"pdf": {"CreationDate": None, "Producer": None, "Creator": None}, "svg": {"Date": None, "Creator": None},
            "png": {"Software": None}}


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


def words(label: str) -> str:
    """The estimator's name for readers: 'REINFORCE, leave one out, samples 4'."""
    for old, new in (("baseline=", ""), (" (", ", "), (")", ""), ("=", " "), ("_", " ")):
        label = label.replace(old, new)
    for name in ("reinforce", "arms", "arm", "disarm", "darn", "zgr", "foust", "psa", "rebar", "relax", "rodeo"):
        if label.split(",")[0] == name:
            label = name.upper() + label[len(name):]
    for old, new in (("DISARM", "DisARM"), ("FOUST", "FouST"), ("muprop", "MuProp"), ("reinmax", "ReinMax"), ("gumbel rao", "Gumbel-Rao"),
                     ("gumbel softmax", "Gumbel-softmax"), ("st gumbel", "ST-Gumbel"), ("gapped st", "gapped ST"),
                     ("straight through", "straight-through"), ("double cv", "double CV"), ("approx sign", "ApproxSign"),
                     ("measure valued", "measure-valued"), ("bayesbinn", "BayesBiNN")):
        label = label.replace(old, new)
    return label


def panels(rows: int, columns: int, height: float, **options) -> tuple[Figure, np.ndarray]:
    """A figure of page width with a grid of axes."""
    return plt.subplots(rows, columns, figsize=(WIDTH, height), squeeze=False, **options)


def legend(figure: Figure, labels: Sequence[str], columns: int = 4) -> None:
    """One legend for all panels, below them."""
    handles = [plt.Line2D([], [], **mark(label)) for label in labels]
    figure.legend(handles, [words(label) for label in labels], loc="outside lower center", ncols=columns, frameon=False)


def equal_error(axes: Axes, levels: Sequence[float], limit: float) -> None:
    """Lines of equal relative RMSE of one estimate, sqrt(bias^2 + sd^2), in a plot of |bias| against standard deviation."""
    angle = np.linspace(0, np.pi / 2, 200)
    for level in levels:
        axes.plot(level * np.cos(angle), level * np.sin(angle), color="0.8", linewidth=0.6, zorder=0)
        if level <= limit:
            axes.annotate(f"{level:g}", (level * np.cos(0.6), level * np.sin(0.6)), fontsize=5.5, color="0.5", ha="center",
                          va="center", bbox={"boxstyle": "square,pad=0.05", "color": "white"}, zorder=0)


def save(figure: Figure, folder: Path, name: str = "figure") -> list[Path]:
    """Writes the figure as PDF, SVG and PNG, the same bytes for the same figure, and closes it."""
    paths = []
    for kind in FORMATS:
        buffer = io.BytesIO()
        with style():
            figure.savefig(buffer, format=kind, metadata=METADATA[kind])
        paths.append(folder / f"{name}.{kind}")
        replace(paths[-1], buffer.getvalue())
    plt.close(figure)
    return paths
