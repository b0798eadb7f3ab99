"""Bop: binary weights that flip, without latent weights."""

import torch

from straightedge.estimators.optimizer.base import LatentOptimizer


class Bop(LatentOptimizer):
    """m+ = (1 - lr) m + lr g; a weight of the sign of m flips where |m| > threshold.

    The parameters are the weights themselves, up to a positive scale, for a rule that passes the gradient of their sign (`Sign`).
    With m = -lambda, lambda follows BayesBiNN's recursion, the mirror step with decay.  So at threshold 0 the weights are the signs of
    those latent weights, where m is not 0; at another they are no function of them but of their history: no mirror step.

    Helwegen et al. 2019, arXiv:1906.02107.
    """

    def __init__(self, params, lr: float, threshold: float = 0.0):
        super().__init__(params, lr=lr, threshold=threshold)

    def move(self, latent, slope, group, state):
        if not state:
            state["average"] = torch.zeros_like(latent)
        average = state["average"].mul_(1 - group["lr"]).add_(slope, alpha=group["lr"])
        flips = (average.abs() > group["threshold"]) & (average * latent > 0)
        latent.copy_(torch.where(flips, -latent, latent))
