"""Gradient steps on latent weights with the identity rule: mirror descent on the means."""

from straightedge.estimators.optimizer.base import LatentOptimizer


class LatentDescent(LatentOptimizer):
    """eta+ = (eta - lr g) / (1 + lr decay), g the derivative by the weight.

    With mu = 2 F(eta) - 1 the weight's mean and Phi the integral of its inverse, Phi'(mu) = eta, this is

        mu+ = argmin lr <g, mu> + lr decay Phi(mu) + D(mu, mu of before),   D the Bregman divergence of Phi

    (Shekhovtsov, Yanush 2021, arXiv:2006.06880, Algorithm 2).  Under F(a) = s(2 a) Phi is KL(mu || 0): decay is the weight of that
    divergence in the objective.  Under F = s(a) it is twice that; under other noises Phi is another pull towards a fair coin.
    """

    def __init__(self, params, lr: float, decay: float = 0.0):
        super().__init__(params, lr=lr, decay=decay)

    def move(self, latent, slope, group, state):
        latent.sub_(slope, alpha=group["lr"]).div_(1 + group["lr"] * group["decay"])
