"""The look of every figure: size, type, one colour per family of estimators, one marker per estimator within it, three file formats.

A figure is drawn at the width at which it is set, so that its text is as large on paper as it says: a page's width, or a column's."""

import io
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.ticker import NullLocator as no_ticks

from straightedge.analysis.figure.colour import COLOURS, colour
from straightedge.analysis.figure.metadata import PLAIN, fields
from straightedge.analysis.figure.name import words
from straightedge.analysis.store.file import replace
from straightedge.estimators.catalogue.registry import registry

__all__ = ["COLOURS", "FORMATS", "SERIES", "WIDTHS", "Line2D", "Rectangle", "among", "colour", "decimal", "equal_error", "headed", "legend",
           "mark", "narrow", "no_ticks", "panels", "plain", "rendered", "save", "style", "words"]

WIDTHS = {"": 7.0, "-column": 3.3}
"""What is added to a figure's name -> inches: across the page, and in one of two columns."""
FORMATS = ("pdf", "svg", "png")
SERIES = tuple(COLOURS[name] for name in ("straight-through", "score function", "relaxation", "control variate", "second order",
                                          "antithetic", "enumeration", "other"))
"""The colours of lines that are not of estimators of different families."""
STYLE = {
    "font.size": 7, "axes.titlesize": 7.5, "axes.labelsize": 7, "legend.fontsize": 7, "xtick.labelsize": 6.5, "ytick.labelsize": 6.5,
    "figure.titlesize": 8, "font.family": "DejaVu Sans", "mathtext.fontset": "dejavusans", "axes.spines.top": False,
    "axes.spines.right": False, "axes.linewidth": 0.6, "xtick.major.width": 0.6, "ytick.major.width": 0.6, "lines.linewidth": 1.2,
    "lines.markersize": 4.5, "figure.constrained_layout.use": True, "figure.dpi": 100, "savefig.dpi": 200, "svg.hashsalt": "straightedge",
    "svg.fonttype": "path", "pdf.fonttype": 42, "axes.formatter.useoffset": False, "legend.handlelength": 1.8,
}
FILLS = ("full", "left", "bottom", "right", "top")
"""Which part of the marker is hollow where hyper-parameters were changed."""
DASHES = ((0, (4, 1.5)), (0, (1, 1)), (0, (6, 1.5, 1, 1.5)), (0, (2.5, 2.5)))
"""Their lines; with white, light and black faces and the fills, sixty variants that differ."""
AMONG: ContextVar[tuple[str, ...]] = ContextVar("AMONG", default=())
"""The estimators of the figure that is being drawn."""
FEW = 50
"""Times the least that the greatest value of a logarithmic axis is at most where numbers stand between the powers of ten."""
LETTER = 0.55
"""The width of a letter, in sizes of type; bold ones a tenth more."""


def style(width: float = WIDTHS[""], own: dict[str, Any] | None = None):
    """The context in which figures are drawn and saved, so many inches wide; `own` are settings of matplotlib that go before ours."""
    settings: dict[Any, Any] = {**STYLE, **(own or {}), "figure.figsize": (width, 0.6 * width)}
    return mpl.rc_context(settings)


def across() -> float:
    """Inches of the width that is drawn for."""
    return float(mpl.rcParams["figure.figsize"][0])


def narrow() -> bool:
    """Whether that is one column of two."""
    return across() < 5


@contextmanager
def among(labels: Iterable[str]) -> Iterator[None]:
    """The context in which a figure of these estimators is drawn: variants of one of them are then told apart by `mark`."""
    token = AMONG.set(tuple(dict.fromkeys(labels)))
    try:
        yield
    finally:
        AMONG.reset(token)


def mark(label: str) -> dict:
    """Colour and marker of an estimator, from its class, for `plot` and `errorbar`; where hyper-parameters were changed hollow, black,
    light or half of that, and broken lines, in another way for each variant that is drawn in one figure."""
    estimator, changed, _ = label.partition(" (")
    kind = registry().get(estimator)
    family, marker = (kind.family, kind.marker) if kind else ("other", "o")
    style = {"color": colour(family), "marker": marker}
    if not changed:
        return style
    variants = [other for other in AMONG.get() if other.startswith(f"{estimator} (")]
    place = variants.index(label) if label in variants else sum(changed.encode())
    faces = ("white", "black", tint(colour(family)))
    return style | {"markerfacecolor": faces[place % 3], "markerfacecoloralt": colour(family), "markeredgecolor": colour(family),
                    "fillstyle": FILLS[place // 3 % len(FILLS)], "linestyle": DASHES[place % len(DASHES)]}


def tint(colour: str) -> str:
    """The colour, more white than not."""
    red, green, blue = (0.4 * part + 0.6 for part in to_rgb(colour))
    return to_hex((red, green, blue))


def decimal(axis: Axis) -> None:
    """Plain numbers on a logarithmic axis, between the powers of ten too where it spans few."""
    axis.set_major_formatter("{x:g}")

    def between(value: float, place: Any) -> str:
        low, high = sorted(axis.get_view_interval())
        return f"{value:g}" if high < FEW * low and f"{value:e}"[0] in "235" else ""

    axis.set_minor_formatter(between)


def panels(rows: int, columns: int, height: float, **options) -> tuple[Figure, np.ndarray]:
    """A figure of the width drawn for, so many inches high, with a grid of axes."""
    drawing = Figure(figsize=(across(), height))
    return drawing, drawing.subplots(rows, columns, squeeze=False, **options)


def wrapped(text: str, size: float, width: float, bold: bool = False) -> str:
    """In lines that fit so many inches at this size of type."""
    text = text.replace(" %", "\u00a0%")  # a number is not parted from its unit
    return "\n".join(textwrap.wrap(text, int(72 * width / (size * LETTER * (1.1 if bold else 1))), break_on_hyphens=False))


def headed(figure: Figure, answer: str) -> None:
    """Writes the answer above the figure, in as many lines as it takes."""
    size = 7.5 if narrow() else 8.0
    figure.suptitle(plain(wrapped(answer, size, across() - 0.1, bold=True)), x=0.01, ha="left", fontsize=size, fontweight="bold")


def legend(figure: Figure, labels: Sequence[str], names: Sequence[str] = (), handles: Sequence = ()) -> None:
    """One legend for all panels, below them, in as many columns as fit; marks and names of the labels if not given."""
    handles = handles or [Line2D([], [], **mark(label)) for label in labels]
    names = [plain(name) for name in (names or map(words, labels))]
    shapes = dict.fromkeys(-(-len(names) // rows) for rows in range(1, len(names) + 1))
    columns = next((count for count in shapes if fits(names, count)), 1)
    figure.legend(handles, names, loc="outside lower center", ncols=columns, frameon=False, columnspacing=1.2)


def fits(names: Sequence[str], columns: int) -> bool:
    """Whether a legend of these names fits the width in so many columns, filled one after the other as matplotlib does."""
    size = FontProperties(size=mpl.rcParams["legend.fontsize"]).get_size_in_points()
    rows, more = len(names) // columns, len(names) % columns
    ends = np.cumsum([rows + (place < more) for place in range(columns)])
    widest = [max((len(name) for name in names[end - rows - (place < more):end]), default=0) for place, end in enumerate(ends)]
    return sum((letters * LETTER + 4.4) * size for letters in widest) <= 72 * across()


def plain(text: str) -> str:
    """Words in which a dollar is a dollar, not the begin of a formula."""
    return text.replace("$", r"\$")


def equal_error(axes: Axes, levels: Sequence[float], limit: float) -> None:
    """Lines of equal relative RMSE of one estimate, sqrt(bias^2 + sd^2), in a plot of |bias| against standard deviation."""
    angle = np.linspace(0, np.pi / 2, 200)
    for level in levels:
        axes.plot(level * np.cos(angle), level * np.sin(angle), color="0.8", linewidth=0.6, zorder=0)
        if level <= limit:
            axes.annotate(f"{level:g}", (level * np.cos(0.6), level * np.sin(0.6)), fontsize=6, color="0.4", ha="center",
                          va="center", bbox={"boxstyle": "square,pad=0.05", "color": "white"}, zorder=0)


def rendered(figure: Figure, kind: str, made: str = "", told: dict | None = None) -> bytes:
    """The figure as a file of this format, the same bytes for the same figure and words.  It carries `made`, the key of the table and the
    code that it comes from, and what is `told` of where it is from, where they are given.  Called in `style`."""
    buffer = io.BytesIO()
    more: dict[str, Any] = {"metadata": fields(kind, made, told)} if kind in PLAIN else {}
    figure.savefig(buffer, format=kind, **more)
    return buffer.getvalue()


def save(figure: Figure, folder: Path, name: str = "figure", made: str = "", told: dict | None = None) -> list[Path]:
    """Writes the figure as PDF, SVG and PNG, as `rendered` makes them."""
    paths = []
    for kind in FORMATS:
        with style():
            data = rendered(figure, kind, made, told)
        paths.append(folder / f"{name}.{kind}")
        replace(paths[-1], data)
    return paths
