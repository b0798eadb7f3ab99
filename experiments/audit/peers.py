"""Other libraries' estimators for Bernoulli units, called as their own documentation and examples call them.

storchastic    README and examples/: method(Bernoulli(logits=eta)), add_cost, backward, eta.grad; its VAE passes probabilities instead
reinmax        README: sample, p = reinmax(logits, tau)

`says` is what the method's paper, or the library, says of its mean.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Literal

import torch
from torch import Tensor

from straightedge.analysis.check.unbiased import Estimate
from straightedge.estimators.base import Estimator
from straightedge.estimators.gumbel_softmax import GumbelSoftmax
from straightedge.estimators.reinmax import Reinmax
from straightedge.estimators.st_gumbel import StGumbel

Says = Literal["exact", "unbiased", "biased"]


def squares(x):
    """The sum of squared distances to targets: the toy of the literature and of storchastic's examples.  Its mean is about 1.3."""
    return sum((x[..., unit] - target) ** 2 for unit, target in enumerate((0.1, 0.8, 0.3)))


def smooth(x):
    """A function of three bits that is neither a sum over bits nor a polynomial, defined between the states.  Its mean is about 0."""
    steep = 3 * (x[..., 0] - x[..., 1]) * (2 * x[..., 2] - 1) + 1.5 * x[..., 1]
    return torch.nn.functional.softplus(steep) + x[..., 0] * x[..., 2] - 1.8


LOSSES = {"squares": squares, "smooth": smooth}
LOGITS = (0.5, -0.8, 0.2)


@dataclass(frozen=True)
class Peer:
    """One way of calling one library's method."""

    library: str
    call: str
    says: Says
    first: Callable[[], Estimate] = field(compare=False)
    """Makes the estimate, of logits [u], or [n, u] where batched."""
    second: Callable[[], Estimate] = field(compare=False)
    """Makes it again, by another route through the library."""
    batched: bool = False
    definition: Estimator | None = None
    """What it is meant to be, where that is biased."""
    effort: int = 1
    """How many times more rows than others it takes: a few per cent of bias need many."""


def installed(library: str) -> str:
    """The library's version, or nothing where it is absent."""
    try:
        return version(library)
    except PackageNotFoundError:
        return ""


def storchastic(call: str, by: Literal["logits", "probs"]) -> Estimate:
    """The gradient from one backward call of a method written as `call`, for one vector."""
    import storch
    from torch.distributions import Bernoulli
    from torch.distributions.utils import clamp_probs

    method = eval(call, vars(storch.method) | {"Bernoulli": Bernoulli} | LOSSES)

    def estimate(logits: Tensor, loss: Callable[[Tensor], Tensor], rng: torch.Generator) -> Tensor:
        eta = logits.clone().requires_grad_()
        try:
            x = method(Bernoulli(logits=eta) if by == "logits" else Bernoulli(probs=clamp_probs(eta.sigmoid())))
            storch.add_cost(loss(x.float() if x.dtype == torch.bool else x), "loss")
            storch.backward(update_estimator_params=False)  # temperatures stay where they are
            assert eta.grad is not None
            return eta.grad.detach().clone()
        finally:
            storch.reset()
            eta.grad = None
            method.zero_grad()  # as an optimiser does; the gradients hold graphs

    return estimate


def reinmax(logits_of: Callable[[Tensor], Tensor], tau: float) -> Estimate:
    """ReinMax for two categories whose logits are made from those of the bits."""
    from reinmax import reinmax as sample

    def estimate(logits: Tensor, loss: Callable[[Tensor], Tensor], rng: torch.Generator) -> Tensor:
        eta = logits.clone().requires_grad_()
        return torch.autograd.grad(loss(sample(logits_of(eta), tau)[0][..., 1]).sum(), eta)[0]

    return estimate


def pair(eta: Tensor) -> Tensor:
    """Logits (0, eta)."""
    return torch.stack((torch.zeros_like(eta), eta), -1)


def halves(eta: Tensor) -> Tensor:
    """Logits (-eta / 2, eta / 2)."""
    return torch.stack((-eta / 2, eta / 2), -1)


def method(call: str, says: Says, definition: Estimator | None = None, effort: int = 1) -> Peer:
    """A method of storchastic: by logits, and by probabilities."""
    first, second = (lambda by=by: storchastic(call, by) for by in ("logits", "probs"))
    return Peer("storchastic", call, says, first, second, definition=definition, effort=effort)


def second_order(tau: float) -> Peer:
    """ReinMax at a temperature: from logits (0, a), and from (-a / 2, a / 2)."""
    return Peer("reinmax", f"reinmax(logits, {tau})", "biased", lambda: reinmax(pair, tau), lambda: reinmax(halves, tau), True,
                Reinmax(tau=tau))


PEERS = (
    method("Expect('x')", "exact"),
    method("ScoreFunction('x')", "unbiased"),
    method("ScoreFunction('x', baseline_factory='moving_average')", "unbiased", effort=8),
    method("ScoreFunction('x', n_samples=4, baseline_factory='batch_average')", "unbiased"),
    method("ARM('x')", "unbiased"),
    method("ARM('x', n_samples=4)", "unbiased"),
    method("DisARM('x')", "unbiased"),
    method("DisARM('x', n_samples=4)", "unbiased"),
    method("REBAR('x')", "unbiased"),
    method("RELAX('x', in_dim=(3,))", "unbiased"),
    method("RELAX('x', c_phi=smooth)", "unbiased"),
    method("RELAX('x', in_dim=(3,), rebar=True)", "unbiased"),
    method("ScoreFunctionWOR('x', k=4, biased=False)", "unbiased"),
    method("ScoreFunctionWOR('x', k=4, biased=False, use_baseline=False)", "unbiased"),
    method("ScoreFunctionWOR('x', k=4)", "biased"),
    method("UnorderedSetEstimator('x', k=4)", "unbiased"),
    method("UnorderedSetEstimator('x', k=4, use_baseline=False)", "unbiased"),
    method("RaoBlackwellSF('x', n_samples=4)", "unbiased"),
    method("GumbelSoftmax('x')", "biased", GumbelSoftmax(tau=1.0)),
    method("GumbelSoftmax('x', straight_through=True)", "biased", StGumbel(tau=1.0)),
    method("GumbelSparseMax('x')", "biased"),
    method("GumbelEntmax('x')", "biased"),
    method("UnorderedSetGumbelSoftmax('x', k=4)", "biased"),
    method("Infer('x', Bernoulli)", "biased", GumbelSoftmax(tau=1.0)),
    second_order(1.0),
    second_order(1.5),
)
"""Every method of storchastic that takes a Bernoulli distribution (LAX and Reparameterization do not), and ReinMax."""
