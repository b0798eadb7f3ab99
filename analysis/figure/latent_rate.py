"""What the rate, the scale, the width and decay do to the learning of binary weights, and paths of two weights."""

import numpy as np

from straightedge.analysis.figure import latent
from straightedge.analysis.figure import look as figures
from straightedge.analysis.figure.latent import ends
from straightedge.analysis.figure.name import listed, percent, short
from straightedge.analysis.figure.picture import Words
from straightedge.analysis.lesson.method import WORDS


def answers(table):
    """(way -> scale -> loss by rate, width -> loss by rate, the courses with decays)."""
    found = ends(table)
    exact = found[(found.kind == "Enumerated") & (found.units != 0) & (found.exact == False) & (found.spread == 1)]  # noqa: E712
    fine = exact[power(exact.rate) & power(exact.scale) & exact.way.isin(("mirror", "matched"))]
    scales = {way: by(rows, "scale", "objective") for way, rows in fine.groupby("way", sort=False)}
    learned = found[(found.kind == "Classifier") & (found.activation == "tanh") & (found.scale == 1) & (found.spread == 1)]
    mirror = learned[(learned.way == "mirror") & power(learned.rate)]
    decayed = learned[learned.way.isin(("decayed", "sign"))]
    rate = decayed[decayed.way == "sign"].rate.iloc[0]
    return scales, by(mirror, "widths", "loss"), decayed[decayed.rate == rate].sort_values("decay")


def power(values):
    """Which are powers of two, as the fine rates and scales are."""
    return np.log2(values.astype(float)) % 1 == 0


def by(rows, name, metric):
    """Value of this setting -> the metric by rate, where there are several rates."""
    lines = {float(value): part.set_index("rate")[metric].astype(float).sort_index() for value, part in rows.groupby(name)}
    return {value: lines[value] for value in sorted(lines) if len(lines[value]) > 1}


def grown(lines):
    """The exponent with which the halfway rate grows."""
    begin = max(float(line.iloc[0]) for line in lines.values())
    return latent.exponent({value: latent.halfway(line, begin) for value, line in lines.items()})


def rates(table):
    """The loss by rate at every scale and width; what decay does."""
    drawing, axes = figures.panels(*((4, 1, 9.6) if figures.narrow() else (2, 2, 5.0)))
    first, second, third, fourth = axes.flat
    scales, widths, decayed = answers(table)
    for (way, lines), style, marker in zip(scales.items(), ("-", "--"), "oD", strict=False):
        named = {f"{'identity' if way == 'mirror' else way}, scale {scale:g}": line for scale, line in lines.items()}
        latent.falls(first, named, style, marker)
    first.set(ylabel="expected loss", title="enumerated network")
    latent.falls(second, {f"{width:g} hidden units": line for width, line in widths.items()})
    second.set(ylabel="training loss, one sample", title=f"digits, {WORDS['mirror']}")
    for name, rows in decayed.groupby("way", sort=False):
        label = "sampled weights, mirror" if name == "decayed" else "signs of latent weights"
        metric = "entropy" if name == "decayed" else "flips"
        third.plot(rows.decay, rows[metric].astype(float), label={"entropy": "sampled: entropy, bits a weight",
                                                                  "flips": "signs: share changed by a step"}[metric], **latent.mark(name))
        fourth.plot(rows.decay, rows.test_likeliest.astype(float), label=label, **latent.mark(name))
    third.set(xlabel="decay of latent weights", xscale="log", ylabel="entropy, or share", title="digits", ylim=(0, None))
    fourth.set(xlabel="decay of latent weights", xscale="log", ylabel="test error, likeliest state", title="digits", ylim=(0, None))
    for panel in axes.flat:
        panel.legend(frameon=False, fontsize=6)
    return drawing


def rate_words(table):
    """The exponents, and what decay does to certainty and error."""
    scales, widths, decayed = answers(table)
    said = [f"the scale to the power {grown(lines):.2f} with {WORDS[way]}" for way, lines in scales.items()]
    rows = decayed[decayed.way == "decayed"]
    low, high = rows.iloc[0], rows.iloc[-1]
    return Words(f"The rate that half of the loss needs grows as {listed(said)}, as the width to the power {grown(widths):.2f}; decay "
                 f"makes weights uncertain: {short(high.entropy)} bits of entropy each at {high.decay:g}, {short(low.entropy)} at "
                 f"{low.decay:g}.",
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
    return Words(f"Two weights from the same means, all at rate {row:g}: {WORDS[first]} goes furthest, its expected loss ends at "
                 f"{last[first]:.3f}, the others' between {sorted(last.values())[1]:.3f} and {max(last.values()):.3f}.",
                 f"{last[first]:.3f} nats with {WORDS[first]}.")
