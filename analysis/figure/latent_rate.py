"""What the rate, the scale, the width and decay do to the learning of binary weights, and paths of two weights."""

import numpy as np

from straightedge.analysis.figure import latent
from straightedge.analysis.figure import look as figures
from straightedge.analysis.figure.latent import ends
from straightedge.analysis.figure.name import listed, percent, short
from straightedge.analysis.figure.picture import Words
from straightedge.analysis.lesson.method import WORDS


def optima(part, metric, by):
    """Value of `by` -> the rate with the least metric, and the exponent of the line through their logarithms."""
    found = {float(value): float(rows.loc[rows[metric].astype(float).idxmin()].rate) for value, rows in part.groupby(by)}
    return found, float(np.polyfit(np.log([*found]), np.log([*found.values()]), 1)[0]) if len(found) > 1 else float("nan")


def answers(table):
    """(best rate by scale of mirror and matched steps, by width of mirror steps, each with its exponent; the courses with decays)."""
    found = ends(table)
    exact = found[(found.kind == "Enumerated") & (found.units != 0) & (found.exact == False) & (found.spread == 1)]  # noqa: E712
    scale = {name: optima(exact[exact.way == name], "objective", "scale") for name in ("mirror", "matched") if name in set(exact.way)}
    learned = found[(found.kind == "Classifier") & (found.activation == "tanh") & (found.scale == 1) & (found.spread == 1)]
    mirror = learned[learned.way == "mirror"]
    fine = mirror[np.log2(mirror.rate.astype(float)) % 1 == 0]
    width = optima(fine[fine.groupby("widths").rate.transform("size") > 1], "loss", "widths")
    decayed = learned[learned.way.isin(("decayed", "sign"))]
    rate = decayed[decayed.way == "sign"].rate.iloc[0]
    return scale, width, decayed[decayed.rate == rate].sort_values("decay")


def rates(table):
    """The best rate by scale and width; what decay does."""
    drawing, axes = figures.panels(*((4, 1, 9.6) if figures.narrow() else (2, 2, 5.0)))
    first, second, third, fourth = axes.flat
    scale, width, decayed = answers(table)
    latent.optimum(first, {name: line for name, (line, _) in scale.items()},
                   {name: f"{WORDS[name]}, exponent {slope:.2f}" for name, (_, slope) in scale.items()})
    first.set(xlabel="latent scale", title="enumerated network")
    latent.optimum(second, {"mirror": width[0]}, {"mirror": f"{WORDS['mirror']}, exponent {width[1]:.2f}"})
    second.set(xlabel="hidden units", title="digits")
    for name, rows in decayed.groupby("way", sort=False):
        label = "sampled weights" if name == "decayed" else "signs"
        for axes_, metric in ((third, "entropy" if name == "decayed" else "flips"), (fourth, "test_likeliest")):
            said = {"entropy": "entropy, bits a weight", "flips": "signs changed by a step", "test_likeliest": label}[metric]
            axes_.plot(rows.decay, rows[metric].astype(float), label=said, **latent.mark(name))
    third.set(xlabel="decay of latent weights", xscale="log", ylabel="entropy, or share", title="digits", ylim=(0, None))
    fourth.set(xlabel="decay of latent weights", xscale="log", ylabel="test error, likeliest state", title="digits", ylim=(0, None))
    for panel in (third, fourth):
        panel.legend(frameon=False, fontsize=6)
    return drawing


def rate_words(table):
    """The exponents, and what decay does to certainty and error."""
    scale, width, decayed = answers(table)
    said = [f"the scale to the power {slope:.2f} with {WORDS[name]}" for name, (_, slope) in scale.items()]
    rows = decayed[decayed.way == "decayed"]
    low, high = rows.iloc[0], rows.iloc[-1]
    return Words(f"The best rate grows as {listed(said)}, and as the width to the power {width[1]:.2f}; decay makes weights uncertain: "
                 f"at {high.decay:g} they have {short(high.entropy)} bits of entropy, at {low.decay:g} {short(low.entropy)}.",
                 f"{percent(high.test_likeliest)} test error at decay {high.decay:g}, {percent(low.test_likeliest)} at {low.decay:g}.")


def pairs(table):
    """Way -> the key of its course with two weights."""
    found = ends(table)
    return {row.way: row.key for row in found[(found.kind == "Enumerated") & (found.units == 0)].itertuples()}


def path(table):
    """Means of two weights along every method's course."""
    drawing, axes = figures.panels(1, 1, figures.across() * (1.2 if figures.narrow() else 0.62))
    latent.paths(axes[0, 0], table, pairs(table), 40)
    names = list(pairs(table))
    figures.legend(drawing, names, [WORDS[name] for name in names], [figures.Line2D([], [], **latent.mark(name)) for name in names])
    return drawing


def path_words(table):
    """Who goes where."""
    keys = pairs(table)
    last = {name: latent.along(table, key, "objective").iloc[-1] for name, key in keys.items()}
    first = min(last, key=last.get)
    row = next(iter(set(table[table.key == keys[first]].problem_rate)))
    return Words(f"Of two weights from nearly fair coins, all at rate {row:g}, {WORDS[first]} goes furthest: its expected loss ends at "
                 f"{last[first]:.3f}, the others' between {sorted(last.values())[1]:.3f} and {max(last.values()):.3f}.",
                 f"{last[first]:.3f} nats with {WORDS[first]}.")
