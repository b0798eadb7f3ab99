"""Other libraries' gradients of the same network, called as their documentation says: storchastic and Pyro, optional extra `bench`.

Each is a function of the network that gives one gradient [d]; a missing library is None.
"""

from collections.abc import Callable
from importlib.util import find_spec

import torch
import torch.nn.functional as F
from torch import Tensor

from straightedge.estimators.network.network import Network


def leaves(network: Network) -> list[tuple[Tensor, Tensor]]:
    """Weights and biases that autograd collects gradients in."""
    return [(weight.detach().clone().requires_grad_(), bias.detach().clone().requires_grad_()) for weight, bias in network.layers]


def collected(pairs: list[tuple[Tensor, Tensor]]) -> Tensor:
    """Their gradients as one vector; zero where none arrived."""
    return torch.cat([(torch.zeros_like(t) if t.grad is None else t.grad).reshape(-1) for pair in pairs for t in pair])


def storchastic(network: Network, method: str) -> Tensor:
    """One backward call of storchastic: Expect, ScoreFunction, ARM or GumbelSoftmax (straight-through)."""
    import storch
    from storch import method as methods

    make = {"Expect": lambda name: methods.Expect(name, budget=2**20),
            "ScoreFunction": lambda name: methods.ScoreFunction(name, n_samples=1, baseline_factory=None),
            "ARM": lambda name: methods.ARM(name, n_samples=1),
            "GumbelSoftmax": lambda name: methods.GumbelSoftmax(name, n_samples=1, straight_through=True)}[method]
    pairs, usual = leaves(network), torch.get_default_dtype()
    torch.set_default_dtype(network.theta.dtype)  # it makes tensors of its own in the default precision
    try:
        x = storch.denote_independent(network.inputs, 0, "data")
        target = storch.denote_independent(network.coefficients, 0, "data")
        for layer, (weight, bias) in enumerate(pairs[:-1]):
            x = 2 * make(f"layer{layer}")(torch.distributions.Bernoulli(logits=F.linear(x, weight, bias))) - 1
        storch.add_cost(-(F.log_softmax(F.linear(x, *pairs[-1]), -1) * target).sum(-1), "loss")
        storch.backward()
    finally:
        torch.set_default_dtype(usual)
        storch.reset()
    return collected(pairs)


def pyro(network: Network) -> Tensor:
    """One gradient of TraceEnum_ELBO: guide and model are the same chain, so that the ELBO is minus the expected loss."""
    import pyro as library
    from pyro.distributions import Bernoulli
    from pyro.infer import TraceEnum_ELBO

    pairs, points = leaves(network), len(network.inputs)

    def climb(infer: dict) -> Tensor:
        x = network.inputs
        for layer, (weight, bias) in enumerate(pairs[:-1]):
            a = F.linear(x, weight, bias)
            bits = [library.sample(f"x{layer}_{unit}", Bernoulli(logits=a[..., unit]), infer=infer) for unit in range(len(bias))]
            x = 2 * torch.stack(torch.broadcast_tensors(*bits), -1) - 1
        return x

    def guide():
        with library.plate("data", points, dim=-1):
            climb({"enumerate": "parallel"})

    def model():
        with library.plate("data", points, dim=-1):
            z = F.linear(climb({}), *pairs[-1])
            library.factor("loss", (F.log_softmax(z, -1) * network.coefficients).sum(-1))

    (TraceEnum_ELBO(max_plate_nesting=1).differentiable_loss(model, guide) / points).backward()
    return collected(pairs)


def installed() -> dict[str, Callable[..., Tensor] | None]:
    """Library -> its function, or None where it is absent."""
    return {"storchastic": storchastic if find_spec("storch") else None, "pyro": pyro if find_spec("pyro") else None}
