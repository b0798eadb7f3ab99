"""Ways to learn Bernoulli weights, by name: how they are drawn, what passes the derivative, and what moves them.

Every one is given the same three numbers.  `rate` is the step of a latent weight for a unit derivative of the mean loss, `scale` the
unit in which latent weights are held, a factor of their noise; Bop, which has none, takes it for its threshold, in thousandths.
BayesBiNN and Bop, whose steps are averages with a share lr, are given the lr of the mirror step that theirs is equal to.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch

from straightedge.estimators.base import Rule
from straightedge.estimators.bayesbinn import Bayesbinn
from straightedge.estimators.identity import Identity
from straightedge.estimators.network.error import InputError, nearest
from straightedge.estimators.network.noise import NOISES, Noise
from straightedge.estimators.network.scaled import Scaled
from straightedge.estimators.optimizer.bayesbinn import BayesBiNN
from straightedge.estimators.optimizer.bop import Bop
from straightedge.estimators.optimizer.latent_descent import LatentDescent
from straightedge.estimators.optimizer.md_tanh import MDTanh
from straightedge.estimators.optimizer.mean import Mean
from straightedge.estimators.optimizer.projected_descent import ProjectedDescent
from straightedge.estimators.optimizer.sign import Sign
from straightedge.estimators.straight_through import StraightThrough

WORDS = {"mirror": "mirror (SGD, identity)", "decayed": "mirror, KL decay", "matched": "SGD, matched", "projected": "BinaryConnect",
         "bayesbinn": "BayesBiNN, published", "relaxed": "BayesBiNN, tau 1", "bop": "Bop", "md_tanh": "MD-tanh", "sign": "SGD, signs",
         "adam": "Adam, identity"}
"""Names for readers."""
SHARPNESS = 10.0
"""What MD-tanh's beta grows to from 1."""
BOP, ADAM = 0.001, 0.01
"""Bop's threshold at scale 1, and Adam's rate at rate 1: its steps do not know how large a derivative is."""


@dataclass(frozen=True)
class Way:
    """How weights are drawn and moved."""

    rule: Rule
    noise: Noise
    optimizer: Callable[[Iterable], torch.optim.Optimizer]


def require_way(name: str) -> None:
    """Raises InputError for what names no way."""
    if name not in WORDS:
        raise InputError(nearest(name, list(WORDS), "way to learn weights"))


def way(name: str, rate: float, scale: float, decay: float, points: float | int, steps: int) -> Way:
    """The way of this name; `points` is the number of data points, `steps` that of the course.  Raises InputError for another name."""
    logistic, tanh, uniform = (Scaled(NOISES[noise], scale) for noise in ("logistic", "logistic2", "uniform"))
    natural = rate / (points + rate)  # points lr / (1 - lr) is then the rate
    match name:
        case "mirror":
            return Way(Identity(), logistic, lambda params: LatentDescent(params, rate))
        case "decayed":
            return Way(Identity(), logistic, lambda params: LatentDescent(params, rate, decay))
        case "matched":
            return Way(StraightThrough(), logistic, lambda params: LatentDescent(params, rate))
        case "projected":
            return Way(Identity(), uniform, lambda params: ProjectedDescent(params, rate, scale))
        case "bayesbinn" | "relaxed":
            rule = Bayesbinn(1e-10, 1e-10) if name == "bayesbinn" else Bayesbinn(1.0)
            return Way(rule, tanh, lambda params: BayesBiNN(params, natural, points))
        case "bop":
            return Way(Sign(), logistic, lambda params: Bop(params, natural, BOP * scale))
        case "md_tanh":
            return Way(Mean(), tanh, lambda params: MDTanh(params, rate, SHARPNESS ** (1 / steps)))
        case "sign":
            return Way(Sign(), logistic, lambda params: LatentDescent(params, rate, decay))
        case "adam":
            return Way(Identity(), logistic, lambda params: torch.optim.Adam(params, lr=ADAM * rate))
    require_way(name)
    raise AssertionError(name)
