"""The ladder: small networks with a known exact gradient, from the simplest rung up, on which estimators are certified.

The rarest state of any unit has a probability above 0.4 %, so that some tens of thousands of rows see it often.
"""

import math
from collections.abc import Callable
from contextlib import suppress
from itertools import pairwise, product

import torch
from torch import Tensor

from straightedge.analysis.problem.binary_weights import BinaryWeights
from straightedge.estimators.base import Estimator
from straightedge.estimators.network.error import Unsuitable
from straightedge.estimators.network.loss import CrossEntropy, LogisticLoss, Loss, SquaredError, StateFunction
from straightedge.estimators.network.network import BITS, SIGNS, Network
from straightedge.estimators.network.noise import LOGISTIC, NOISES, Noise

WEIGHTS = (1.0, -0.7, 0.4, -1.2)
LOGITS = (0.4, -0.8, 1.1, -0.2)


def constant(x: Tensor) -> Tensor:
    """2, whatever the state."""
    return 0 * x.sum(-1) + 2


def linear(x: Tensor) -> Tensor:
    """w x."""
    return x @ x.new_tensor(WEIGHTS)


def multi_affine(x: Tensor) -> Tensor:
    """Products of distinct units, up to all of them."""
    return linear(x) + x[..., 0] * x[..., 1] - 1.5 * x[..., 1] * x[..., 2] * x[..., 3] + 2 * x.prod(-1)


def quadratic(x: Tensor) -> Tensor:
    """Products of two units and squares of one, x_i^2 included."""
    return linear(x) + linear(x).square() - 1.5 * x[..., 0].square()


def cubic(x: Tensor) -> Tensor:
    """A function of the first unit alone, of no use to anyone who knows its derivative at the states only."""
    return (x[..., 0] - 0.45).pow(3) + 2 * x[..., 0].square()


def vector(function: Callable[[Tensor], Tensor], noise: Noise = LOGISTIC, states: tuple[float, float] = SIGNS,
           logits: tuple[float, ...] = LOGITS) -> Network:
    """One Bernoulli vector without input."""
    a = torch.tensor(logits, dtype=torch.float64) / noise.density(torch.zeros(1, dtype=torch.float64)).item() / 4
    nothing = a.new_empty(1, 0)
    return Network.of([a.new_empty(len(a), 0)], [a], nothing, nothing, StateFunction(function), noise, states)


def layered(sizes: tuple[int, ...], loss: Loss, labels: list, noise: Noise = LOGISTIC, states: tuple[float, float] = SIGNS,
          scale: float = 1.0) -> Network:
    """Random weights of the given scale between layers of these sizes, inputs first; one data point a label."""
    rng = torch.Generator().manual_seed(sum(sizes))
    weights = [scale * torch.randn(o, i, generator=rng, dtype=torch.float64) / i**0.5 for i, o in pairwise(sizes)]
    biases = [0.3 * torch.randn(o, generator=rng, dtype=torch.float64) for o in sizes[1:]]
    inputs = torch.randn(len(labels), sizes[0], generator=rng, dtype=torch.float64)
    return Network.of(weights, biases, inputs, torch.tensor(labels), loss, noise, states)


def saturated() -> Network:
    """Two layers whose units are nearly certain: pre-activations around 3."""
    network = layered((2, 3, 2), StateFunction(lambda x: x.prod(-1) + x[..., 0]), [0, 0])
    (w0, _), (w1, _) = network.layers
    bias = torch.tensor((3.2, -3.2, 2.8, 3.2, -2.8), dtype=torch.float64)
    return Network.of([0.3 * w0, 0.5 * w1], [bias[:3], bias[3:]], network.inputs, network.labels, network.loss)


def wide(x: Tensor) -> Tensor:
    """Every unit, in the sum and in products of neighbours."""
    weight = torch.linspace(-1, 1.5, x.shape[-1], dtype=x.dtype)
    return x @ weight + 0.5 * (x[..., 1:] * x[..., :-1]).sum(-1)


def weights() -> Network:
    """Seven Bernoulli weights of a network of tanh units."""
    inputs = torch.tensor(((0.8,), (-1.1,), (0.3,)), dtype=torch.float64)
    function = BinaryWeights(inputs, torch.tensor((1, -1, 1)), LogisticLoss(), (2,), 1)
    return function.network(torch.tensor((0.4, -0.8, 1.1, -0.2, 0.6, -1.3, 0.1), dtype=torch.float64))


def scaled(factor: float) -> Callable[[Tensor], Tensor]:
    """A loss of another size."""
    return lambda x: factor * multi_affine(x)


def ladder() -> dict[str, Network]:
    """Name of the rung -> network: first one vector, then layers, then what else networks differ in, each far out on its own."""
    cases = product(NOISES, (SIGNS, BITS))
    return {
        "constant": vector(constant),
        "linear": vector(linear),
        "multi_affine": vector(multi_affine),
        "quadratic": vector(quadratic),
        "bits": vector(quadratic, states=BITS),
        "one_unit": vector(cubic, states=BITS, logits=(-0.6,)),
        "deep": layered((2, 3, 3, 3), StateFunction(lambda x: 2 * x.prod(-1) + x[..., 0]), [0, 0], scale=1.6),
        "unequal_widths": layered((2, 4, 1, 3, 2), CrossEntropy(), [0, 1, 1], NOISES["logistic2"], BITS),
        "saturated": saturated(),
        **{f"{noise} {'bits' if states == BITS else 'signs'}": layered((2, 2, 2, 1), SquaredError(), [[1.0], [-0.5]], NOISES[noise],
                                                                       states, 0.7) for noise, states in cases},
        "large loss": vector(scaled(1e3)),
        "small loss": vector(scaled(1e-5)),
        "wide vector": vector(wide, logits=tuple(0.8 * math.sin(3.0 * unit) for unit in range(14))),
        "weights": weights(),
        "wide layers": layered((3, 9, 8, 1), LogisticLoss(), [-1, 1], scale=0.8),
        "six layers": layered((2,) * 7, StateFunction(lambda x: x[..., 0] + x.prod(-1)), [0], scale=0.8),
        "many points": layered((2, 3, 1), LogisticLoss(), [1, -1, -1, 1] * 8 + [1], states=BITS),
        "many inputs": layered((40, 3, 1), LogisticLoss(), [1, -1]),
        "many classes": layered((3, 3, 10), CrossEntropy(), [9, 0, 4, 7]),
        "many outputs": layered((2, 3, 6), SquaredError(), [[1.0, 0.0, -1.0, 0.5, 2.0, -0.5]] * 2, states=BITS, scale=0.7),
        "float32": vector(multi_affine).to("cpu", torch.float32),
        "float32 layers": layered((2, 3, 2, 2), CrossEntropy(), [0, 1], scale=1.2).to("cpu", torch.float32),
    }


CLASSES = {"linear": (linear,), "multi_affine": (linear, multi_affine), "quadratic": (linear, quadratic), "one_unit": (cubic,)}


def members(claim: str) -> dict[str, tuple[Network, slice]]:
    """Name -> (network, the parameters it is about) of a claimed class of problems: `multi_affine`, `multi_affine:uniform`, ...

    Raises ValueError for a class that is not known."""
    name, _, only = claim.partition(":")
    if name not in (*CLASSES, "last_layer") or only not in ("", *NOISES):
        raise ValueError(f"unknown class of exactness {claim!r}; known are {', '.join(CLASSES)} and last_layer, "
                         f"alone or with a noise as in multi_affine:uniform ({', '.join(NOISES)})")
    noises = {only: NOISES[only]} if only else NOISES
    everything = slice(None)
    if name == "last_layer":
        rungs = {rung: network for rung, network in ladder().items()
                 if network.depth > 1 and (not only or network.noise == NOISES[only])}
        return {rung: (network, slice(network.groups[f"layer{network.depth - 1}"].start, None)) for rung, network in rungs.items()}
    logits = (-0.6,) if name == "one_unit" else LOGITS
    return {f"{function.__name__} {noise} {'bits' if states == BITS else 'signs'}":
            (vector(function, NOISES[noise], states, logits), everything)
            for function in CLASSES[name] for noise in noises for states in (SIGNS, BITS)}


def suiting(estimator: Estimator, networks: dict[str, Network]) -> dict[str, Network]:
    """Those of the networks that the estimator suits."""
    suited = {}
    for name, network in networks.items():
        with suppress(Unsuitable):
            estimator.check(network)
            suited[name] = network
    return suited
