"""Estimators' names for readers, and numbers in sentences."""

from collections.abc import Iterable

import numpy as np


def words(label: str) -> str:
    """The estimator's name for readers: 'REINFORCE, leave one out, samples 4'."""
    for old, new in (("baseline=", ""), (" (", ", "), (")", ""), ("=", " "), ("_", " ")):
        label = label.replace(old, new)
    for name in ("reinforce", "arms", "arm", "disarm", "darn", "zgr", "foust", "psa", "rebar", "relax", "rodeo", "mve"):
        if label.split(",")[0] == name:
            label = name.upper() + label[len(name):]
    for old, new in (("DISARM", "DisARM"), ("FOUST", "FouST"), ("muprop", "MuProp"), ("reinmax", "ReinMax"), ("gumbel rao", "Gumbel-Rao"),
                     ("gumbel softmax", "Gumbel-softmax"), ("st gumbel", "ST-Gumbel"), ("gapped st", "gapped ST"),
                     ("straight through", "straight-through"), ("double cv", "double CV"), ("approx sign", "ApproxSign"),
                     ("measure valued", "measure-valued"), ("bayesbinn", "BayesBiNN"), ("i mle", "I-MLE"), ("one sided", "one-sided")):
        label = label.replace(old, new)
    return label


def said(label: str) -> str:
    """The same within a sentence, where its commas would be in the way: 'REINFORCE (leave one out, samples 4)'."""
    name, _, rest = words(label).partition(", ")
    return f"{name} ({rest})" if rest else name


def listed(parts: Iterable[str], last: str = "and") -> str:
    """'a, b and c'."""
    *most, end = [*parts] or [""]
    return f"{', '.join(most)} {last} {end}" if most else end


def short(value: float) -> str:
    """A number in two digits or so, without exponent where it is of common size: '0.076', '7.6', '760'."""
    if not np.isfinite(value) or not 1e-4 <= abs(value) < 1e7:
        return f"{value:.2g}"
    places = 1 - int(np.floor(np.log10(abs(value))))
    return f"{round(value, places):.{max(0, places)}f}"


def percent(share: float) -> str:
    """'7.6 %', '76 %'."""
    return f"{short(100 * share)} %"


def sentence(text: str) -> str:
    """With a capital letter at its beginning."""
    return text[:1].upper() + text[1:]
