"""The colours of the families of estimators.

They differ in lightness, L* of CIELAB, by 8 or more, so that grey print keeps them apart, and every one stands out from white paper by a
contrast of 3 or more.  That leaves room for eight: estimators without randomness, and those of no family, are black.  Unbiased families are
blues, the lighter the less they vary."""

COLOURS = {
    "exact": "#000000",
    "score function": "#000067",
    "antithetic": "#004fa8",
    "control variate": "#2b9cd5",
    "enumeration": "#462100",
    "straight-through": "#ce5900",
    "deterministic": "#000000",
    "second order": "#7c0049",
    "relaxation": "#00764b",
    "other": "#000000",
}


def colour(family: str) -> str:
    """The family's; black where there is no such family."""
    return COLOURS.get(family, COLOURS["other"])
