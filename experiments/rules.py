"""Which exponents make the best straight-through rule, for units how saturated and for how many estimates averaged?

Exact efficiency, averaged over hidden layers, of tempered straight-through at every place (g, h) of a grid, on networks as initialised and
trained.  The maps are means over networks; the rules of the literature are corners.  `law` shows the best g of each network against
its saturation, 0 for fair coins and 1 for certain units, and the law that gives g and h from the saturation and from the number of
estimates: found on half of the networks (hollow), judged on the other half (full) in the table.
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from straightedge.analysis.accuracy.exponent import Surface, exponents, found_law, law_words
from straightedge.analysis.cell.cell import Cell, Suppressed
from straightedge.analysis.figure import look as figures
from straightedge.analysis.problem.classification import Classification, Digits, Points
from straightedge.estimators.base import Estimator
from straightedge.estimators.clipped_identity import ClippedIdentity
from straightedge.estimators.mve import Mve
from straightedge.estimators.psa import Psa
from straightedge.estimators.tempered import Tempered
from straightedge.experiments.runner.study import Study

G, H = (0.0, 0.125, 0.25, 0.5, 0.75, 1.0), (0.0, 0.25, 0.5, 0.75, 1.0)
NAMED = {"straight-through": (1.0, 1.0), "ZGR": (1.0, 0.0), "identity, scaled": (0.0, 1.0)}
OTHERS = (Mve(), ClippedIdentity(), Psa())
KINDS = (Points((5, 5, 5), points=100), Points((5, 5, 5), shape="rings", points=100), Points((8, 8), points=100),
         Digits((7, 7), points=100), Points((4,) * 5, points=60), Points((6, 6), noise="normal", points=100))
MORE = (*KINDS, Points((7,), points=100), Points((12, 12), points=100), Points((4,) * 6, points=60), Digits((6, 6, 6), points=100),
        *(Points((5, 5, 5), noise=noise, points=100) for noise in ("logistic2", "triangular", "uniform")))
STAGES = ((0, "exact"), (200, "exact"), (1000, "exact"), (300, "straight_through"))
LEAST = 0.5
"""The least g + h: below it the second moment, P(x)^(2 (g + h) - 1) of the rarer state, has no bound as units saturate."""
DRAWS = (1, 10, 100, 1000)
REPEATS = 2000


@dataclass(frozen=True)
class Config:
    """Defaults are the published figure."""

    kinds: Suppressed[tuple[Classification, ...]] = KINDS
    stages: Suppressed[tuple[tuple[int, str], ...]] = STAGES
    """(steps, trainer) of each network."""
    others: Suppressed[tuple[Estimator, ...]] = OTHERS
    g: Suppressed[tuple[float, ...]] = G
    h: Suppressed[tuple[float, ...]] = H
    networks: int = 2
    """Initial networks and data sets of each kind; the law is found on the even ones and judged on the odd ones."""
    draws: tuple[int, ...] = DRAWS
    """Numbers of estimates averaged."""


SMOKE = Config((Points((2, 2), points=20), Points((3,), points=20)), ((0, "exact"), (30, "exact")), OTHERS[:1], (0.0, 0.5, 1.0), (0.0, 1.0))
PAPER = Config(MORE, (*STAGES, (300, "tempered")), networks=10)


def cells(config):
    """Every place of the grid, and the other rules, on every network."""
    problems = [replace(kind, steps=steps, trainer=trainer, seed=seed)
                for kind in config.kinds for steps, trainer in config.stages for seed in range(config.networks)]
    rules = [*(Tempered(g, h) for g in config.g for h in config.h if g + h >= LEAST), *config.others]
    return [Cell(problem, rule, draws=config.draws, method="exact") for problem in problems for rule in rules]


def keep(table):
    """Efficiency and saturation, and what bias, RMSE and the mean's cosine are made of."""
    return (table.group == "hidden") | (table.group == "all") & table.metric.isin(["bias2", "variance", "along", "exact2"])


def efficiencies(table):
    """One row for each network, number of draws and rule: efficiency; with trained, seed, saturation, g and h (empty for other rules)."""
    hidden = table[table.group == "hidden"]
    saturation = hidden[hidden.metric == "saturation"].groupby("problem", sort=False).value.first()
    wide = hidden[hidden.metric == "efficiency"][["problem", "problem_steps", "problem_seed", "label", "g", "h", "draws", "value"]]
    return wide.rename(columns={"value": "efficiency"}).assign(
        trained=wide.problem_steps > 0, judged=wide.problem_seed % 2 == 1, saturation=wide.problem.map(saturation).to_numpy())


def surfaces(table):
    """All of them."""
    return [Surface(rows) for _, rows in efficiencies(table).groupby(["problem", "draws"], sort=False)]


def figure(table):
    """Maps of mean efficiency over (g, h): as initialised and trained, a column for each number of estimates averaged."""
    found = efficiencies(table)
    found = found[found.g.notna()]
    draws, stages = sorted(found.draws.unique()), [stage for stage in (False, True) if stage in set(found.trained)]
    drawing, axes = figures.panels(len(stages), len(draws), 2.05 * len(stages) + 0.5, sharex=True, sharey=True)
    for row, stage in enumerate(stages):
        for panel, count in zip(axes[row], draws, strict=True):
            part = found[(found.trained == stage) & (found.draws == count)]
            heat(panel, part.pivot_table("efficiency", "h", "g", aggfunc="mean"))
            panel.set_title(f"{'trained' if stage else 'initial'}, {count} estimate{'s' if count > 1 else ''}")
    for panel in axes[-1]:
        panel.set_xlabel("g, exponent of F'")
    for panel in axes[:, 0]:
        panel.set_ylabel("h, exponent of P")
    drawing.suptitle("efficiency, % of an exact step's; corners: ST straight-through, Z = ZGR = ReinMax, I identity; framed: the best",
                     fontsize=8)
    return drawing


def heat(panel, grid):
    """One map with its numbers, the best place framed, the named rules at their corners."""
    values = grid.to_numpy()
    top = np.nanmax(values)
    panel.imshow(values, cmap="Greys_r", vmin=-0.6 * top, vmax=top, aspect="auto", origin="lower")
    names = {(g, h): short for (g, h), short in zip(NAMED.values(), ("ST", "Z", "I"), strict=True)}
    for (row, column), value in np.ndenumerate(values):
        name = names.get((grid.columns[column], grid.index[row]))
        number = "" if np.isnan(value) else f"{100 * value:.2g}" if value < 0.995 else "100"
        panel.text(column, row, number, ha="center", va="bottom" if name else "center", fontsize=6)
        if name:
            panel.text(column, row, name, ha="center", va="top", fontsize=6, fontweight="bold")
    row, column = np.unravel_index(np.nanargmax(values), values.shape)
    panel.add_patch(figures.Rectangle((column - 0.5, row - 0.5), 1, 1, fill=False, edgecolor=figures.COLOURS["straight-through"],
                                      linewidth=1.8, clip_on=False, zorder=3))
    panel.set_xticks(range(len(grid.columns)), [f"{g:g}".removeprefix("0") or "0" for g in grid.columns])
    panel.set_yticks(range(len(grid.index)), [f"{h:g}".removeprefix("0") or "0" for h in grid.index])
    panel.spines[:].set_visible(False)
    panel.tick_params(length=0)


def law(table):
    """The best g and h of every network against its saturation, a column for each number of estimates, with the law."""
    parts = surfaces(table)
    rule = found_law([part for part in parts if not part.judged])
    draws = sorted({part.draws for part in parts})
    drawing, axes = figures.panels(2, len(draws), 3.6, sharex=True, sharey=True)
    line, colour = np.linspace(0, 1, 101), figures.COLOURS["straight-through"]
    for column, count in enumerate(draws):
        for index, name in enumerate("gh"):
            panel, chosen = axes[index, column], [part for part in parts if part.draws == count]
            panel.plot(line, [exponents(rule, s, count)[index] for s in line], color="black", linewidth=1.0, zorder=1)
            for judged in (False, True):
                places = [(part.saturation, getattr(part, name)) for part in chosen if part.judged == judged]
                panel.plot(*zip(*places, strict=True), "o", color=colour, markersize=4, markerfacecolor=colour if judged else "white",
                           alpha=0.8, clip_on=False)
            panel.set(ylim=(-0.06, 1.06))
        axes[0, column].set_title(f"{count} estimate{'s' if count > 1 else ''}")
        axes[1, column].set_xlabel("saturation S")
    for panel, name in zip(axes[:, 0], ("best g", "best h"), strict=True):
        panel.set_ylabel(name)
    drawing.suptitle(law_words(rule), fontsize=8)
    return drawing


def tables(table):
    """Mean efficiency on the networks that the law was not found on, and by how much the law is ahead of the better of straight-through
    and ZGR there, network by network, with the 95 % interval of a bootstrap over networks."""
    parts, rows = surfaces(table), []
    rule = found_law([part for part in parts if not part.judged])
    fixed = Tempered()
    for trained in (False, True):
        for draws in sorted({part.draws for part in parts}):
            chosen = [part for part in parts if part.judged and part.trained == trained and part.draws == draws]
            ours = np.array([part(*exponents(rule, part.saturation, draws)) for part in chosen])
            named = {name: np.array([part(*place) for part in chosen]) for name, place in NAMED.items()}
            ahead = ours - np.maximum(named["straight-through"], named["ZGR"])
            picks = np.random.default_rng(0).integers(len(ahead), size=(REPEATS, len(ahead)))
            low, high = np.quantile(ahead[picks].mean(1), (0.025, 0.975))
            line = {"networks": "trained" if trained else "initial", "estimates": draws, "judged on": len(chosen)}
            line |= {name: f"{values.mean():.3f}" for name, values in named.items()}
            line |= {figures.words(label): f"{np.mean([part.others[label] for part in chosen]):.3f}" for label in chosen[0].others.index}
            line |= {f"tempered, g {fixed.g:g} h {fixed.h:g}": f"{np.mean([part(fixed.g, fixed.h) for part in chosen]):.3f}",
                     "law": f"{ours.mean():.3f}", "best place": f"{np.mean([part.best for part in chosen]):.3f}",
                     "law ahead": f"{ahead.mean():+.3f} ({low:+.3f} to {high:+.3f})", "the law": law_words(rule)}
            rows.append(line)
    return pd.DataFrame(rows)


STUDY = Study(__name__, __doc__, Config, cells, {"figure": figure, "law": law}, SMOKE, PAPER, tables=tables, keep=keep,
              fields=("steps", "trainer", "seed"))
