"""The page that says which estimator to take, docs/choosing.md: every name and number of it is a cell of a published table."""

from collections.abc import Callable

import pandas as pd

from straightedge.analysis.check.docstring import headings
from straightedge.analysis.figure.name import words as named
from straightedge.estimators.base import Estimator
from straightedge.estimators.catalogue.registry import registry
from straightedge.experiments.guide.table import markdown, sheet, source

TRUTH = "exact"
"""What stands in the tables and is no estimator to choose."""
WELL = 0.95
"""The cosine from which a mean counts as pointing the right way."""
INTRODUCTION = f"""# Which estimator

Every name and number below is a cell of a published table, put here by code; the networks are those of the studies. For a
network of your own [`se.advise`](model.md#which-estimator-for-me) or `straightedge advise my.npz` answers in seconds. Numbers in brackets
are what the choice was made by; {TRUTH}, the truth itself, is left out. What the words mean: [glossary](glossary.md).
"""


def number(text: str) -> float:
    """A cell as a number, nan where it is none."""
    return float(pd.to_numeric(text.lstrip("<> ").replace("−", "-"), errors="coerce"))


def best(rows: pd.DataFrame, column: str, count: int, least: bool = False) -> list[str]:
    """The first so many by a column, with their cells; those without a number are left out, and ties stay in the table's order."""
    values = rows[column].map(number).dropna()
    order = values.sort_values(ascending=least, kind="stable").index[:count]
    found = [f"{rows.estimator[place]} ({rows[column][place]})" for place in order]
    return found + [""] * (count - len(found))


def own(rows: pd.DataFrame, name: str, column: str) -> str:
    """The cell of one estimator."""
    return next(iter(rows[column][rows.estimator == name]), "")


def kind(name: str) -> type[Estimator]:
    """The class of an estimator as the tables call it, hyper-parameters aside."""
    return {named(key): kind for key, kind in registry().items()}[name.partition(", ")[0].partition(" (")[0]]


def unbiased(name: str) -> bool:
    """Whether it promises to be."""
    return kind(name).unbiased


def values_alone(name: str) -> bool:
    """Whether it asks the loss for nothing but its value."""
    return headings(kind(name))["Needs"].startswith("nothing of the loss but its value")


def of(rows: pd.DataFrame, suits: Callable[[str], bool]) -> pd.DataFrame:
    """The rows of the estimators that suit."""
    return rows[rows.estimator.map(suits)]


def estimators(name: str) -> pd.DataFrame:
    """The table of a study without the truth."""
    found = sheet(name)
    return found[found.estimator != TRUTH]


def step() -> str:
    """By the price of a step."""
    frame, rows = estimators("cost"), []
    for network, part in frame.groupby("network", sort=False):
        for column in (name for name in part if name.startswith("efficiency, ")):
            rows.append([str(network), column.removeprefix("efficiency, ").removesuffix(" passes"), *best(part, column, 2),
                         *best(of(part, unbiased), column, 1), *best(of(part, values_alone), column, 1),
                         own(part, "straight-through", column)])
    heads = ["network", "passes a step", "take", "or", "without bias", "the loss's values alone", "straight-through"]
    return markdown(heads, rows)


def training() -> str:
    """By the loss at the end of training."""
    frame, rows = estimators("efficiency"), []
    truth = sheet("efficiency")
    for network, part in frame.groupby("network", sort=False):
        for optimiser in ("adam", "momentum"):
            column = f"loss, {optimiser}"
            exact = own(truth[truth.network == network], TRUTH, column)
            rows.append([str(network), optimiser, *best(part, column, 3, least=True), own(part, "straight-through", column), exact])
    return markdown(["network", "optimiser", "take", "or", "or", "straight-through", "the exact gradient"], rows)


def weights() -> str:
    """Of Bernoulli weights, by direction and by noise."""
    frame, rows = estimators("weights"), []
    for scale, part in frame.groupby("scale of latent weights", sort=False):
        right = part[part["cosine of mean"].map(number) >= WELL]
        noise, free = "deviation / |g|", of(part, unbiased)
        rows.append([str(scale), *best(right, noise, 2, least=True), *best(free, noise, 1, least=True),
                     own(part, "identity", "cosine of mean")])
    return markdown(["scale of latent weights", "take", "or", "without bias", "cosine of the identity's mean"], rows)


def temperature() -> str:
    """The best temperature of relaxed rules."""
    frame = sheet("temperature")
    columns = [name for name in frame if name.startswith("best")]
    rows = [[row.layers, row.estimator, *(frame[name][row.Index] for name in columns)]
            for row in frame.itertuples() if row.estimator in ("ST-Gumbel", "Gumbel-Rao")]
    return markdown(["Bernoulli layers", "estimator", *columns], rows)


def text() -> str:
    """Of a text autoencoder, by the loss at the end."""
    column = "loss, nats a document"
    rows = [[str(network), *best(part, column, 3, least=True), own(part, "straight-through", column)]
            for network, part in estimators("autoencoder").groupby("network", sort=False)]
    return markdown(["network", "take", "or", "or", "straight-through"], rows)


def page() -> str:
    """The whole page, without its stamp."""
    parts = [
        INTRODUCTION,
        "## By the price of a step\n\nThe part of an exact step's guaranteed decrease that a step along the estimate keeps "
        "([efficiency](statistics.md)), mean over hidden layers, where so many passes of the network are paid for and their estimates "
        f"averaged. A network as initialised and one trained for 200 steps: {source('cost')}.",
        step(),
        "## For training to the end\n\nThe exact loss after 300 steps at ten passes a step, mean of three seeds, every estimator at its "
        f"own best of five learning rates: {source('efficiency')}. Three seeds: differences of a few hundredths are chance (the ranges "
        "are in the table).",
        training(),
        "## For Bernoulli weights\n\nThe least standard deviation of one estimate over the length of the gradient, of those whose mean has "
        f"a cosine of {WELL:g} or more with the gradient by the latent weights: {source('weights')}.",
        weights(),
        "## At which temperature\n\nOf least error, where the mean of M estimates is taken, median of random networks as initialised: "
        f"{source('temperature')}.",
        temperature(),
        "## For a text autoencoder\n\nThe training loss in nats a document after 1000 steps of Adam, one estimate a step, one network a "
        f"width: {source('autoencoder')}.",
        text()]
    return "\n\n".join(part.strip() for part in parts) + "\n"
