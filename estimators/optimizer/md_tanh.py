"""MD-tanh: mirror descent at the means, whose map is sharpened as it goes."""

from straightedge.estimators.optimizer.base import LatentOptimizer


class MDTanh(LatentOptimizer):
    """h+ = growth (h - beta lr g), beta+ = growth beta: the latent weight h = beta eta of w = tanh(beta eta), eta+ = eta - lr g.

    The network is run at the weights' means, F(a) = s(2 a), noise logistic2, and passes the derivative by them (`Mean`).
    At growth 1 it is LatentDescent with the derivative at the mean in the place of one at a sample: equal in the mean where the loss
    is multi-affine in the weights.  Growth drives the means to +-1.

    Ajanthan, Gupta, Torr, Hartley, Dokania 2021, arXiv:1910.08237, MD-tanh-S.
    """

    def __init__(self, params, lr: float, growth: float = 1.0):
        super().__init__(params, lr=lr, growth=growth)

    def move(self, latent, slope, group, state):
        sharpness = state.get("sharpness", 1.0)
        latent.sub_(slope, alpha=float(sharpness) * group["lr"]).mul_(group["growth"])
        state["sharpness"] = sharpness * group["growth"]
