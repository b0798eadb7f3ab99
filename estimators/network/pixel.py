"""The loss of black and white images: the negative log-likelihood of independent pixels, in nats an image."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F

from straightedge.estimators.network.loss import LabelError, Loss


@dataclass(frozen=True)
class Pixels(Loss):
    """-sum_v log P(y_v | z_v) for pixels y [b, m] in {0, 1}, P(y_v = 1 | z_v) = 1 / (1 + exp(-z_v)), as sum_v softplus(z_v) - <y, z>.

    A data point enters by numbers that multiply the outputs themselves, and all else is a function of z alone: so one table of the sum of
    softplus over the states below serves all points (`sum/variational`)."""

    def features(self, z):
        return torch.cat((F.softplus(z, threshold=40).sum(-1, keepdim=True), z), -1)

    def coefficients(self, y, z):
        if y.shape != (len(y), z.shape[-1]):
            raise LabelError(f"pixels: expected one for each output, shape ({len(y)}, {z.shape[-1]}), got {tuple(y.shape)}")
        if bool(((y != 0) & (y != 1)).any()):
            raise LabelError(f"pixels: expected 0 or 1, got values from {y.min():g} to {y.max():g}")
        y = y.to(z)
        return torch.cat((torch.ones_like(y[:, :1]), -y), -1)

    def __call__(self, z, coefficients):
        return F.softplus(z, threshold=40).sum(-1) + (coefficients[:, 1:] * z).sum(-1)
