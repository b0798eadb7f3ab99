"""The plane of errors: |bias| against standard deviation, both logarithmic down to where nothing is, zeros in a band of their own."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from straightedge.analysis.figure import look

LEVELS = [a * 10.0**k for k in range(-3, 6) for a in (1, 3)]


class Plane:
    """Axes for all of these deviations and biases, by label; the labels that have zeros have a line each in a band of zeros."""

    def __init__(self, label: pd.Series, deviation: pd.Series, bias: pd.Series):
        values = deviation, bias
        self.begin = [decade(one) for one in values]
        self.top = [1.8 * float(np.nanmax(one, initial=begin)) for one, begin in zip(values, self.begin, strict=True)]
        zeros = [list(dict.fromkeys(label[one == 0])) for one in values]
        self.lanes = [{name: -begin * (place + 0.5) / len(names) for place, name in enumerate(names)}
                      for names, begin in zip(zeros, self.begin, strict=True)]

    def lay(self, panel: Axes) -> None:
        """Scales, limits, the bands of zeros, the lines of equal RMSE."""
        for axis, name, begin, top, lanes in zip((panel.xaxis, panel.yaxis), "xy", self.begin, self.top, self.lanes, strict=True):
            getattr(panel, f"set_{name}scale")("symlog", linthresh=begin, linscale=0.15 + 0.22 * len(lanes))
            getattr(panel, f"set_{name}lim")(-begin if lanes else 0.9 * begin, top)
            powers = [10.0**k for k in range(round(np.log10(begin)), int(np.floor(np.log10(top))) + 1)]
            axis.set_ticks([-begin / 2] * bool(lanes) + powers, ["0"] * bool(lanes) + [f"{power:g}" for power in powers])
            axis.set_minor_locator(look.no_ticks())
            if lanes:
                (panel.axvspan if name == "x" else panel.axhspan)(-begin, 0, color="0.94", zorder=-1)
        look.equal_error(panel, [level for level in LEVELS if level > 1.5 * max(self.begin)], 1.2 * min(self.top))

    def places(self, label: str, deviation: pd.Series, bias: pd.Series) -> tuple[pd.Series, pd.Series]:
        """Where the errors of an estimator are drawn: its zeros on its own line."""
        across, up = (one.where(one != 0, lanes.get(label, 0.0)) for one, lanes in zip((deviation, bias), self.lanes, strict=True))
        return across, up

    def course(self, panel: Axes, course: pd.DataFrame, style: dict) -> None:
        """One estimator, from network to network: deviation, bias, and seen, False where the bias is an upper bound.  The last is large."""
        x, y = self.places(course.label.iloc[0], course.deviation, course.bias)
        for start in range(len(x) - 1):
            panel.annotate("", (x.iloc[start + 1], y.iloc[start + 1]), (x.iloc[start], y.iloc[start]), zorder=1,
                           arrowprops={"arrowstyle": "->", "color": style["color"], "linewidth": 0.8, "shrinkA": 2, "shrinkB": 3})
        for place, (across, up, seen) in enumerate(zip(x, y, course.seen, strict=True)):
            size = 5.5 if place == len(x) - 1 else 3.0
            panel.errorbar(across, up, yerr=None if seen else [[up / 2], [0]], uplims=not seen, elinewidth=0.8, capsize=2,
                           **style | {"linestyle": "none", "markersize": size})


def decade(values: pd.Series) -> float:
    """The power of ten at which the logarithmic part begins: below all but what is zero, or the least of four decades."""
    sizes = values[values > 0]
    return 10.0 ** max(np.floor(np.log10(sizes.min())), np.floor(np.log10(sizes.max())) - 4) if len(sizes) else 0.01
