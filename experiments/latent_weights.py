"""How should binary weights be learned: which optimiser of latent weights is best, and what do its rate, scale and decay do?

`figure`: sixteen weights whose 65 536 states are all in a table; the exact expected loss beyond the best state's, along the course of
every method at its best settings (dashed: the mirror step with the exact gradient).  The other panels have a dot for every setting of
rate, latent scale and initial width, equally many for every method, and a bar, the best with its 95 % interval: the loss of the likeliest
state on the same weights, the test error of the likeliest state on digits with tanh units, and with binary units.  `rates`: the loss by the
rate at three latent scales and three widths, the mark where half of it is gone; and decay, sampled weights against signs.  `path`: the
means of two weights over lines of equal expected loss, from the same start, averaged over courses.
"""

from dataclasses import dataclass

import pandas as pd

from straightedge.analysis.cell.cell import Cell
from straightedge.analysis.figure import latent
from straightedge.analysis.figure import look as figures
from straightedge.analysis.figure.latent import FIELDS, ends
from straightedge.analysis.figure.latent_rate import path, path_words, rate_words, rates
from straightedge.analysis.figure.name import listed, percent, short
from straightedge.analysis.figure.number import aligned
from straightedge.analysis.figure.picture import Picture, Words
from straightedge.analysis.lesson.classifier import Classifier
from straightedge.analysis.lesson.enumerated import Enumerated
from straightedge.analysis.lesson.lesson import Lesson
from straightedge.analysis.lesson.method import WORDS, way
from straightedge.estimators.straight_through import StraightThrough
from straightedge.experiments.runner.study import Study

TRAINED = 808
"""Digits that are trained on."""
START = (-0.9, -0.5)
"""Means of the two weights whose paths are drawn."""
ENDS = ("objective", "likeliest", "excess", "optimal", "entropy", "flips", "apart", "size", "loss", "test_likeliest", "test_ensemble",
        "validation_likeliest", "validation_ensemble", "train_likeliest")


@dataclass(frozen=True)
class Config:
    """Defaults are the published figure."""

    ways: tuple[str, ...] = ("mirror", "matched", "decayed", "projected", "bayesbinn", "relaxed", "bop", "md_tanh", "adam")
    """Methods, each with every rate, scale and spread."""
    hidden: int = 4
    """Units of the enumerated network, up to 5: 4 weights each."""
    steps: int = 200
    """Of the enumerated network."""
    rates: tuple[float, ...] = (0.1, 0.5, 2.0, 8.0, 32.0)
    """Steps of a latent weight for a unit derivative of the mean loss; Adam's are a hundredth."""
    scales: tuple[float, ...] = (0.1, 1.0, 10.0)
    """Of latent weights, in units of their noise; Bop's threshold in thousandths."""
    spreads: tuple[float, ...] = (0.1, 1.0)
    """Half the widths of uniform initial latent weights, in units of the scale."""
    seeds: int = 20
    """Initial latent weights, each with noise of its own, of the enumerated network."""
    digits_rates: tuple[float, ...] = (2.0, 10.0, 50.0, 250.0, 1250.0)
    """Rates on the digits, in the same unit."""
    digits_steps: int = 150
    """Steps on the digits, of mini-batches."""
    digits_width: int = 64
    """Units of the hidden layer."""
    digits_seeds: int = 3
    """Initial latent weights on the digits."""
    lowest: float = 0.00390625
    """The least of the fine rates, a power of two; each is twice the one before."""
    octaves: int = 22
    """Fine rates, at every fine scale and width."""
    fine_scales: tuple[float, ...] = (0.125, 1.0, 8.0)
    """Of latent weights, at which the best rate is looked for among the fine ones."""
    widths: tuple[int, ...] = (16, 64, 256)
    """Units of the hidden layer, at which it is looked for too."""
    decays: tuple[float, ...] = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2)
    """Of latent weights towards 0, a step."""
    device: str = "cpu"
    """Where the networks on digits are trained: cpu, cuda or cuda:1."""


SMOKE = Config(("mirror", "bop"), 1, 8, (0.5, 8.0), (1.0,), (1.0,), 3, (50.0,), 4, 8, 2, 0.5, 5, (0.5, 1.0), (8, 16), (1e-4, 1e-3))
PAPER = Config(hidden=5, steps=1000, seeds=20, digits_steps=1000, digits_width=256, digits_seeds=10, widths=(16, 64, 256, 1024))


def enumerated(config, name, rate, scale=1.0, spread=1.0, units=None, start=(), exact=False):
    """A course of the enumerated network."""
    decay = 1 / 40 if name == "decayed" else 0.0
    units = config.hidden if units is None else units
    problem = Enumerated(units, 40, name, rate, scale, spread, decay, config.steps, start, exact)
    return Lesson(problem, way(name, rate, scale, decay, 40, config.steps).rule, config.steps, config.seeds)


def digits(config, name, rate, scale=1.0, spread=1.0, width=None, decay=None, units="tanh"):
    """A course on digits: one hidden layer, or two of binary units."""
    decay = decay if decay is not None else 1 / TRAINED if name == "decayed" else 0.0
    width = width or config.digits_width
    problem = Classifier(widths=(width,) if units == "tanh" else (width, width), activation=units, binary=True, way=name, scale=scale,
                         spread=spread, decay=decay, rate=rate, steps=config.digits_steps, device=config.device)
    rule = way(name, rate, scale, decay, TRAINED, config.digits_steps).rule if units == "tanh" else StraightThrough()
    return Lesson(problem, rule, config.digits_steps, config.digits_seeds, device=config.device)


def cells(config):
    """Every setting of every method on three networks; then rates by scale and width, decays, and two weights."""
    found: list[Cell] = []
    fine = [config.lowest * 2.0**power for power in range(config.octaves)]
    for name in config.ways:
        settings = [(scale, spread) for scale in config.scales for spread in config.spreads]
        found += [enumerated(config, name, rate, *setting) for rate in config.rates for setting in settings]
        found += [digits(config, name, rate, *setting) for rate in config.digits_rates for setting in settings]
        found += [digits(config, name, rate, units="bernoulli") for rate in config.digits_rates]
        found.append(enumerated(config, name, config.rates[min(1, len(config.rates) - 1)], units=0, start=START))
    found += [enumerated(config, "mirror", rate, exact=True) for rate in config.rates[-3:]]
    found += [enumerated(config, name, rate, scale) for name in ("mirror", "matched") for scale in config.fine_scales
              for rate in fine]
    found += [digits(config, "mirror", rate, width=width) for width in config.widths for rate in fine if 1 <= rate <= 1024]
    found += [digits(config, name, rate, decay=decay) for name in ("decayed", "sign") for decay in config.decays
              for rate in (config.digits_rates[len(config.digits_rates) // 2],)]
    return list(dict.fromkeys(found))


def keep(table):
    """The ends of all courses; on the way the expected loss, and the means of two weights."""
    pair = (table.problem_units == 0) & table.metric.isin(("mean0", "mean1"))
    return table.metric.isin(ENDS) & (table.group == "all") | (table.metric == "objective") | pair


def networks(table):
    """Name of a network -> its courses in the sweep that all methods share, and (metric, metric that the best is chosen by)."""
    found = ends(table)
    exact = found[(found.kind == "Enumerated") & (found.units != 0) & (found.exact == False)]  # noqa: E712 - a column of objects
    learned = found[(found.kind == "Classifier") & (found.way != "sign")]
    ways = set(learned[learned.activation == "bernoulli"].way)
    size = learned[(learned.activation == "tanh") & (learned.way.isin(ways - {"mirror"}))].widths.astype(str).iloc[0]
    shared = {f"{4 * int(exact.units.iloc[0])} weights": exact,
              "digits": learned[(learned.activation == "tanh") & (learned.widths.astype(str) == size)],
              "digits, binary units": learned[learned.activation == "bernoulli"]}
    shared = {name: part[part.way.isin(ways)] for name, part in shared.items()}
    common = {name: set.intersection(*(set(rows.rate) for _, rows in part.groupby("way"))) for name, part in shared.items()}
    chosen = {name: part[part.rate.isin(common[name])] for name, part in shared.items()}
    for name, part in chosen.items():  # fine scales are the mirror's alone
        chosen[name] = part[part.scale.isin(set.intersection(*(set(rows.scale) for _, rows in part.groupby("way"))))]
    return {name: (part[(part.way != "decayed") | (part.decay == part[part.way == "decayed"].decay.mode().max())],
                   *(("excess", "excess") if "weights" in name else ("test_likeliest", "validation_likeliest")))
            for name, part in chosen.items()}


def best(part, chosen):
    """Way -> the course with the least mean of this metric."""
    return {name: rows.loc[rows[chosen].astype(float).idxmin()] for name, rows in part.groupby("way", sort=False)}


def figure(table):
    """Courses at their best settings, and all settings' ends."""
    drawing, axes = figures.panels(*((4, 1, 9.6) if figures.narrow() else (2, 2, 5.6)))
    course, *rest = axes.flat
    shown, found = networks(table), ends(table)
    exact = found[(found.kind == "Enumerated") & (found.exact == True)]  # noqa: E712 - a column of objects
    latent.courses(course, table, best(next(iter(shown.values()))[0], "objective"), exact.loc[exact.objective.astype(float).idxmin()])
    for panel, (name, (part, metric, chosen)) in zip(rest, shown.items(), strict=True):
        latent.settings(panel, part, metric, best(part, chosen))
        panel.set(title=name, xlabel="loss beyond the best state's" if metric == "excess" else "test error, likeliest state")
    return drawing


def words(table):
    """The best method on each network."""
    parts, lead = [], ""
    for name, (part, metric, chosen) in networks(table).items():
        found = {one: row for one, row in best(part, chosen).items()}
        first = min(found, key=lambda one: found[one][metric])
        value = f"{short(found[first][metric])} nats beyond the optimum" if metric == "excess" else f"{percent(found[first][metric])} error"
        parts.append(f"{WORDS[first]} ({name}: {value})")
        spread = part[part.way == first][metric].astype(float)
        lead = (f"{WORDS[first]} on {name}: from {percent(spread.min())} to {percent(spread.max())} test error, by its settings alone"
                if metric != "excess" else lead)
    return Words(f"Each at its best settings, the first are {listed(parts)}.", f"{lead}.")


def tables(table):
    """For every network and method: the best with its interval, the median and the worst of all settings, and the best settings."""
    lines = []
    for name, (part, metric, chosen) in networks(table).items():
        for one, row in sorted(best(part, chosen).items(), key=lambda pair: pair[1][metric]):
            rows = part[part.way == one][metric].astype(float)
            lines.append({"network": name, "method": WORDS[one], "best": row[metric], "from": row[f"{metric}_low"],
                          "to": row[f"{metric}_high"],
                          "median": rows.median(), "worst": rows.max(), "at rate": f"{row.rate:g}",
                          "scale": f"{row.scale:g}", "spread": f"{row.spread:g}", "settings": str(len(rows))})
    found = pd.DataFrame(lines)
    return found.assign(**{name: aligned(found[name]) for name in ("best", "from", "to", "median", "worst")}).set_index("network")


PICTURES = {"figure": Picture(figure, words), "rates": Picture(rates, rate_words), "path": Picture(path, path_words)}
STUDY = Study(__name__, __doc__, Config, cells, PICTURES, SMOKE, PAPER, tables=tables, keep=keep, fields=FIELDS)
