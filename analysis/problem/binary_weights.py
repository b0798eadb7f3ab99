"""Bernoulli weights: one vector of units w in {-1, +1}, whose loss is the data loss of a small network with the weights w.

Exact up to some 20 weights, by the same tables as everything else: the loss is a function of the last (and only) layer's state.
The activations may be Bernoulli too; then the loss of w is its *expectation* over them, so that what an estimator does to the
weights is seen alone.  A sampled loss in its place would leave every unbiased estimator unbiased and add the activations' variance;
a chain estimator would add the bias of its derivative through the activations: `joint` is that estimate of the same exact gradient.
"""

from dataclasses import dataclass
from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor

from straightedge.estimators.base import Rule
from straightedge.estimators.network.error import InputError
from straightedge.estimators.network.loss import Loss, StateFunction
from straightedge.estimators.network.network import Network
from straightedge.estimators.network.noise import LOGISTIC, Noise
from straightedge.estimators.sum.kronecker import kronecker
from straightedge.estimators.sum.state import enumerate_states

BLOCK_ELEMENTS = 1 << 22


@dataclass(frozen=True, eq=False)
class BinaryWeights:
    """f(w) [.., n] -> [..], the mean loss over the data; layer after layer, w holds W [o, i + 1] row by row, the last column for a
    constant input 1, and the layer is W (x, 1) / sqrt(i + 1).  f is defined between the states too, as its derivative needs."""

    inputs: Float[Tensor, "b i"]
    labels: Tensor
    loss: Loss
    hidden: tuple[int, ...]
    """Widths of the hidden layers."""
    outputs: int
    activation: Noise | None = None
    """None for tanh units; the noise of Bernoulli units in {-1, +1}, over which f is the expectation."""

    @property
    def shapes(self) -> tuple[tuple[int, int], ...]:
        """(o, i + 1) of every layer."""
        return tuple((above, below + 1) for below, above in pairwise((self.inputs.shape[-1], *self.hidden, self.outputs)))

    @property
    def count(self) -> int:
        """The number of weights."""
        return sum(above * below for above, below in self.shapes)

    def network(self, latent: Float[Tensor, " n"], noise: Noise = LOGISTIC) -> Network:
        """The vector of weights with P(w = +1) = F(latent): theta is the latent weights."""
        if latent.shape != (self.count,):
            raise InputError(f"expected {self.count} latent weights for layers of {self.shapes}, got shape {tuple(latent.shape)}")
        return Network.of([latent.new_empty(self.count, 0)], [latent], latent.new_zeros(1, 0), latent.new_zeros(1),
                          StateFunction(self), noise)

    def layers(self, w: Float[Tensor, "... n"]) -> list[Float[Tensor, "... o i"]]:
        """The weight matrices of every layer, scaled by the root of their fan-in."""
        parts = w.split([above * below for above, below in self.shapes], -1)
        return [part.unflatten(-1, shape) / shape[1] ** 0.5 for part, shape in zip(parts, self.shapes, strict=True)]

    def __call__(self, w: Float[Tensor, "... n"]) -> Float[Tensor, "..."]:
        states = 1 if self.activation is None else 2 ** max(self.hidden, default=0)
        step = max(1, BLOCK_ELEMENTS // (len(self.inputs) * states * max(below for _, below in self.shapes)))
        values = [self.mean_loss(part) for part in w.reshape(-1, w.shape[-1]).split(step)]
        return torch.cat(values).reshape(w.shape[:-1])

    def mean_loss(self, w: Float[Tensor, "s n"]) -> Float[Tensor, " s"]:
        """f at these rows of weights."""
        *below, top = self.layers(w)
        x = self.inputs.to(w)
        if self.activation is None:
            for weight in below:
                x = affine(weight, x).tanh()
            return self.loss(affine(top, x), self.coefficients(w)).mean(-1)
        tables = [states_of(weight.shape[-2], w) for weight in below]
        values = self.loss.features(affine(top, tables[-1] if tables else x))
        for layer in reversed(range(len(below))):  # E of the values above, given each state below
            a = affine(below[layer], tables[layer - 1] if layer else x)
            values = probabilities(a, self.activation) @ values
        return (values * self.coefficients(w)).sum(-1).mean(-1)

    def coefficients(self, w: Tensor) -> Float[Tensor, "b k"]:
        """The labels' coefficients of the loss features."""
        return self.loss.coefficients(self.labels.to(w.device), w.new_empty(0, self.outputs))

    def joint(self, latent: Tensor, weight: Rule, unit: Rule, n: int, rng: torch.Generator,
              noise: Noise = LOGISTIC) -> Float[Tensor, "n d"]:
        """n chain estimates by one sample of weights and activations each: `weight` passes the gradient at the weights, `unit` at
        the activations.  Each data point has activations of its own, all have the row's weights."""
        def uniform(*shape: int) -> Tensor:
            return torch.rand(*shape, generator=rng, dtype=latent.dtype, device=latent.device)

        with torch.enable_grad():
            eta = latent.detach().expand(n, -1).clone().requires_grad_()
            *below, top = self.layers(weight.unit(eta, uniform(n, self.count), noise))
            x = self.inputs.to(latent)
            for matrix in below:
                a = affine(matrix, x)
                x = a.tanh() if self.activation is None else unit.unit(a, uniform(*a.shape), self.activation)
            loss = self.loss(affine(top, x), self.coefficients(latent)).mean(-1)
            return torch.autograd.grad(loss.sum(), eta)[0]


def affine(weight: Float[Tensor, "... o i"], x: Float[Tensor, "... b j"]) -> Float[Tensor, "... b o"]:
    """W (x, 1), i = j + 1."""
    return x @ weight[..., :-1].mT + weight[..., None, :, -1]


def states_of(width: int, like: Tensor) -> Float[Tensor, "t n"]:
    """All states in {-1, +1} of a layer."""
    return 2 * enumerate_states(torch.arange(2**width, device=like.device), width, like) - 1


def probabilities(a: Float[Tensor, "s b n"], noise: Noise) -> Float[Tensor, "s b t"]:
    """P(state | a) of all states of a layer."""
    flat = a.reshape(-1, a.shape[-1])
    return kronecker(noise.cdf(torch.stack((-flat, flat), 2))).table.view(*a.shape[:-1], -1)
