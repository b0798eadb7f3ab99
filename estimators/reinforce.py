"""REINFORCE, the score-function estimator, with its baselines."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from straightedge.estimators.moment.score import ScorePlan
from straightedge.estimators.network.error import InputError
from straightedge.estimators.sampling.forward import mean_of_others
from straightedge.estimators.sampling.learning import LearningEstimator
from straightedge.estimators.sampling.sample import draw


@dataclass(frozen=True)
class Reinforce(LearningEstimator):
    """REINFORCE: the loss times the derivative of the log-probability of the states that gave it.

    Also known as the score-function or likelihood-ratio estimator; with the mean of the other samples as baseline as RLOO, LOORF, VarGrad.

    By      (f(x) - baseline) d log P(x | a) / d a, averaged over `samples`
    Needs   nothing of the loss but its value
    Bias    none: a baseline never depends on the sample that it is subtracted from
    Cost    `samples` forward
    Paper   Williams 1992, doi:10.1007/BF00992696; leave-one-out: Kool, van Hoof, Welling 2019
    """

    family: ClassVar[str] = "score function"
    marker: ClassVar[str] = "s"
    unbiased: ClassVar[bool] = True
    baseline: Literal["none", "constant", "running_mean", "leave_one_out"] = "none"
    """What is subtracted from the loss: nothing, `constant`, the mean loss of a stream of its own, frozen before the first row, or
    the mean loss of the other samples."""
    constant: float = 0.0
    """The constant baseline, in units of the loss."""
    samples: int = 1
    """Samples averaged in one estimate; leave_one_out needs two or more."""

    def __post_init__(self):
        if self.samples < 1 + (self.baseline == "leave_one_out"):
            raise InputError(f"reinforce: samples = {self.samples} is too few for baseline {self.baseline}; "
                             "leave_one_out needs at least 2, the others 1")
        if self.constant != 0 and self.baseline != "constant":
            raise InputError(f"reinforce: constant = {self.constant:g} has no effect with baseline {self.baseline}; "
                             "expected baseline=constant with it")
        learning = (self.learning_seed, self.learning_samples) != (0, LearningEstimator.learning_samples)
        if learning and self.baseline != "running_mean":
            raise InputError(f"reinforce: learning_seed and learning_samples have no effect with baseline {self.baseline}; "
                             "expected baseline=running_mean with them")

    def learn(self, network, n, rng):
        """The mean loss."""
        return float(draw(network, network.uniform(rng, n)).value.mean())

    def __call__(self, network, n, rng):
        sample = draw(network, network.uniform(rng, n, self.samples))
        value = sample.value
        if self.baseline == "constant":
            value = value - self.constant
        elif self.baseline == "running_mean":
            value = value - self.learned(network)
        elif self.baseline == "leave_one_out":
            value = value - mean_of_others(value)
        return sample.rows([value.unsqueeze(-1) * site.score for site in sample.sites])

    def plan(self, network):
        """The plan of its exact moments."""
        constant = {"constant": self.constant, "running_mean": self.baseline == "running_mean" and self.learned(network)}
        return ScorePlan(network, constant.get(self.baseline, 0.0), self.samples, self.baseline == "leave_one_out")
