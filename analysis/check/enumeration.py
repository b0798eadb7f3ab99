"""Exact enumeration of one vector of independent bits: the gradient, its rounding, and what rare states may hide from samples.

Shapes: u units (bits), s states, 2^u.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from straightedge.analysis.accuracy.bias_test import EVENTS, BiasTest
from straightedge.estimators.network.error import InputError

Loss = Callable[[Tensor], Tensor]
WIDEST = 20
STABLE = 1e3
"""Roundings of the largest loss by which its values may differ from call to call."""
ROUNDINGS = 8
"""A gradient that is not this many times longer than its rounding is zero."""
HEAVY, OCTAVES = 5.0, 64
"""States are looked after that carry more than this many times the root mean square of what all states carry."""


def vector_of(logits: object) -> Float[Tensor, " u"]:
    """One vector of finite real logits, from a tensor, an array or a list; raises InputError for anything else."""
    try:
        found = logits.detach() if isinstance(logits, Tensor) else torch.as_tensor(logits, dtype=torch.float64)
    except (TypeError, ValueError, RuntimeError) as error:
        raise InputError(f"logits: expected a vector of numbers, got {type(logits).__name__} ({error})") from None
    if not found.dtype.is_floating_point:
        found = found.to(torch.float64) if not found.dtype.is_complex else found
    if found.dim() != 1 or not 0 < len(found) <= WIDEST:
        raise InputError(f"logits: expected one vector of 1 to {WIDEST} logits, got shape {tuple(found.shape)}")
    if found.dtype.is_complex or not bool(torch.isfinite(found).all()):
        raise InputError(f"logits: expected finite real numbers, got {found.tolist()}")
    return found


@dataclass(frozen=True)
class Enumeration:
    """All states of the bits with the loss at each."""

    logits: Float[Tensor, " u"]
    """In float64."""
    values: Float[Tensor, " s"]
    """The losses, in float64."""
    precision: float
    """The relative rounding of a loss."""

    @classmethod
    def of(cls, loss: Loss, logits: Float[Tensor, " u"], states: tuple[float, float]) -> "Enumeration":
        """Evaluates the loss at every state.  Raises InputError where it is not one finite real number a state."""
        corners = bits(len(logits)).to(logits)
        given = states[0] + (states[1] - states[0]) * corners
        values = torch.as_tensor(loss(shown := given.clone())).detach().clone().cpu()
        if not torch.equal(shown, given):
            raise InputError("loss: it writes into the states that it is given; expected a function of them")
        if values.shape != corners.shape[:1]:
            raise InputError(f"loss must map states [.., {len(logits)}] to values [..], "
                             f"but shape {tuple(corners.shape)} became {tuple(values.shape)}")
        if values.dtype.is_complex:
            raise InputError("loss: expected real values, got complex ones")
        precision = torch.finfo(values.dtype if values.dtype.is_floating_point else torch.float64).eps
        lost = (~torch.isfinite(values)).nonzero().flatten()
        if len(lost):
            where = (states[0] + (states[1] - states[0]) * corners[lost[0]]).tolist()
            raise InputError(f"loss: it is {float(values[lost[0]])} at the state {where}, and not finite at {len(lost)} of {len(values)} "
                             "states; expected finite values, or the expectation has no gradient")
        again = torch.as_tensor(loss(given.flip(0)[::2].clone())).detach().cpu().flip(0).double()
        apart = float((again - values.double()[1::2]).abs().max())
        if not apart <= STABLE * precision * float(values.double().abs().max()):
            raise InputError(f"loss: asked again about half of the states it gives other values, up to {apart:.3g} apart; expected a "
                             "function of a state alone, not of chance nor of the other states it is asked about")
        return cls(logits.cpu().double(), values.double(), precision)

    def _weighed(self, terms: Callable[[Tensor, Tensor], Tensor]) -> Float[Tensor, " u"]:
        """F' of each unit times the mean, over the other units, of `terms` of the losses with the unit off and on."""
        upper, lower = torch.sigmoid(self.logits), torch.sigmoid(-self.logits)
        table, found = self.values.reshape((2,) * len(self.logits)), []
        for unit in range(len(self.logits)):
            mean = terms(table.select(unit, 0), table.select(unit, 1))
            for other in reversed([index for index in range(len(self.logits)) if index != unit]):
                mean = mean[..., 0] * lower[other] + mean[..., 1] * upper[other]
            found.append(mean * upper[unit] * lower[unit])
        return torch.stack(found)

    @property
    def gradient(self) -> Float[Tensor, " u"]:
        """The exact gradient: of differences of losses, so that neither a constant in the loss nor a certain unit takes its digits."""
        return self._weighed(lambda off, on: on - off)

    @property
    def rounding(self) -> Float[Tensor, " u"]:
        """What the rounding of the losses may change in the gradient."""
        return self.precision * self._weighed(lambda off, on: on.abs() + off.abs())

    @property
    def zero(self) -> bool:
        """Whether the gradient is zero to rounding."""
        return bool(self.gradient.abs().max() <= ROUNDINGS * self.rounding.max())

    @property
    def unit(self) -> float:
        """What a bias is measured by: the length of the gradient; where that is zero, of its terms with all signs positive; where those
        are zero too, the size of the loss."""
        if not self.zero:
            return length(self.gradient)
        terms = length(self._weighed(lambda off, on: (on - off).abs()))
        noise = ROUNDINGS * length(self.rounding)
        return (terms if terms > noise else 0.0) or float(self.values.abs().max()) or 1.0

    @property
    def rarest(self) -> float:
        """The probability of the rarest state of any unit."""
        return float(torch.sigmoid(-self.logits.abs()).min())

    def hidden(self, n: int) -> Float[Tensor, " u"]:
        """What states that n rows see fewer than EVENTS times may carry of each coordinate, for estimates made of losses or of losses
        minus their mean: zero where no rare state carries far more than others."""
        corners = bits(len(self.logits)).double()
        p = torch.where(corners > 0, torch.sigmoid(self.logits), torch.sigmoid(-self.logits)).prod(1)
        share = torch.where(corners > 0, torch.sigmoid(-self.logits), torch.sigmoid(self.logits))
        found = torch.zeros_like(self.logits)
        for centre in (0.0, float(p @ self.values)):
            for unit in range(len(self.logits)):
                carried = (self.values - centre).abs() * share[:, unit]
                usual = float((p @ carried.square()).sqrt())
                if usual > 0:
                    octave = (carried / usual / HEAVY).log2().floor().clamp(-1, OCTAVES).long() + 1
                    mass, weight = (torch.bincount(octave, part, OCTAVES + 2).flip(0).cumsum(0)[:-1] for part in (p, p * carried))
                    rare = mass * n < EVENTS
                    found[unit] += float(weight[rare].max()) if bool(rare.any()) else 0.0
        return found


def length(vector: Float[Tensor, " u"]) -> float:
    """The length of a vector, whose squares may underflow."""
    most = float(vector.abs().max())
    return most * float((vector / most).norm()) if most else 0.0


def bits(units: int) -> Float[Tensor, "s u"]:
    """All states, the first unit slowest."""
    return torch.cartesian_prod(*[torch.tensor((0.0, 1.0))] * units).reshape(-1, units)


class HiddenBiasTest(BiasTest):
    """The test of bias for rows and gradient in units of the enumeration's, with what rare states may hide taken off every bias."""

    def __init__(self, enumeration: Enumeration):
        self.enumeration, self.hidden = enumeration, torch.zeros(1)
        exact = torch.zeros_like(enumeration.logits) if enumeration.zero else enumeration.gradient / enumeration.unit
        super().__init__(exact)
        self.rounding = max(self.rounding, ROUNDINGS * length(enumeration.rounding) / enumeration.unit)

    def add(self, rows: Float[Tensor, "n u"]) -> None:
        super().add(rows.double() / self.enumeration.unit)
        hidden = self.enumeration.hidden(self.n) / self.enumeration.unit
        self.hidden = torch.cat((hidden, (hidden @ self.exact.abs()).reshape(1))) if self.exact.any() else hidden

    @property
    def z(self) -> Float[Tensor, " s"]:
        size = self.bias.abs()
        return super().z * ((size - self.hidden).clamp_min(0) / size.clamp_min(1e-300))
