"""What rows are held against: the exact gradient or a long run in its place, its rounding, and the events that rows must have seen.

Shapes: d parameters, o and i units above and below an affine layer, b data points."""

from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from scipy.linalg import hadamard
from torch import Tensor

from straightedge.analysis.accuracy.block import MOST, Blocks
from straightedge.analysis.accuracy.score import EVENTS, FEW
from straightedge.analysis.accuracy.sums import Sums


@dataclass(frozen=True, eq=False)
class Layer:
    """Probabilities of what the estimates of one affine layer's parameters need to have seen."""

    flips: Float[Tensor, "b o"]
    """That a unit is in its rarer state and so are units of every layer above: what a difference of losses needs; 1 for outputs."""
    active: Float[Tensor, "b i"]
    """That an input is not zero."""
    sizes: Float[Tensor, "b i"]
    """Mean absolute inputs."""

    def shares(self, n: int, least: int) -> Float[Tensor, " p"]:
        """For each parameter, weights row by row and then biases: the part of its events, by weight, of which n rows are expected to show
        fewer than `least`."""
        weights = []
        active, sizes = (torch.cat((part, part.new_ones(len(part), 1)), 1) for part in (self.active, self.sizes))
        for flips in self.flips.T:
            needed, order = (flips[:, None] * active).sort(dim=0)
            weight = (flips[:, None] * sizes).gather(0, order)
            unseen = torch.where(n * needed.cumsum(0) < least, weight, 0.0).sum(0)
            total = weight.sum(0)
            weights.append(torch.where(total > 0, unseen / torch.where(total > 0, total, 1.0), 0.0))
        table = torch.stack(weights)
        return torch.cat((table[:, :-1].reshape(-1), table[:, -1]))


@dataclass(frozen=True, eq=False)
class Rare:
    """The rare states of a network's units."""

    layers: tuple[Layer, ...]
    states: Float[Tensor, " e"]
    """Probability of the rarer state of every unit at every data point, in ascending order."""
    size: Float[Tensor, " d"]
    """What one data point may add to a parameter's estimate: loss or its derivative, times the largest input, over the data points."""

    def shares(self, n: int, least: int = EVENTS) -> Float[Tensor, " d"]:
        """The part of every parameter's own events that n rows are expected to show fewer than `least` times; 1: none is shown."""
        return torch.cat([layer.shares(n, least) for layer in self.layers])

    def unseen(self, n: int) -> float:
        """Probability of all states together that are expected fewer than EVENTS times among n rows."""
        return float(self.states[n * self.states.cumsum(0) < EVENTS].sum())


@dataclass(frozen=True, eq=False)
class Run:
    """A long run of an unbiased estimator in the place of the exact gradient; its error is one, common to all seeds."""

    sums: Sums
    blocks: Blocks


@dataclass(frozen=True, eq=False)
class Truth:
    """The gradient that rows are held against; `groups` name slices of the parameters."""

    exact: Float[Tensor, " d"]
    groups: dict[str, slice]
    hidden: tuple[str, ...] = ()
    """The groups that are hidden layers."""
    loss: float = 1.0
    """What a bias is measured by where the gradient is zero: the size of the loss."""
    rounding: Tensor = field(default_factory=lambda: torch.tensor(1e-14, dtype=torch.float64))
    """Below which a difference is rounding, per coordinate, in units of the rows; from the precision and the sizes summed."""
    rare: Rare | None = None
    run: Run | None = None
    directions: Float[Tensor, "d s"] = field(init=False)
    """The unit vectors along the gradient of every group, columns."""
    aims: Float[Tensor, "d h"] = field(init=False)
    """The gradient, and where a run stands for it, as it might be within the run's error, columns."""

    def __post_init__(self):
        exact = self.exact.double()
        rounding = self.rounding.to(exact).expand(len(exact))
        for where in self.groups.values():
            if bool((exact[where].abs() <= rounding[where]).all()):
                exact = exact.clone()
                exact[where] = 0.0
        directions = exact.new_zeros(len(exact), len(self.groups))
        for index, where in enumerate(self.groups.values()):
            length = exact[where].norm()
            directions[where, index] = exact[where] / length if length > 0 else 0.0
        object.__setattr__(self, "exact", exact)
        object.__setattr__(self, "rounding", rounding)
        object.__setattr__(self, "directions", directions)
        aims = exact[:, None]
        if self.run is not None:
            means = self.run.blocks.means
            centred = (means - means.mean(0)) / max(len(means) * (len(means) - 1), 1) ** 0.5
            signs = torch.as_tensor(hadamard(MOST), dtype=exact.dtype, device=exact.device)[:, :len(means)]
            aims = torch.cat((aims, (exact + signs @ centred).T), 1)
        object.__setattr__(self, "aims", aims)

    def shown(self, where: slice, n: int) -> bool:
        """Whether n rows are expected to show FEW times or more the events that carry half of the gradient's square in these
        parameters."""
        if self.rare is None:
            return True
        n = n if self.run is None else min(n, self.run.sums.n)
        weight = self.exact[where].square()
        weight = weight / weight.sum() if bool(weight.any()) else torch.full_like(weight, 1 / len(weight))
        return float(weight @ self.rare.shares(n, FEW)[where]) <= 0.5
