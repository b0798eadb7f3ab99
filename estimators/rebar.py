"""REBAR: REINFORCE with a relaxed control variate."""

from dataclasses import dataclass
from typing import ClassVar

from straightedge.estimators.network.unit import require_positive
from straightedge.estimators.sampling.learning import LearningEstimator, centred, coefficients, inner
from straightedge.estimators.sampling.relaxation import draw, smoothed

TEMPERATURES = (0.1, 0.2, 0.5, 1.0, 2.0)


@dataclass(frozen=True)
class Rebar(LearningEstimator):
    """REBAR: the loss of relaxed states is the control variate, reparameterised where it can be.

    In a chain every layer has its own control: the layers above it are relaxed with it and keep their noises.  Its scale and
    its temperature are learned for every layer, the scale in closed form; nothing is divided by it.

    By      (f(x) - w f(x'_t)) d log P(x | a) / d a + w d f(x_t) / d a - w d f(x'_t) / d a, x_t and x'_t the relaxed states
            at temperature t of the unit's noise and of the noise drawn anew given x
    Needs   the loss differentiable, and defined between the states
    Bias    none, as scale and temperature are learned on other samples
    Cost    1 forward, and 2 forward and 2 backward from each layer upward
    Paper   Tucker, Mnih, Maddison, Lawson, Sohl-Dickstein 2017, arXiv:1703.07370
    """

    family: ClassVar[str] = "control variate"
    marker: ClassVar[str] = "s"
    unbiased: ClassVar[bool] = True
    tau: float | None = None
    """Temperature of the relaxation; None learns one for every layer."""

    def __post_init__(self):
        if self.tau is not None:
            require_positive("rebar", tau=self.tau)

    def learn(self, network, n, rng):
        """(temperature, scale) of every layer."""
        sample, zs, couplings = draw(network, n, rng)
        learned = []
        for layer, part in enumerate(couplings):
            trials = []
            for tau in TEMPERATURES if self.tau is None else (self.tau,):
                control = part.control(*smoothed(sample, part, zs, layer, tau))
                scale, = coefficients(part.below, part.main, [control])
                rest = centred(part.main - scale * control)
                trials.append((float(inner(part.below, rest, rest)), tau, scale))
            learned.append(min(trials)[1:])
        return learned

    def __call__(self, network, n, rng):
        sample, zs, couplings = draw(network, n, rng)
        deltas = [part.main - scale * part.control(*smoothed(sample, part, zs, layer, tau))
                  for layer, (part, (tau, scale)) in enumerate(zip(couplings, self.learned(network), strict=True))]
        return sample.rows(deltas)
