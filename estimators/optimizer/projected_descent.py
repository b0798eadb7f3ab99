"""Gradient steps on latent weights that are kept in an interval: stochastic BinaryConnect."""

from straightedge.estimators.optimizer.base import LatentOptimizer


class ProjectedDescent(LatentOptimizer):
    """eta+ = clip(eta - lr g, -limit, limit).

    With uniform noise on [-limit, limit] the mean is eta / limit, and this is projected gradient descent on the mean: mirror descent
    whose divergence is the squared distance (Courbariaux, Bengio, David 2015, arXiv:1511.00363, stochastic binarisation).
    """

    def __init__(self, params, lr: float, limit: float = 1.0):
        super().__init__(params, lr=lr, limit=limit)

    def move(self, latent, slope, group, state):
        latent.sub_(slope, alpha=group["lr"]).clamp_(-group["limit"], group["limit"])
