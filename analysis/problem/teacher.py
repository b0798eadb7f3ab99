"""Data labelled by a random network of the kind that learns it: whatever the labels need, the student has it."""

from dataclasses import dataclass

import numpy as np
import torch

from straightedge.analysis.problem.classification import Classification, initial
from straightedge.analysis.problem.problem import ProblemError
from straightedge.estimators.network.network import SIGNS

TEACHER = 1 << 20
"""What is added to the seed for the teacher's weights: not the student's initial ones."""


@dataclass(frozen=True)
class Teacher(Classification):
    """Normal inputs; the class is the sign of a random network's output, units in their likeliest states, less its median over the data."""

    inputs: int = 4
    points: int = 200
    """Data points."""

    def data(self):
        if self.inputs < 1 or self.points < 2:
            raise ProblemError(f"teacher: {self.inputs} inputs, {self.points} points; expected 1 and 2 at least")
        x = np.random.default_rng(self.seed).standard_normal((self.points, self.inputs))
        weights, biases = initial((self.inputs, *self.widths, 1), 1.0, SIGNS, self.seed + TEACHER)
        state = torch.as_tensor(x)
        for weight, bias in zip(weights[:-1], biases[:-1], strict=True):
            state = torch.where(state @ weight.T + bias > 0, 1.0, -1.0).double()
        z = (state @ weights[-1].T + biases[-1]).squeeze(-1)
        return x, (z > z.median()).numpy().astype(np.int64), 2
