"""Which exponents make the best straight-through rule, for units how saturated and for how many estimates averaged?

Exact efficiency, in % of an exact step's guaranteed decrease, averaged over hidden layers, of tempered straight-through at every place
(g, h) of a grid, on networks as initialised and trained.  The maps are means over networks, the best place is framed; rules of the
literature are corners: ST straight-through, Z ZGR and ReinMax, I identity.  `law` shows the best g of each network against its saturation,
0 for fair coins and 1 for certain units, and the law that gives g and h from the saturation and from the number of estimates: found on
half of the networks (hollow), judged on the other half (full) in the table.
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from straightedge.analysis.accuracy.exponent import Surface, exponents, found_law, law_words
from straightedge.analysis.cell.cell import Cell, Suppressed
from straightedge.analysis.figure import look as figures
from straightedge.analysis.figure.heat import heat
from straightedge.analysis.figure.name import listed, percent
from straightedge.analysis.figure.number import aligned
from straightedge.analysis.figure.picture import Picture, Words
from straightedge.analysis.problem.classification import Classification, Digits, Points
from straightedge.analysis.problem.teacher import Teacher
from straightedge.estimators.base import Estimator
from straightedge.estimators.clipped_identity import ClippedIdentity
from straightedge.estimators.mve import Mve
from straightedge.estimators.psa import Psa
from straightedge.estimators.tempered import Tempered
from straightedge.experiments.runner.study import Study

G, H, REPEATS = (0.0, 0.125, 0.25, 0.5, 0.75, 1.0), (0.0, 0.25, 0.5, 0.75, 1.0), 2000
NAMED = {"straight-through": (1.0, 1.0), "ZGR": (1.0, 0.0), "scaled identity": (0.0, 1.0)}
OTHERS = (Mve(), ClippedIdentity(), Psa())
KINDS = (Points((5, 5, 5), points=100), Points((5, 5, 5), shape="rings", points=100), Points((8, 8), points=100),
         Digits((7, 7), points=100), Points((4,) * 5, points=60), Points((6, 6), noise="normal", points=100), Teacher((5, 5), points=100))
MORE = (*KINDS, Teacher((6, 6, 6), inputs=8, points=100), Points((7,), points=100), Points((12, 12), points=100),
        Points((4,) * 6, points=60), Digits((6, 6, 6), points=100),
        *(Points((5, 5, 5), noise=noise, points=100) for noise in ("logistic2", "triangular", "uniform")))
STAGES = ((0, "exact"), (200, "exact"), (1000, "exact"), (300, "straight_through"))
LEAST = 0.5
"""The least g + h: below it the second moment, P(x)^(2 (g + h) - 1) of the rarer state, has no bound as units saturate."""
DRAWS = (1, 10, 100, 1000)


@dataclass(frozen=True)
class Config:
    """Defaults are the published figure."""

    kinds: Suppressed[tuple[Classification, ...]] = KINDS
    stages: Suppressed[tuple[tuple[int, str], ...]] = STAGES
    """(steps, trainer) of each network."""
    others: Suppressed[tuple[Estimator, ...]] = OTHERS
    g: Suppressed[tuple[float, ...]] = G
    h: Suppressed[tuple[float, ...]] = H
    networks: int = 4
    """Initial networks and data sets of each kind; the law is found on the even ones and judged on the odd ones."""
    draws: tuple[int, ...] = DRAWS
    """Numbers of estimates averaged."""


SMOKE = Config((Points((2, 2), points=20), Points((3,), points=20)), ((0, "exact"), (30, "exact")), OTHERS[:1], H[::2], H[::4], 2)
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
    """Maps of mean efficiency over (g, h): as initialised and trained, for each number of estimates averaged."""
    found = efficiencies(table)
    found = found[found.g.notna()]
    draws, stages = sorted(found.draws.unique()), [stage for stage in (False, True) if stage in set(found.trained)]
    shape = (len(draws), len(stages)) if figures.narrow() else (len(stages), len(draws))
    drawing, axes = figures.panels(*shape, 1.7 * shape[0] + 0.7, sharex=True, sharey=True)
    for row, stage in enumerate(stages):
        for column, count in enumerate(draws):
            panel, part = (axes.T if figures.narrow() else axes)[row, column], found[(found.trained == stage) & (found.draws == count)]
            panel.set_title(f"{'trained' if stage else 'initial'}, {count} estimate{'s' if count > 1 else ''}")
            grid = part.pivot_table("efficiency", "h", "g", aggfunc="mean")
            values = grid.to_numpy()
            texts = [[label(g, h, grid.loc[h, g]) for g in grid.columns] for h in grid.index]
            best = [tuple(map(int, np.unravel_index(np.nanargmax(values), values.shape)))]
            heat(panel, 0.75 * (1 - values / np.nanmax(values)), texts, [f"{g:g}".removeprefix("0") or "0" for g in grid.columns],
                 [f"{h:g}".removeprefix("0") or "0" for h in grid.index], upward=True, framed=best, colour=figures.SERIES[0])
    for panel in axes[-1]:
        panel.set_xlabel("g, exponent of F'")
    for panel in axes[:, 0]:
        panel.set_ylabel("h, exponent of P")
    return drawing


def label(g, h, value):
    """What stands at a place: the short name of a rule of the literature, and the efficiency in percent."""
    names = {place: short for place, short in zip(NAMED.values(), ("ST", "Z", "I"), strict=True)}
    number = "" if np.isnan(value) else f"{100 * value:.2g}" if value < 0.995 else "100"
    return f"{names[g, h]}\n{number}" if (g, h) in names else number


def words(table):
    """The best place for one estimate on the most trained of the networks, beside the rules of the literature."""
    found = efficiencies(table).query("g.notna() and trained == trained.max() and draws == draws.min()", engine="python")
    means = found.groupby(["g", "h"]).efficiency.mean()
    (g, h), best = means.idxmax(), means.max()
    shares = {name: percent(means.get(place, np.nan)) for name, place in NAMED.items()}
    own = {place: f"is {name}," for name, place in NAMED.items()}.get((g, h), "has")
    answer = (f"On {'trained' if found.trained.any() else 'initial'} networks the best rule for 1 estimate {own} g = {g:g} and h = {h:g}: "
              f"{percent(best)} of an exact step; {listed(f'{name} has {shares[name]}' for name in shares if NAMED[name] != (g, h))}.")
    return Words(answer, f"{percent(best)} of an exact step with 1 estimate; straight-through: {shares['straight-through']}.")


def law(table):
    """The best g and h of every network against its saturation, a column for each number of estimates, with the law."""
    parts = surfaces(table)
    rule = found_law([part for part in parts if not part.judged])
    draws = sorted({part.draws for part in parts})
    shape = (len(draws), 2) if figures.narrow() else (2, len(draws))
    drawing, axes = figures.panels(*shape, 1.35 * shape[0] + 1.0, sharex=True, sharey=True)
    line, colour = np.linspace(0, 1, 101), figures.colour("straight-through")
    for column, count in enumerate(draws):
        for index, name in enumerate("gh"):
            panel, chosen = (axes.T if figures.narrow() else axes)[index, column], [part for part in parts if part.draws == count]
            panel.plot(line, [exponents(rule, s, count)[index] for s in line], color="black", linewidth=1.0, zorder=1)
            for judged in (False, True):
                places = [(part.saturation, getattr(part, name)) for part in chosen if part.judged == judged]
                panel.plot(*zip(*places, strict=True), "o", color=colour, markersize=4, markerfacecolor=colour if judged else "white",
                           alpha=0.8, clip_on=False)
            panel.set(ylim=(-0.06, 1.06), title=f"{count} estimate{'s' if count > 1 else ''}")
            if panel in axes[:, 0] or figures.narrow():
                panel.set_ylabel(f"best {name}")
    for panel in axes[-1]:
        panel.set_xlabel("saturation S")
    return drawing


def law_said(table):
    """By how much the law is ahead on the networks that it was not found on, for one estimate and trained networks."""
    found = judged(table)
    row = next((one for one in found if one["trained"]), found[0])
    rule, (ahead, low, high) = found_law([part for part in surfaces(table) if not part.judged]), row["ahead"]
    where, count = "trained" if row["trained"] else "initial", f"{row['draws']} estimate{'s' * (row['draws'] > 1)}"
    answer = (f"{law_words(rule)}: on {where} networks that it was not found on, for {count}, this is ahead of the "
              f"better of straight-through and ZGR by {100 * ahead:.1f} % of an exact step ({100 * low:.1f} to {100 * high:.1f}).")
    return Words(answer, f"{100 * ahead:+.1f} % of an exact step, with {count}.")


def judged(table):
    """For networks as initialised and trained, and each number of draws: mean efficiencies on the networks that the law was not found on,
    and the law's lead on the better of straight-through and ZGR, network by network, with the 95 % interval of a bootstrap."""
    parts, rows = surfaces(table), []
    rule, fixed = found_law([part for part in parts if not part.judged]), Tempered()
    for trained in (False, True):
        for draws in sorted({part.draws for part in parts}):
            chosen = [part for part in parts if part.judged and part.trained == trained and part.draws == draws]
            ours = np.array([part(*exponents(rule, part.saturation, draws)) for part in chosen])
            named = {name: np.array([part(*place) for part in chosen]) for name, place in NAMED.items()}
            ahead = ours - np.maximum(named["straight-through"], named["ZGR"])
            picks = np.random.default_rng(0).integers(len(ahead), size=(REPEATS, len(ahead)))
            means = {name: values.mean() for name, values in named.items()}
            means |= {figures.words(other): np.mean([part.others[other] for part in chosen]) for other in chosen[0].others.index}
            means |= {f"tempered, g {fixed.g:g} h {fixed.h:g}": np.mean([part(fixed.g, fixed.h) for part in chosen]), "law": ours.mean(),
                      "best place": np.mean([part.best for part in chosen])}
            rows.append({"trained": trained, "draws": draws, "networks": len(chosen), "means": means,
                         "ahead": (ahead.mean(), *np.quantile(ahead[picks].mean(1), (0.025, 0.975)))})
    return rows


def tables(table):
    """Mean efficiencies on the networks that the law was not found on, the law's lead with its interval."""
    rows = judged(table)
    frame = pd.DataFrame([{"networks": f"{'trained' if row['trained'] else 'initial'}, {row['networks']}", "estimates": str(row["draws"]),
                           **row["means"], "law ahead": row["ahead"][0], "from": row["ahead"][1], "to": row["ahead"][2]} for row in rows])
    return frame.assign(**{name: aligned(frame[name]) for name in frame if name not in ("networks", "estimates")}).set_index("networks")


STUDY = Study(__name__, __doc__, Config, cells, {"figure": Picture(figure, words), "law": Picture(law, law_said)}, SMOKE, PAPER,
              tables=tables, keep=keep, fields=("steps", "trainer", "seed"))
