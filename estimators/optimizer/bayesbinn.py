"""BayesBiNN: natural gradient steps on the parameters of Bernoulli weights."""

from straightedge.estimators.optimizer.base import LatentOptimizer


class BayesBiNN(LatentOptimizer):
    """lambda+ = (1 - lr) lambda - lr points g, g the derivative of the mean loss of a point by the weight's mean tanh(lambda).

    The weights follow F(a) = s(2 a), noise logistic2; rule bayesbinn gives the paper's g, rule identity another.  The prior is a fair
    coin.  It is LatentDescent with decay 1 / points and step points lr / (1 - lr), to the letter: the explicit natural gradient step
    of one and the implicit mirror step of the other.  Without the public code's momentum.

    Meng, Bachmann, Khan 2020, arXiv:2002.10778, equation 9.
    """

    def __init__(self, params, lr: float, points: float | int):
        super().__init__(params, lr=lr, points=points)

    def move(self, latent, slope, group, state):
        latent.mul_(1 - group["lr"]).sub_(slope, alpha=group["lr"] * group["points"])
