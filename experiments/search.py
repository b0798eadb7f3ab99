"""How good can a straight-through rule be at all, and which one is it?

A rule that treats both states alike, and knows of a unit its pre-activation and its state, is one function: the factor that the derivative
is multiplied by, against the log-odds of the state that the unit is in.  Curves: those found for so many estimates averaged, by exact
gradients of exact efficiency, on trained networks, with the rules of the literature: a rare state is on the left of each panel, a certain
one on the right.  The other panels have the efficiency, mean over hidden layers, on other networks than they were found on; bars are 95 %
intervals over networks.  The ceiling is found for each network on itself.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from straightedge.analysis.cell.cell import Cell, Suppressed
from straightedge.analysis.figure import look as figures
from straightedge.analysis.figure.name import listed, percent
from straightedge.analysis.figure.name import words as named
from straightedge.analysis.figure.number import aligned
from straightedge.analysis.figure.picture import Picture, Words
from straightedge.analysis.lesson.lesson import Lesson
from straightedge.analysis.lesson.search import Search, tempered
from straightedge.estimators.base import Estimator
from straightedge.estimators.network.margin import MARGINS
from straightedge.estimators.psa import Psa
from straightedge.estimators.straight_through import StraightThrough
from straightedge.estimators.tempered import Tempered
from straightedge.estimators.zgr import Zgr
from straightedge.experiments.runner.study import Study

RULES = (StraightThrough(), Zgr(), Tempered(0.0, 1.0), Tempered(), Psa())
DASHES = {"straight-through": "-", "ZGR": (0, (4, 1.5)), "identity": (0, (1, 1))}
FORMS = {"exponents": "two exponents", "exponents_by_layer": "two exponents a layer", "free": "free form",
         "free_by_layer": "free form a layer", "own": "ceiling, own to each network"}
"""Forms, for readers."""
CURVES = {"straight-through": (1.0, 1.0), "ZGR": (1.0, 0.0), "identity": (0.0, 1.0)}
REPEATS = 2000


@dataclass(frozen=True)
class Config:
    """Defaults are the published figure."""

    estimators: Suppressed[tuple[Estimator, ...]] = RULES
    forms: tuple[str, ...] = ("exponents", "exponents_by_layer", "free", "free_by_layer", "own")
    """Of the rules searched."""
    draws: tuple[int, ...] = (1, 10, 100)
    """Numbers of estimates averaged, a search for each."""
    kinds: tuple[str, ...] = ("moons", "rings", "digits", "normal", "deep", "teacher")
    """Of networks."""
    networks: int = 2
    """Of each kind and stage of training; rules are found on the even ones and judged on the odd ones."""
    steps: int = 200
    """Of a search, an exact gradient each."""


SMOKE = Config(RULES[:2], ("exponents", "free"), (1, 10), ("digits",), steps=4)
PAPER = Config(draws=(1, 10, 100, 1000), networks=10, steps=3000)


def cells(config):
    """A search for each form and number of estimates; the rules of the library on the networks that those are judged on."""
    searches = [Search(form, draws, config.steps, config.kinds, config.networks) for form in config.forms for draws in config.draws]
    judged = [problem for problem in searches[0].problems() if problem.seed % 2]
    return [*(Lesson(one, Tempered(), config.steps, 1) for one in searches),
            *(Cell(problem, rule, draws=config.draws, method="exact") for problem in judged for rule in config.estimators)]


def keep(table):
    """What was found, and efficiencies."""
    return (table.problem_form != "") & table.problem_form.notna() | (table.group == "hidden") & (table.metric == "efficiency")


def efficiencies(table):
    """One row for each rule, number of estimates and network: name, draws, network, efficiency."""
    mine, theirs = searched(table), table[table.group == "hidden"]
    mine = mine[mine.metric == "efficiency"]
    return pd.concat((
        pd.DataFrame({"name": theirs.label.map(named), "draws": theirs.draws, "network": theirs.problem, "efficiency": theirs.value}),
        pd.DataFrame({"name": mine.problem_form.map(FORMS), "draws": mine.problem_draws.astype(int), "network": mine.group,
                      "efficiency": mine.value})), ignore_index=True)


def searched(table):
    """The rows of searches."""
    return table[table.problem_form.isin(list(FORMS))]


def interval(values):
    """(mean, low, high) over networks, by a bootstrap."""
    picks = np.random.default_rng(0).integers(len(values), size=(REPEATS, len(values)))
    return values.mean(), *np.quantile(values[picks].mean(1), (0.025, 0.975))


def figure(table):
    """The shapes found, and what they are worth."""
    found, rows = efficiencies(table), searched(table)
    draws = sorted(map(int, found.draws.unique()))
    shapes = rows[(rows.problem_form == ("free" if (rows.problem_form == "free").any() else rows.problem_form.iloc[0]))]
    count = len(draws)
    drawing, axes = figures.panels(*((count, 2, 2.0 * count + 0.6) if figures.narrow() else (2, count, 5.2)))
    axes = axes.T if figures.narrow() else axes
    line = torch.linspace(MARGINS[0], MARGINS[-1], 121, dtype=torch.float64)
    for column, number in enumerate(draws):
        above, below = axes[:, column]
        for name, place in CURVES.items():
            curve = tempered(*torch.tensor(place, dtype=torch.float64))(line) / np.log(10)
            above.plot(line, curve, linewidth=1.0, linestyle=DASHES[name], color=figures.mark(name.lower().replace("-", "_"))["color"])
        mine = shapes[(shapes.problem_draws.astype(int) == number) & (shapes.group == "layer0") & shapes.metric.str.startswith("s")]
        mine = mine[mine.metric != "saturation"]
        above.plot(mine.metric.str.removeprefix("s").astype(float), mine.value / np.log(10), "o-", color="black", markersize=2.5,
                   linewidth=1.2)
        above.set(title=f"{number} estimate{'s' * (number > 1)}", xlabel="log-odds of the unit's state", ylim=(-3.2, 2.2))
        part = found[found.draws == number]
        names = list(dict.fromkeys(part.name))
        for place, name in enumerate(reversed(names)):
            value, low, high = interval(part[part.name == name].efficiency.to_numpy())
            below.plot([low, high], [place, place], color="0.3", linewidth=0.8)
            below.plot([value], [place], "o" if name in FORMS.values() else "s", color="black" if name in FORMS.values() else "0.55",
                       markersize=3.5)
        below.set(xlabel="efficiency", xlim=(0, None))
        if column == 0 or figures.narrow():
            above.set_ylabel("log10 of the factor")
            below.set_yticks(range(len(names)), names[::-1])
        else:
            below.set_yticks(range(len(names)), [""] * len(names))
    figures.legend(drawing, list(CURVES), [*CURVES, "found"], axes[0, 0].get_lines())
    return drawing


def said(table):
    """What the free form is ahead of two exponents by, and what the ceiling leaves."""
    found = efficiencies(table)
    draws = sorted(map(int, found.draws.unique()))
    number = draws[len(draws) // 2]
    means = means_of(found, number)
    one = next(FORMS[form] for form in ("free", *FORMS) if FORMS[form] in means)
    others = {named("straight_through"): "straight-through", named("zgr"): "ZGR", FORMS["own"]: "one of its own for each network"}
    others = {FORMS["exponents"]: "two exponents"} | others
    rest = {name: means[long] for long, name in others.items() if long in means and long != one}
    return Words(f"For {number} estimate{'s' * (number > 1)}, {one} reaches {percent(means[one])} of an exact step; "
                 f"{listed(f'{name} {percent(value)}' for name, value in rest.items())}.",
                 f"{percent(means[one])} of an exact step is what {one} reaches for {number} estimates.")


def means_of(found, number):
    """Name -> mean efficiency over networks for so many estimates; what is no number on one of them is none."""
    return found[found.draws == number].groupby("name").efficiency.agg(lambda values: values.mean(skipna=False))


def tables(table):
    """Mean efficiency of every rule on the networks that none was found on, with its lead on two exponents, network by network."""
    found, lines = efficiencies(table), []
    for name in dict.fromkeys(found.name):
        line = {"rule": name}
        for number in sorted(found.draws.unique()):
            part = found[(found.draws == number)].pivot(index="network", columns="name", values="efficiency")
            line[f"M = {number}"] = means_of(found, number)[name]
            if FORMS["exponents"] in part and name != FORMS["exponents"]:
                ahead, low, high = interval((part[name] - part[FORMS["exponents"]]).to_numpy())
                line |= {f"ahead, M = {number}": ahead, f"from, M = {number}": low, f"to, M = {number}": high}
        lines.append(line)
    frame = pd.DataFrame(lines)
    frame = frame.sort_values(list(frame.columns)[1], ascending=False)
    return frame.assign(**{name: aligned(frame[name]) for name in frame if name != "rule"}).set_index("rule")


STUDY = Study(__name__, __doc__, Config, cells, {"figure": Picture(figure, said)}, SMOKE, PAPER, tables=tables, keep=keep,
              fields=("form", "draws", "steps", "trainer", "seed"))
