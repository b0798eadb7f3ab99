"""Formulas of docstrings as HTML: letters slanted, powers raised, indices lowered, Greek where its name stands."""

import re

from markupsafe import Markup, escape

GREEK = {"tau": "τ", "beta": "β", "lambda": "λ", "mu": "μ", "sigma": "σ", "theta": "θ", "alpha": "α", "delta": "δ"}


def formula(text: str) -> Markup:
    """The words and formulas of one line; whatever else it holds is shown, not obeyed."""
    shown = str(escape(text)).replace("`", "")
    shown = re.sub(rf"\b({'|'.join(GREEK)})\b", lambda found: GREEK[found[1]], shown)
    shown = re.sub(r"\^\(([^()]*)\)", r"<sup>\1</sup>", shown)
    shown = re.sub(r"\^(-?\w+)", r"<sup>\1</sup>", shown)
    shown = re.sub(r"(?<=\w)_(\w+)", r"<sub>\1</sub>", shown)
    shown = re.sub(r"(?<![\w&<>/;])([a-zA-Z])(?![\w>;])", r"<i>\1</i>", shown)
    return Markup(shown.replace(" := ", " ≔ ").replace(" * ", " · ").replace(" - ", " − "))
