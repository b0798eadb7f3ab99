"""The mean and variance of one row of every estimator that this witness knows, by its name and options."""

from functools import partial

import numpy as np

from witness import atom, chain, flip, pair, score, soft
from witness.network import Plain

HARD = {name: partial(chain.moments, factor=factor) for name, factor in chain.FACTORS.items()}
SOFT = {
    "st_gumbel:tau=0.7": partial(soft.moments, tau=0.7),
    "gumbel_rao:tau=0.7,noises=3": partial(soft.moments, tau=0.7, noises=3),
}
FIXED = {"mean_field": partial(chain.fixed, state=chain.mean_field), "deterministic": partial(chain.fixed, state=chain.deterministic)}
VALUE = {
    "reinforce": score.moments,
    "reinforce:baseline=constant,constant=0.6": partial(score.moments, constant=0.6),
    "reinforce:baseline=leave_one_out,samples=2": score.pairs_of_samples,
    "arm": partial(pair.moments, tables=pair.arm_tables),
    "disarm": partial(pair.moments, tables=pair.disarm_tables),
    "local_expectation": partial(pair.moments, tables=pair.flip_tables),
    "measure_valued": partial(pair.moments, tables=pair.flip_tables),
    "psa": flip.psa,
}
UNBIASED = [name for name in VALUE if name != "psa"]
SAMPLED = {"measure_valued:coupled=False": flip.independent_parts}
"""Those of which the package knows no exact moments."""
SMALL = {
    "foust": partial(atom.moments, unit=atom.foust, order=8),
    "gumbel_softmax:tau=1.0": partial(atom.moments, unit=partial(atom.gumbel_softmax, tau=1.0), order=24),
}
"""The same, in networks of three units."""
MOMENTS = HARD | SOFT | FIXED | VALUE


def moments(name: str, net: Plain) -> tuple[np.ndarray, np.ndarray]:
    """(mean [d], variance [d]) of a row of the estimator `name:option=value,..`."""
    return (MOMENTS | SAMPLED | SMALL)[name](net)
