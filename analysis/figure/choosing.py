"""How the scale of pre-activations, the way of asking and the length of training decide between matched and deterministic rules."""

import pandas as pd

from straightedge.analysis.figure import look as figures
from straightedge.analysis.figure.lesson import best, reached
from straightedge.analysis.figure.name import percent
from straightedge.analysis.figure.picture import Words

MATCHED, SIGNS = "straight_through", "deterministic"
WAYS = {"likeliest": "likeliest state", "recalibrated": "the same, batch norm recalibrated", "mean": "mean", "sample": "one sample",
        "ensemble": "ensemble of ten"}
MARKERS = "oPsv^"


def by_ratio(table: pd.DataFrame) -> pd.DataFrame:
    """Test errors of dense networks by ratio, rule and way of asking, at the best of the rates that all ratios share."""
    found = reached(table)
    first = found.noise.iloc[0]
    dense = found[(found.architecture == "dense") & (found.noise == first) & (found.binary == False)  # noqa: E712 - a column of objects
                  & found.label.isin((MATCHED, SIGNS))]
    common = set.intersection(*(set(rows.rate) for _, rows in dense.groupby("ratio")))
    dense = dense[dense.rate.isin(common)]
    return pd.concat([best(dense, way, ("label", "ratio")) for way in WAYS])


def convolutions(table: pd.DataFrame) -> pd.DataFrame:
    """The same of convolutional networks, by ratio, steps and samples of the loss."""
    found = reached(table)
    part = found[found.architecture == "convolution"]
    return pd.concat([best(part, way, ("label", "ratio", "steps", "samples")) for way in WAYS])


def scale(table: pd.DataFrame):
    """Test error against the ratio, and of convolutional networks."""
    drawing, (left, right) = (lambda made: (made[0], made[1].flat))(figures.panels(*((2, 1, 6.6) if figures.narrow() else (1, 2, 3.1))))
    dense = by_ratio(table)
    for place, (way, name) in enumerate(WAYS.items()):
        rows = dense[(dense.label == MATCHED) & (dense.asked == way)].sort_values("ratio")
        style = {"color": figures.SERIES[place], "marker": MARKERS[place], "markersize": 3.5}
        left.plot(rows.ratio.astype(float), 100 * rows.error, label=name, **style)
    rows = dense[(dense.label == SIGNS) & (dense.asked == "likeliest")].sort_values("ratio")
    left.plot(rows.ratio.astype(float), 100 * rows.error, color="0.2", marker="X", markersize=4, linestyle=":", label="deterministic rule")
    left.set(xscale="log", yscale="log", xlabel="initial pre-activations, in noise deviations", ylabel="test error, %",
             title="dense, matched rule")
    for axis in (left.xaxis, left.yaxis, right.yaxis):
        figures.decimal(axis)
    conv = convolutions(table)
    settings = list(conv.groupby(["steps", "ratio"], sort=True).groups)
    for place, (way, name) in enumerate(WAYS.items()):
        rows = conv[(conv.label == MATCHED) & (conv.samples == 1) & (conv.asked == way)]
        across = [settings.index((row.steps, row.ratio)) + 0.1 * (place - 2) for row in rows.itertuples()]
        ends = 100 * (rows.error - rows.low), 100 * (rows.high - rows.error)
        right.errorbar(across, 100 * rows.error, ends, linestyle="none", color=figures.SERIES[place], marker=MARKERS[place], markersize=3.5,
                       elinewidth=0.7, label=name)
    rows = conv[(conv.label == SIGNS) & (conv.asked == "likeliest")]
    right.plot([settings.index((row.steps, row.ratio)) + 0.3 for row in rows.itertuples()], 100 * rows.error, color="0.2", marker="X",
               markersize=4, linestyle="none")
    right.set_yscale("log")
    right.set_xticks(range(len(settings)), [f"{steps:g} steps\nratio {ratio:.2g}" for steps, ratio in settings])
    right.set(title="convolutional")
    figures.decimal(right.yaxis)
    handles, names = left.get_legend_handles_labels()
    figures.legend(drawing, names, names, handles)
    return drawing


def one(rows: pd.DataFrame, **values) -> pd.Series:
    """The row with these values."""
    for name, value in values.items():
        rows = rows[rows[name] == value]
    return rows.iloc[0]


def scale_words(table: pd.DataFrame) -> Words:
    """What the scale and the way of asking do to a convolutional network."""
    conv = convolutions(table)
    few, low, high = conv.steps.min(), conv.ratio.min(), conv.ratio.max()
    new, sampled = (one(conv, label=MATCHED, ratio=low, steps=few, samples=1, asked=way).error for way in ("likeliest", "sample"))
    scaled = one(conv, label=MATCHED, ratio=high, steps=few, samples=1, asked="ensemble").error
    signs = conv[(conv.label == SIGNS) & (conv.steps == few) & (conv.asked == "likeliest")].error.min()
    return Words(f"After {few:g} steps with pre-activations of {low:.2g} deviations of the noise the matched rule errs in "
                 f"{percent(sampled)} by one sample and {percent(new)} in the likeliest state; at {high:g} deviations ensembles err in "
                 f"{percent(scaled)}, the deterministic rule at its best in {percent(signs)}.",
                 f"{percent(sampled)} and {percent(scaled)}: the same rule, before and after scaling and averaging.")
