"""A course of training that outlives its process: Adam along any estimator's gradient, then along another's, saved as it goes, so that a
killed course goes on bit for bit.

The files are PATH-STEP.npz, and PATH-STEPS+STEP.npz of a correction that begins after so many steps.  Those of the numbers of steps that
were asked for stay, the others are replaced, so that a longer course begins where a shorter one ended, and a correction where training did.
Learned controls (RODEO's) are learned anew every RENEWED steps and kept between: their mean is zero whatever was learned.  Where that was
is in the checkpoint too, and learning is repeated there.
"""

from dataclasses import dataclass
from pathlib import Path

import torch

from straightedge.analysis.problem.listener import LISTENER
from straightedge.analysis.problem.stand import Stand
from straightedge.estimators.base import Estimator
from straightedge.estimators.catalogue.estimate import estimates
from straightedge.estimators.catalogue.spelling import estimator_of
from straightedge.estimators.network.network import Network
from straightedge.estimators.sampling.learning import LEARNED, LearningEstimator
from straightedge.estimators.sampling.sample import draw

EVERY = 100
"""Steps between two savings."""
RENEWED = 50
"""Steps for which what a control learned is used."""
TOLD = 20
"""Steps between two looks at the loss, for who listens."""



@dataclass(frozen=True)
class Course:
    """`steps` of the trainer, an estimate each, then `correction` more of the corrector, which has `samples` estimates a step."""

    trainer: str
    steps: int
    rate: float
    seed: int = 0
    corrector: str = "arm"
    correction: int = 0
    samples: int = 10

    def __call__(self, network: Network, values: dict, path: Path | None = None) -> Network:
        """The network after these steps; `path` is that of the checkpoints, without the step, None for none.  `values` name the course,
        the same for all numbers of steps."""
        stand = Stand.fresh(network, self.rate, self.seed, values)
        if path:
            self.resume(stand, path)
        first, second = estimator_of(self.trainer), estimator_of(self.corrector)
        control, heard, before, last = None, LISTENER.get(), None, self.steps + self.correction
        while stand.step < last:
            here, early = network.at(stand.theta.detach()), stand.step < self.steps
            estimator = first if early else second
            if isinstance(estimator, LearningEstimator):
                if stand.step % RENEWED == 0 or stand.step == self.steps:
                    control, stand.taught = None, stand.theta.detach().clone()
                control = learned(estimator, network.at(stand.taught)) if control is None else control
                LEARNED[here] = control
            stand.theta.grad = estimates(estimator, here, 1 if early else self.samples, stand.rng).mean(0)
            stand.optimizer.step()
            stand.step += 1
            kept = stand.step in (self.steps, last)
            if path and (stand.step % EVERY == 0 or kept):
                stand.save(self.file(path, stand.step))
                if before is not None:
                    self.file(path, before).unlink(missing_ok=True)
                before = None if kept else stand.step
            if heard:
                heard(1, sampled_loss(here, stand.step) if stand.step % TOLD == 0 else None)
        return network.at(stand.theta.detach().clone())

    def on(self, device: str, network: Network, values: dict, path: Path | None = None) -> Network:
        """The same, trained on this device and back on the CPU."""
        return self(network.to(device, torch.float64), values, path).to("cpu", torch.float64)

    def resume(self, stand: Stand, path: Path) -> None:
        """Goes to the latest checkpoint of no more than these steps."""
        for step in reversed(range(1, self.steps + self.correction + 1)):
            if self.file(path, step).is_file():
                stand.load(self.file(path, step), step)
                return

    def file(self, path: Path, step: int) -> Path:
        """The checkpoint of this step."""
        late = step - self.steps
        return path.with_name(f"{path.name}-{f'{self.steps}+{late}' if late > 0 else step}.npz")


def learned(estimator: LearningEstimator, network: Network) -> dict[Estimator, object]:
    """What the estimator learns on this network."""
    estimator.learned(network)
    return LEARNED[network]


def sampled_loss(network: Network, seed: int) -> float:
    """The mean loss of one pass, of a generator of its own: nothing of the course depends on who listens."""
    metered = network.metered()
    return float(draw(metered, metered.uniform(torch.Generator(network.theta.device).manual_seed(seed), 1)).value.mean())
