"""The drawings of docs/mathematics.md: each computes what its section says, by the package's own functions."""

import numpy as np
import torch
from matplotlib.figure import Figure

from straightedge.analysis.figure import look
from straightedge.analysis.problem.classification import Points
from straightedge.estimators.base import Rule, Units, local
from straightedge.estimators.darn import Darn
from straightedge.estimators.identity import Identity
from straightedge.estimators.network.noise import LOGISTIC, NOISES
from straightedge.estimators.straight_through import StraightThrough
from straightedge.estimators.sum.cost import exact_cost
from straightedge.estimators.tempered import Tempered

STYLES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)))


def noises() -> list:
    """(name, noise), those that are drawn."""
    return [(name, noise) for name, noise in NOISES.items() if name != "logistic2"]


def model() -> Figure:
    """The probability of the upper state, and a sampled layer of units."""
    drawing, axes = look.panels(1, 2, 2.1)
    a = torch.linspace(-4, 4, 400, dtype=torch.float64)
    for place, (name, noise) in enumerate(noises()):
        axes[0, 0].plot(a, noise.cdf(a), color=look.SERIES[place], linestyle=STYLES[place], label=name)
    axes[0, 0].set(xlabel="pre-activation a", ylabel="P(x = hi) = F(a)", title="a unit, under each noise")
    axes[0, 0].legend(frameon=False)
    rng = torch.Generator().manual_seed(0)
    some = torch.linspace(-4, 4, 40, dtype=torch.float64)
    upper = torch.rand(60, 40, generator=rng, dtype=torch.float64) < LOGISTIC.cdf(some)
    axes[0, 1].imshow(upper, cmap="gray", aspect="auto", extent=(-4, 4, 0, 60), vmin=-0.15)
    axes[0, 1].set(xlabel="pre-activation a", ylabel="samples", title="sixty samples, white where x = hi")
    return drawing


def expectation() -> Figure:
    """Work of the exact expected loss: all joint states, against layer by layer."""
    drawing, axes = look.panels(1, 1, 2.4)
    widths = np.arange(1, 17)
    networks = [Points((int(width),) * 3, points=10).build() for width in widths]
    one = [sum(o * (i + 1) for o, i in network.shapes) for network in networks]
    joint = [2.0 ** (3 * width) * size for width, size in zip(widths, one, strict=True)]
    axes[0, 0].plot(widths, joint, color=look.SERIES[1], marker="s", label="every joint state, 2^(3 n) passes")
    axes[0, 0].plot(widths, [exact_cost(network).operations for network in networks], color=look.SERIES[0], marker="o",
                    label="layer by layer, halves of a layer")
    axes[0, 0].set(xlabel="units a layer, n, of three layers", ylabel="multiply-adds, 10 points", yscale="log")
    axes[0, 0].legend(frameon=False)
    return drawing


def gradient() -> Figure:
    """Values come down, coefficients climb, and a layer's gradient is where they meet."""
    drawing, axes = look.panels(1, 1, 1.5)
    panel, names = axes[0, 0], ("data", "layer 0", "layer 1", "layer 2", "loss phi")
    for place, name in enumerate(names):
        panel.add_patch(look.Rectangle((place - 0.3, -0.16), 0.6, 0.32, facecolor="0.92", edgecolor="0.3", linewidth=0.8))
        panel.text(place, 0, name, ha="center", va="center")
    arrow = {"arrowstyle": "->", "linewidth": 1.2, "shrinkA": 0, "shrinkB": 0}
    for place in range(len(names) - 1):
        panel.annotate("", (place + 0.68, 0.28), (place + 0.32, 0.28), arrowprops=arrow | {"color": look.SERIES[0]})
        panel.annotate("", (place + 0.32, -0.28), (place + 0.68, -0.28), arrowprops=arrow | {"color": look.SERIES[1]})
        panel.text(place + 0.5, 0.36, f"$C_{place}$", ha="center", va="bottom", color=look.SERIES[0])
        panel.text(place + 0.5, -0.36, f"$V_{place}$", ha="center", va="top", color=look.SERIES[1])
    panel.text(2, 0.66, "coefficients of states in the loss climb", ha="center", color=look.SERIES[0])
    panel.text(2, -0.74, "values of states, the expected loss from there on, come down", ha="center", color=look.SERIES[1])
    panel.set(xlim=(-0.4, len(names) - 0.6), ylim=(-0.85, 0.8))
    panel.axis("off")
    return drawing


def certain() -> Figure:
    """What is left of a rare state's probability in 64 bits: 1 - F(a), and F(-a)."""
    drawing, axes = look.panels(1, 1, 2.2)
    a = torch.linspace(0, 45, 400, dtype=torch.float64)
    rare = 1 / (1 + torch.exp(a))  # of logistic noise, by another formula
    for values, name, place in ((1 - LOGISTIC.cdf(a), "1 - F(a)", 1), (LOGISTIC.cdf(-a), "F(-a)", 0)):
        error = ((values - rare).abs() / rare).clamp_min(1e-17)
        axes[0, 0].plot(a, error, color=look.SERIES[place], linestyle=STYLES[place], label=name)
    axes[0, 0].set(xlabel="pre-activation a", ylabel="relative error of P(x = lo)", yscale="log", ylim=(5e-18, 5))
    axes[0, 0].axhline(1, color="0.8", linewidth=0.6, zorder=0)
    axes[0, 0].legend(frameon=False)
    return drawing


def kinks() -> Figure:
    """The densities, which are what autograd is given for F'."""
    drawing, axes = look.panels(1, 1, 2.0)
    a = torch.linspace(-4, 4, 1601, dtype=torch.float64)
    for place, (name, noise) in enumerate(noises()):
        axes[0, 0].plot(a, noise.density(a), color=look.SERIES[place], linestyle=STYLES[place], label=name)
    axes[0, 0].set(xlabel="pre-activation a", ylabel="F'(a)")
    axes[0, 0].legend(frameon=False)
    return drawing


def moments() -> Figure:
    """The factor c(a, x) by which a rule passes a gradient, for the likelier and for the rarer state."""
    drawing, axes = look.panels(1, 2, 2.5, sharey=True)
    a = torch.linspace(0, 8, 200, dtype=torch.float64)
    units: Units = Points((1,), points=2).build()
    rules: tuple[Rule, ...] = (StraightThrough(), Darn(), Tempered(), Identity())
    names = ("straight_through", "darn", "tempered", "identity")
    probability = LOGISTIC.cdf(a)
    for panel, u, title in ((axes[0, 0], probability / 2, "the likelier state"), (axes[0, 1], (1 + probability) / 2, "the rarer state")):
        for place, (rule, name) in enumerate(zip(rules, names, strict=True)):
            panel.plot(a, local(rule.unit, a, u, units)[1], color=look.SERIES[place], linestyle=STYLES[place], label=look.words(name))
        panel.set(xlabel="pre-activation a", yscale="log", title=title, ylim=(5e-4, 20))
    axes[0, 0].set_ylabel("factor c(a, x), logistic noise")
    axes[0, 0].legend(frameon=False)
    return drawing
