"""What an estimator is, and the two short forms of writing one.

    Estimator    one call: (network, n, rng) -> n independent gradient estimates, one per row
    Rule         how one unit passes a gradient: unit(a, u, noise) -> x, differentiable in a
    Surrogate    a scalar whose derivative by theta is the estimate

Hyper-parameters are dataclass fields: they become columns, options of the command line and part of the key of a result.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import singledispatch
from typing import Any, ClassVar, Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor

from straightedge.estimators.network.network import Network
from straightedge.estimators.network.noise import Noise

Unit = Callable[[Tensor, Tensor, Noise], Tensor]


@runtime_checkable
class MomentPlan(Protocol):
    """A plan of exact moments: `require` raises Unsuitable where they do not fit, the call finds them."""

    def require(self) -> None: ...

    def __call__(self) -> Any: ...


@runtime_checkable
class Units(Protocol):
    """Whatever says what its units are like: a network, or a site of a sampled pass."""

    @property
    def noise(self) -> Noise: ...

    @property
    def states(self) -> tuple[float, float]: ...


@dataclass(frozen=True)
class Estimator(ABC):
    """Plain values and one call.  The class variables are claims, which the conformance checks test."""

    unbiased: ClassVar[bool] = False
    """The mean row is the gradient, on every network that the estimator suits."""
    random: ClassVar[bool] = True
    """False where all rows are equal."""
    family: ClassVar[str] = "other"
    """Whose colour it has in figures; analysis/figure.py names the families."""
    marker: ClassVar[str] = "o"
    """Its marker in figures, as matplotlib names it."""
    exact_for: ClassVar[frozenset[str]] = frozenset()
    """Classes of problems where the mean row is the gradient although it is not in general: linear, multi_affine, quadratic
    (losses of one layer), one_unit (any loss), last_layer (its parameters); `multi_affine:uniform`: under that noise only."""
    chain_only: ClassVar[str] = ""
    """What it asks of a network that only a chain of layers has; empty where it needs no more than a sampled pass or a rule."""
    expected_failures: ClassVar[dict[str, str]] = {}
    """Conformance check -> the reason why it fails; it is then an error that it passes."""

    @property
    def samples(self) -> int:
        """Samples of the network that one estimate is made of, all held at once."""
        return 1

    @abstractmethod
    def __call__(self, network: Network, n: int, rng: torch.Generator) -> Float[Tensor, "n d"]:
        """n independent estimates of the gradient of the mean loss by theta; all randomness comes from `rng`."""

    def plan(self, network: Network) -> MomentPlan | None:
        """The plan of the exact moments of the rows of *this class's own call*; None where none is known.

        It counts only where `__call__` stands in the same class and no class below changes anything."""
        return None

    def check(self, network: Network) -> None:  # noqa: B027 - most estimators suit every network
        """Raises Unsuitable where this estimator has no meaning for this network."""


def local(unit: Unit, a: Tensor, u: Tensor, units: Units) -> tuple[Tensor, Tensor]:
    """(state in the units' encoding, its derivative by a) of a rule whose states are in {-1, +1}; elementwise."""
    with torch.enable_grad():
        a = a.detach().requires_grad_()
        x = unit(a, u, units.noise)
        factor = torch.autograd.grad(x.sum(), a)[0] if x.requires_grad else torch.zeros_like(a)
    lo, hi = units.states
    half = (hi - lo) / 2
    if lo == -hi == -1.0:
        return x.detach(), factor
    return x.detach() * half + (lo + half), factor * half


def ascend(unit: Unit, network: Network, us: list[Tensor]) -> tuple[list[Tensor], list[Tensor], Tensor]:
    """(input state of every affine layer, local derivatives of every Bernoulli layer, outputs z) of a forward pass."""
    states, factors = [network.data(*us[0].shape[:-2])], []
    for layer, u in enumerate(us):
        x, factor = local(unit, network.affine(layer, states[-1]), u, network)
        states.append(x)
        factors.append(factor)
    return states, factors, network.output(states[-1])


def state_slopes(network: Network, factors: list[Tensor], slope: Tensor) -> list[Tensor]:
    """The estimates of d loss / d x of every Bernoulli layer, by the chain rule with these local derivatives."""
    slopes = [network.pull(network.depth, slope) if network.outputs else slope]
    for layer in reversed(range(1, network.depth)):
        slopes.insert(0, network.pull(layer, factors[layer] * slopes[0]))
    return slopes


def chain_deltas(network: Network, factors: list[Tensor], slope: Tensor) -> list[Tensor]:
    """The estimates of d loss / d a of every affine layer, by the chain rule with these local derivatives."""
    deltas = [factor * g for factor, g in zip(factors, state_slopes(network, factors, slope), strict=True)]
    return [*deltas, slope] if network.outputs else deltas


def chain_rows(unit: Unit, network: Network, us: list[Tensor]) -> Float[Tensor, "n d"]:
    """The rows of one forward pass with the unit's states and one backward pass with its local derivatives."""
    states, factors, z = ascend(unit, network, us)
    deltas = chain_deltas(network, factors, network.slope(z)[1])
    return network.rows(states[: len(deltas)], deltas)


@dataclass(frozen=True)
class Rule(Estimator):
    """A chain estimator: one forward pass with the rule's states, one backward pass with its local derivatives."""

    family: ClassVar[str] = "straight-through"

    @property
    def noises(self) -> int:
        """Independent noises, given the state, over which the local derivative is averaged: its variance given (a, x) is that of
        `unit` divided by this."""
        return 1

    @abstractmethod
    def unit(self, a: Float[Tensor, "..."], u: Float[Tensor, "..."], noise: Noise) -> Float[Tensor, "..."]:
        """x in {-1, +1} (or relaxed), differentiable in a, element by element; u ~ U(0, 1), and x = +1 where u < F(a)."""

    @property
    def further(self) -> int:
        """Uniforms of each unit that `state` takes beside u."""
        return 0

    def state(self, a: Float[Tensor, "..."], u: Float[Tensor, "..."], vs: Iterable[Tensor], noise: Noise) -> Float[Tensor, "..."]:
        """The unit as it is run: `unit`, where it takes no further uniforms vs, each of the shape of a."""
        return self.unit(a, u, noise)

    def __call__(self, network, n, rng):
        return rule_rows(network, self, n, rng)


@singledispatch
def rule_rows(network: Network, rule: Rule, n: int, rng: torch.Generator) -> Float[Tensor, "n d"]:
    """The rows of a rule."""
    def unit(a: Tensor, u: Tensor, noise: Noise) -> Tensor:  # the sample's uniforms are drawn by now; further ones come after them
        vs = (torch.rand(a.shape, generator=rng, dtype=a.dtype, device=a.device) for _ in range(rule.further))
        return rule.state(a, u, vs, noise)

    return chain_rows(unit, network, network.uniform(rng, n))


@dataclass(frozen=True)
class Surrogate(Estimator):
    """A scalar function of the parameters and of one row's uniforms, whose derivative by the parameters is the estimate."""

    chain_only: ClassVar[str] = "layers that it can run with parameters of its own"

    @abstractmethod
    def surrogate(self, network: Network, u: list[Tensor]) -> Float[Tensor, ""]:
        """The scalar; `u` is one tensor [b, units] a layer.  Differentiate through `network`, stop gradients by `detach()`."""

    def __call__(self, network, n, rng):
        def estimate(theta: Tensor, *u: Tensor) -> Tensor:
            return self.surrogate(network.at(theta), list(u))

        us = network.uniform(rng, n)
        passes = network.passes
        with passes.times(n):
            rows = torch.func.vmap(torch.func.grad(estimate), in_dims=(None, *(0 for _ in us)))(network.theta, *us)
        passes.backwards += passes.forwards - passes.backwards  # autograd goes back through every layer it went forward
        return rows
