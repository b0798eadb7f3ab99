"""The page of questions that people ask, docs/questions.md: every answer is made from a published table."""

from dataclasses import dataclass

from straightedge.analysis.figure.name import sentence
from straightedge.analysis.store.place import published
from straightedge.experiments.guide.choice import own
from straightedge.experiments.guide.table import markdown, sheet, source, table, words

INTRODUCTION = """# Questions people ask

Each is answered with numbers that code takes from a published table; what no study has measured is not here.
"""
TRAINED = ("exact", "straight-through", "ZGR", "identity", "tempered")
"""Estimators whose learning rates are shown."""


@dataclass(frozen=True)
class Question:
    """A question, what is to be known first, and the answer."""

    asked: str
    answer: str
    studies: tuple[str, ...]

    def text(self) -> str:
        """A section of the page."""
        return f"## {self.asked}\n\n{self.answer.strip()}\n\nFrom {' and '.join(map(source, self.studies))}."


def rates() -> str:
    """The learning rate at which each estimator trains best."""
    frame, rows = sheet("efficiency"), []
    for network, part in frame.groupby("network", sort=False):
        for optimiser in ("adam", "momentum"):
            rows.append([str(network), optimiser, *(own(part, name, f"best rate, {optimiser}") for name in TRAINED)])
    return markdown(["network", "optimiser", *TRAINED], rows)


def judged() -> tuple[int, int, int]:
    """(groups of parameters with a verdict, those that are not a number, tables) of all published tables."""
    names = sorted(path.parent.name for path in published().glob("*/summary.csv"))
    verdicts = [table(name) for name in names]
    verdicts = [one[one.metric == "bias2"] for one in verdicts if "outcome" in one]
    return sum(map(len, verdicts)), sum(int((one.outcome == "not a number").sum()) for one in verdicts), len(verdicts)


def blown() -> tuple[str, str, str]:
    """(estimator, deviation over |g|, scale) of the row of the table of Bernoulli weights that is furthest off."""
    frame = sheet("weights")
    column = "deviation / |g|"
    row = frame.loc[frame[column].astype(float).idxmax()]
    return row.estimator, row[column], row["scale of latent weights"]


def questions() -> list[Question]:
    """All of them."""
    temperature, groups = sheet("temperature"), judged()
    relaxed = temperature[temperature.estimator == "ST-Gumbel"]
    ends = [(row.layers, *(relaxed[f"best τ, M = {count}"][row.Index] for count in (1, 10000))) for row in relaxed.itertuples()]
    name, deviation, scale = blown()
    return [
        Question("Is straight-through good enough?", f"{words('bias_variance').answer} What to take instead is in "
                 "[Which estimator](choosing.md).", ("bias_variance",)),
        Question("How many estimates should I average?", f"As many as the bias leaves room for. {words('draws').answer} Averaging divides "
                 "the variance by M and leaves the bias where it is.", ("draws",)),
        Question("Which temperature, and should I anneal it?",
                 "That of least error depends on how many estimates are averaged: for ST-Gumbel "
                 + "; ".join(f"{one} for one estimate and {many} for 10 000 at {layers} layer{'s' * (layers != '1')}"
                             for layers, one, many in ends)
                 + f". {sentence(words('temperature').number)} To cool with a fixed number of estimates is "
                 "to leave that optimum. The networks are as initialised; no study here trains with a schedule.", ("temperature",)),
        Question("Does another estimator need another learning rate?",
                 f"{words('proxies').answer} To remember: {words('proxies').number} So "
                 "compare estimators each at its own best rate; of the five tried, that was:\n\n" + rates(), ("proxies", "efficiency")),
        Question("Does it get worse with width, with depth, as units saturate?", words("width_depth").answer, ("width_depth",)),
        Question("Does the order of estimators stay as training goes on?", words("training").answer, ("training",)),
        Question("Which number says how well an estimator will train?", words("efficiency").answer, ("efficiency",)),
        Question("My weights are Bernoulli: is it the same?", words("weights").answer, ("weights",)),
        Question("My gradient is NaN, or exploded: what now?",
                 "Measure it: where a gradient, a moment or an estimate is NaN or infinite the verdict of its group is 'not a number', all "
                 f"its metrics are NaN, and nothing is called unbiased. Of the {groups[0]} verdicts in the {groups[2]} published tables "
                 f"{groups[1]} are that. Before it is NaN it is large: {name} has a standard deviation of {deviation} |g| at scale "
                 f"{scale}, and {words('temperature').number} Warm the relaxation, or "
                 "[take another estimator](choosing.md).", ("weights", "temperature")),
        Question("Can 'not detected' be trusted?", f"{words('verdict').answer} It is never a zero: the sentence has the bias that would "
                 "have been seen.", ("verdict",))]


def page() -> str:
    """The whole page, without its stamp."""
    return "\n\n".join([INTRODUCTION.strip(), *(one.text() for one in questions())]) + "\n"
