"""The loss of word counts: the multinomial negative log-likelihood without its constant, in nats a document."""

from dataclasses import dataclass

import torch

from straightedge.estimators.network.loss import LabelError, Loss


@dataclass(frozen=True)
class Multinomial(Loss):
    """-sum_v y_v log softmax(z)_v for counts y [b, m], as |y| logsumexp(z) - <y, z>.

    It depends on a data point only by numbers that multiply functions of z alone, and all but one of these are linear in z: so one
    table of logsumexp over the states below serves all points (`sum/bottleneck`)."""

    def features(self, z):
        return -torch.log_softmax(z, -1)

    def coefficients(self, y, z):
        if y.shape != (len(y), z.shape[-1]):
            raise LabelError(f"counts: expected one for each output, shape ({len(y)}, {z.shape[-1]}), got {tuple(y.shape)}")
        if bool((y < 0).any()) or bool((y != y.round()).any()):
            raise LabelError(f"counts: expected whole numbers from 0, got values from {y.min():g} to {y.max():g}")
        return y.to(z)

    def __call__(self, z, coefficients):
        return coefficients.sum(-1) * torch.logsumexp(z, -1) - (coefficients * z).sum(-1)
