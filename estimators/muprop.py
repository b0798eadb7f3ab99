"""MuProp: a first-order control variate at the mean field."""

from dataclasses import dataclass
from typing import ClassVar

from straightedge.estimators.base import Estimator
from straightedge.estimators.mean_field import mean_field
from straightedge.estimators.sampling.sample import draw, passed


@dataclass(frozen=True)
class Muprop(Estimator):
    """MuProp: REINFORCE on what is left of the loss after its linear approximation at the mean-field states.

    In a chain the mean-field pass m starts from the data and replaces every layer's units by their means; each layer has the
    linear approximation around its own m.  Its expectation is known given the sampled layer below, and is added back.

    By      (f - f(m) - f'(m) (x - m)) d log P(x | a) / d a + f'(m) span F'(a)
    Needs   the loss differentiable, and defined between the states
    Bias    none; zero variance for one layer with a linear loss
    Cost    1 forward, and 1 forward and 1 backward of the mean-field pass
    Paper   Gu, Levine, Sutskever, Mnih 2016, arXiv:1511.05176
    """

    family: ClassVar[str] = "control variate"
    marker: ClassVar[str] = "^"
    unbiased: ClassVar[bool] = True

    def __call__(self, network, n, rng):
        us, deltas = network.uniform(rng, n), []
        sample = draw(network, us)
        with network.passes.times(n):  # one pass serves all rows; a single estimate needs it too
            middle = passed(network, mean_field, [u[:1] for u in us])
        for site, mean, g in zip(sample.sites, middle.x, middle.slopes, strict=True):
            rest = sample.value - middle.value - (g * (site.x - mean)).sum(-1)
            deltas.append(rest.unsqueeze(-1) * site.score + g * site.span * site.noise.density(site.a))
        return sample.rows(deltas)
