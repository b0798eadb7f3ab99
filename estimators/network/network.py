"""The network: a chain of Bernoulli layers that ends in a loss.

    a_l = W_l x_{l-1} + b_l,   x_l = hi with probability F(a_l), else lo,   l = 0 .. L-1,   x_{-1} the data
    z   = W_L x_{L-1} + b_L  (or x_{L-1} itself where there is no output layer),   loss(z, label), averaged over the data

All parameters stand in one vector theta [d]: for each layer W row by row, then b.  A single Bernoulli vector without input is
the network with inputs of width zero: its theta is its logits.

Shapes: n rows (independent estimates), b data points, d parameters, o and i units above and below an affine layer.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from straightedge.estimators.network.error import InputError
from straightedge.estimators.network.loss import Loss, StateFunction
from straightedge.estimators.network.noise import LOGISTIC, Noise
from straightedge.estimators.network.passes import Cost, Passes
from straightedge.estimators.network.shape import require_chain

SIGNS = (-1.0, 1.0)
BITS = (0.0, 1.0)


@dataclass(frozen=True, eq=False)
class Network:
    """Tensors of one network, its data and its loss.  `layer` numbers affine layers from 0; the last may be the output."""

    theta: Float[Tensor, " d"]
    inputs: Float[Tensor, "b i"]
    labels: Tensor
    widths: tuple[int, ...]
    loss: Loss
    outputs: int = 0
    noise: Noise = field(default=LOGISTIC)
    states: tuple[float, float] = SIGNS
    passes: Passes = field(default_factory=Passes, repr=False)
    """What was done with this network; copies with other parameters count on together."""

    @classmethod
    def of(cls, weights: Sequence[Tensor], biases: Sequence[Tensor], inputs: Tensor, labels: Tensor, loss: Loss,
           noise: Noise = LOGISTIC, states: tuple[float, float] = SIGNS) -> "Network":
        """The network of these weights [o, i] and biases [o]; the last pair is the output layer unless `loss` is a StateFunction.

        Raises InputError where the shapes do not chain or a number is not finite.
        """
        require_chain(weights, biases, inputs, labels)
        sizes = [len(bias) for bias in biases]
        outputs = 0 if isinstance(loss, StateFunction) else sizes.pop()
        if not sizes:
            raise InputError("expected at least one Bernoulli layer below the output layer")
        theta = torch.cat([part.reshape(-1) for pair in zip(weights, biases, strict=True) for part in pair])
        if outputs:
            loss = loss.around(biases[-1] + weights[-1].sum(1) * (sum(states) / 2))  # the outputs at the middle between the states
        network = cls(theta, inputs, labels, tuple(sizes), loss, outputs, noise, states)
        assert network.coefficients is not None  # labels that do not fit the loss are refused here, not later
        return network

    def at(self, theta: Float[Tensor, " d"]) -> "Network":
        """The same network with other parameters, differentiable in them."""
        return replace(self, theta=theta)

    def to(self, device: str | torch.device, dtype: torch.dtype) -> "Network":
        """The same network on another device, in another precision."""
        return replace(self, theta=self.theta.to(device, dtype), inputs=self.inputs.to(device, dtype),
                       labels=self.labels.to(device))

    def copied(self) -> "Network":
        """The same network in tensors of its own, its passes counted from zero."""
        return replace(self, theta=self.theta.detach().clone(), inputs=self.inputs.clone(), labels=self.labels.clone(), passes=Passes())

    def metered(self) -> "Network":
        """The same network, its passes counted from zero."""
        return replace(self, passes=Passes())

    def cost(self, rows: int) -> Cost:
        """The passes per row so far, where so many rows were made."""
        forward = sum(o * (i + 1) for o, i in self.shapes) + (self.outputs or self.widths[-1])
        backward = sum(o * i for o, i in self.shapes[1:]) + (0 if self.outputs else self.widths[-1])
        points = rows * len(self.inputs)
        return Cost(self.passes.forwards / (points * forward), self.passes.backwards / (points * backward))

    @property
    def depth(self) -> int:
        """Number of Bernoulli layers."""
        return len(self.widths)

    @property
    def span(self) -> float:
        """hi - lo."""
        return self.states[1] - self.states[0]

    @cached_property
    def shapes(self) -> tuple[tuple[int, int], ...]:
        """(o, i) of every affine layer."""
        sizes = (self.inputs.shape[-1], *self.widths, *([self.outputs] if self.outputs else []))
        return tuple((above, below) for below, above in pairwise(sizes))

    @cached_property
    def groups(self) -> dict[str, slice]:
        """Layer name -> its slice of theta, weights and biases together."""
        groups, start = {}, 0
        for index, (above, below) in enumerate(self.shapes):
            groups[f"layer{index}"] = slice(start, start := start + above * (below + 1))
        return groups

    @cached_property
    def layers(self) -> tuple[tuple[Tensor, Tensor], ...]:
        """(W [o, i], b [o]) of every affine layer, views of theta."""
        parts = (self.theta[where] for where in self.groups.values())
        return tuple((part[: o * i].view(o, i), part[o * i:]) for part, (o, i) in zip(parts, self.shapes, strict=True))

    @cached_property
    def coefficients(self) -> Float[Tensor, "b k"]:
        """The labels' coefficients of the loss features."""
        width = self.outputs or self.widths[-1]
        return self.loss.coefficients(self.labels, self.inputs.new_empty(0, width))

    def data(self, *rows: int) -> Float[Tensor, "... b i"]:
        """The inputs, seen once for each row."""
        return self.inputs.expand(*rows, *self.inputs.shape)

    def affine(self, layer: int, x: Float[Tensor, "... b i"]) -> Float[Tensor, "... b o"]:
        """W x + b.  The data's own layer is computed once and shared by all rows."""
        weight, bias = self.layers[layer]
        self.passes.forward(x.shape[:-1], weight.numel() + bias.numel())
        if layer == 0:
            return F.linear(self.inputs, weight, bias).expand(*x.shape[:-1], len(bias))
        return F.linear(x, weight, bias)

    def pull(self, layer: int, delta: Float[Tensor, "... b o"]) -> Float[Tensor, "... b i"]:
        """The derivative by this layer's input, from the derivative by its activation."""
        weight, _ = self.layers[layer]
        self.passes.backward(delta.shape[:-1], weight.numel())
        return delta @ weight

    def output(self, x: Float[Tensor, "... b i"]) -> Float[Tensor, "... b m"]:
        """z from the last layer's state."""
        return self.affine(self.depth, x) if self.outputs else x

    def measured(self, x: Float[Tensor, "s i"]) -> tuple[Loss, Float[Tensor, "s m"]]:
        """(loss, z) at these states of the last layer, both measured from the loss's centre, which no output is rounded to."""
        if not self.outputs:
            return self.loss, x
        loss, centre = self.loss.origin(x)
        weight, bias = self.layers[-1]
        return loss, F.linear(x, weight, bias - centre)

    def value(self, z: Float[Tensor, "... b m"]) -> Float[Tensor, "... b"]:
        """The loss of each data point."""
        self.passes.forward(z.shape[:-1], z.shape[-1])
        return self.loss(z, self.coefficients)

    def slope(self, z: Float[Tensor, "... b m"]) -> tuple[Float[Tensor, "... b"], Float[Tensor, "... b m"]]:
        """The loss of each data point and its derivative by z."""
        if not self.outputs:
            self.passes.backward(z.shape[:-1], z.shape[-1])
        with torch.enable_grad():
            z = z.detach().requires_grad_()
            value = self.value(z)
            if not value.requires_grad:  # a loss that is constant in z
                return value, torch.zeros_like(z)
            derivative, = torch.autograd.grad(value.sum(), z)
        return value.detach(), derivative

    def outcome(self, z: Float[Tensor, "... b m"]) -> tuple[Float[Tensor, "... b"], Float[Tensor, "... b m"] | None]:
        """The loss of each data point and, where there is an output layer, its derivative by z, which that layer needs."""
        return self.slope(z) if self.outputs else (self.value(z), None)

    def uniform(self, rng: torch.Generator, *rows: int) -> list[Float[Tensor, "... b o"]]:
        """u ~ U(0, 1) for every unit, data point and row, one tensor a layer."""
        dtype, device = self.theta.dtype, self.theta.device
        return [torch.rand(*rows, len(self.inputs), width, generator=rng, dtype=dtype, device=device) for width in self.widths]

    def encode(self, upper: Tensor) -> Float[Tensor, "..."]:
        """States from truth values."""
        return torch.where(upper, self.theta.new_tensor(self.states[1]), self.theta.new_tensor(self.states[0]))

    def rows(self, states: Sequence[Tensor], deltas: Sequence[Tensor]) -> Float[Tensor, "n d"]:
        """The gradient estimates from each affine layer's input state [n, .., b, i] and delta [n, .., b, o], the estimate of
        d E / d a; axes between n and b are averaged like the data."""
        parts = []
        for layer, (x, delta) in enumerate(zip(states, deltas, strict=True)):
            n, out = len(delta), delta.shape[-1]
            delta = delta.reshape(n, -1, out)
            points = delta.shape[1]
            if layer == 0:  # one product for all rows: the inputs are the same
                delta = delta.reshape(n, -1, len(self.inputs), out).sum(1)
                weight = delta.transpose(1, 2) @ self.inputs
            else:
                weight = delta.transpose(1, 2) @ x.reshape(n, points, -1)
            parts += [weight.reshape(n, -1) / points, delta.sum(1) / points]
        return torch.cat(parts, -1)
