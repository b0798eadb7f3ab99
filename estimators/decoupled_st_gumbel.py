"""Decoupled straight-through Gumbel-softmax: one temperature to sample with, another to differentiate with."""

from dataclasses import dataclass
from typing import ClassVar

from straightedge.estimators.base import Rule
from straightedge.estimators.network.noise import LOGISTIC
from straightedge.estimators.network.unit import hard, relaxed, require_positive, through


def decoupled_st_gumbel(a, u, noise=LOGISTIC, forward=1.0, backward=2.0):
    """x in {-1, +1}, +1 where u < F(a / forward); the derivative is the relaxed state's at a / backward, with the same noise."""
    return through(hard(a / forward, u, noise), relaxed(a / backward, noise.quantile(u), noise, 1.0))


@dataclass(frozen=True)
class DecoupledStGumbel(Rule):
    """Decoupled straight-through Gumbel-softmax: one temperature for the states, another for the derivative.

    They divide the logits and not the noise, so `forward` changes the law of the states; where both are divided, as in other code,
    `forward` does nothing and this is `st_gumbel`.

    By      P(x = hi) := F(a / forward),  d b / d logit := b~ (1 - b~) / backward, b~ = s(logit p / backward - logit u)
    Needs   the loss differentiable in x
    Bias    yes; with forward other than 1 the loss is biased too
    Cost    1 forward, 1 backward
    Paper   Shah, Yan, Mozer, Liu 2024, arXiv:2410.13331
    """

    family: ClassVar[str] = "relaxation"
    marker: ClassVar[str] = "D"
    forward: float = 1.0
    """Temperature of the states; at 1 they have the network's own law."""
    backward: float = 2.0
    """Temperature of the derivative."""

    def __post_init__(self):
        require_positive("decoupled_st_gumbel", forward=self.forward, backward=self.backward)

    def unit(self, a, u, noise):
        return decoupled_st_gumbel(a, u, noise, self.forward, self.backward)
