"""A course of training that outlives its process: Adam along any estimator's gradient, saved as plain arrays as it goes.

The file holds parameters, both moments of Adam, the generator's state and the step, so that a killed course goes on bit for bit.
It is named by the course's values and code; what does not fit it is no checkpoint of this course, and is not read.
"""

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from straightedge.analysis.problem.array import arrays
from straightedge.analysis.problem.problem import ProblemError
from straightedge.analysis.store.file import replace
from straightedge.estimators.catalogue.estimate import estimates
from straightedge.estimators.catalogue.spelling import estimator_of
from straightedge.estimators.network.network import Network

EVERY = 100
"""Steps between two savings."""
NAMES = ("theta", "mean", "square")


@dataclass(eq=False)
class State:
    """Where a course stands."""

    theta: Tensor
    optimizer: torch.optim.Adam
    rng: torch.Generator
    step: int = 0

    @classmethod
    def fresh(cls, network: Network, rate: float, seed: int) -> "State":
        """Before the first step."""
        theta = network.theta.clone().requires_grad_()
        return cls(theta, torch.optim.Adam([theta], lr=rate), torch.Generator().manual_seed(seed))

    def save(self, path: Path) -> None:
        """Writes the checkpoint, whole or not at all."""
        adam, buffer = self.optimizer.state[self.theta], io.BytesIO()
        parts = dict(zip(NAMES, (self.theta.detach(), adam["exp_avg"], adam["exp_avg_sq"]), strict=True))
        np.savez(buffer, allow_pickle=False, step=np.array(self.step), rng=self.rng.get_state().numpy(),  # type: ignore[arg-type]
                 **{name: part.numpy() for name, part in parts.items()})
        replace(path, buffer.getvalue())

    def load(self, path: Path, most: int) -> None:
        """Goes to the checkpoint, where there is a whole one of at most so many steps."""
        if not path.is_file():
            return
        try:
            found = arrays(path, "a checkpoint")
        except ProblemError:
            return
        if found.keys() != {"step", "rng", *NAMES} or any(found[name].shape != self.theta.shape for name in NAMES) or found["step"] > most:
            return
        theta, mean, square = (torch.as_tensor(found[name]) for name in NAMES)
        self.step = int(found["step"])
        self.theta.data.copy_(theta)
        self.optimizer.state[self.theta] = {"step": torch.tensor(float(self.step)), "exp_avg": mean, "exp_avg_sq": square}
        self.rng.set_state(torch.as_tensor(found["rng"]).to(torch.uint8))


@dataclass(frozen=True)
class Course:
    """`steps` of the trainer, then as many more as `correction` of the corrector, which is given `samples` estimates a step."""

    trainer: str
    steps: int
    rate: float
    seed: int = 0
    corrector: str = "arm"
    correction: int = 0
    samples: int = 10

    def __call__(self, network: Network, path: Path | None = None) -> Network:
        """The network after these steps; `path` is the checkpoint, None for none."""
        state, last = State.fresh(network, self.rate, self.seed), self.steps + self.correction
        if path:
            state.load(path, last)
        first, second = estimator_of(self.trainer), estimator_of(self.corrector)
        while state.step < last:
            early = state.step < self.steps
            rows = estimates(first if early else second, network.at(state.theta.detach()), 1 if early else self.samples, state.rng)
            state.theta.grad = rows.mean(0)
            state.optimizer.step()
            state.step += 1
            if path and (state.step % EVERY == 0 or state.step == last):
                state.save(path)
        return network.at(state.theta.detach().clone())
