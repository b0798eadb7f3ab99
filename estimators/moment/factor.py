"""The conditional moments of a rule's local derivative c, found by differentiating the rule at representative uniforms.

Given the pre-activation a, the uniforms fall in two regions, (0, p) and (p, 1), in each of which a hard rule has one state.  What
the moments of a chain need is, for each state x and k = 0, 1, 2,

    E[c^k 1{x}] = sum over the regions with that state of the integral of c(a, u)^k over u.

Where c depends on (a, x) only, one u per region tells it; else the integral is taken by quadrature.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from straightedge.estimators.base import Rule, local
from straightedge.estimators.moment.examination import LEAST, SIGHTS, doubtful, elementwise, even, sights
from straightedge.estimators.network.error import Unsuitable
from straightedge.estimators.network.network import Network
from straightedge.estimators.network.noise import Noise
from straightedge.estimators.sum.quadrature import NotSmooth, logits, means

PROBES = 256
"""Pre-activations at which a rule is examined, spread over those of a layer."""
BATCH = 1 << 10
BISECTIONS = 60
MARGIN = 2.0**-50
"""Relative distance kept from p, which a rule may find a few roundings elsewhere."""

BEYOND = 2.0**-45
"""Chance of the lower state below which few numbers of u, or none, lead to it; those of the upper state are ever finer."""

EXAMINED: dict[tuple[Rule, Noise, tuple[float, float]], list[tuple[float, float, bool]]] = {}
"""Rule, noise and states -> ranges of pre-activations that were examined, and whether c depends on u there."""


@dataclass(frozen=True, eq=False)
class Region:
    """The two regions of u for every pre-activation: (0, p) and (p, 1), of sizes p and q."""

    p: Float[Tensor, " s"]
    q: Float[Tensor, " s"]

    @property
    def mass(self) -> Float[Tensor, "2 s"]:
        return torch.stack((self.p, self.q))

    def __call__(self, logit: Float[Tensor, " m"]) -> Float[Tensor, "2 m s"]:
        """u inside the regions, at the shares of each whose logits these are; always on the right side of p."""
        which = torch.arange(2 * len(self.p), device=logit.device)
        return self.at(which, logit.unsqueeze(1)).view(len(logit), 2, -1).transpose(0, 1)

    def at(self, which: Int[Tensor, " j"], logit: Float[Tensor, "m #j"]) -> Float[Tensor, "m j"]:
        """The same in the regions of these numbers, (0, p) of every pre-activation before (p, 1) of every one."""
        p, q = (part[which % len(self.p)] for part in (self.p, self.q))
        share, rest = torch.sigmoid(logit), torch.sigmoid(-logit)
        below = torch.minimum(p * share, p * (1 - MARGIN))
        above = torch.maximum(torch.where(p < 0.5, p + q * share, 1 - q * rest), p * (1 + MARGIN))
        return torch.where(which < len(self.p), below, above).clamp(1e-300, 1 - 2.0**-53)


@dataclass(frozen=True, eq=False)
class Factor:
    """The local derivative of a rule on one network's units."""

    rule: Rule
    network: Network

    def refuse(self, why: str) -> Unsuitable:
        """The exception that says why this rule has no exact moments."""
        return Unsuitable(f"{type(self.rule).__name__}: {why}; sample it")

    def local(self, a: Float[Tensor, " s"], u: Float[Tensor, "*m s"]) -> tuple[Bool[Tensor, "*m s"], Float[Tensor, "*m s"]]:
        """(whether x is hi, c).  Raises Unsuitable where x is relaxed."""
        x, c = local(self.rule.unit, a.expand_as(u), u, self.network)
        lo, hi = self.network.states
        distance = torch.minimum((x - lo).abs(), (x - hi).abs()).max()
        if not distance < 1e-6 * self.network.span:
            raise self.refuse(f"exact moments take hard states, its own are up to {distance:.2g} away from {lo:g} and {hi:g}")
        return x > (lo + hi) / 2, c

    def region(self, a: Float[Tensor, " s"]) -> Region:
        """The regions of one state each: split at F(a), or, for a rule with a threshold of its own, where bisection finds it."""
        region = Region(self.network.noise.cdf(a), self.network.noise.cdf(-a))
        if self.pure(a, region):
            return region
        low, high = torch.zeros_like(a), torch.ones_like(a)
        for _ in range(BISECTIONS):
            middle = (low + high) / 2
            upper, _ = self.local(a, middle)
            low, high = torch.where(upper, middle, low), torch.where(upper, high, middle)
        region = Region(high, 1 - high)
        if not self.pure(a, region):
            raise self.refuse("its state is no threshold of u")
        return region

    def pure(self, a: Float[Tensor, " s"], region: Region) -> bool:
        """Whether each region has one state, at (some of) these pre-activations."""
        a, region = probed(a, region)
        state, _ = self.local(a, region(logits(a)))
        return not bool(((state != state[:, :1]).any(1) & (region.mass > 1e-9)).any())

    def examined(self, a: Float[Tensor, " s"], region: Region) -> bool:
        """Whether c depends on u beyond x.  The thorough look, and the trust in a quadrature, are of the rule and of a range of
        pre-activations, not of one network: they are had once in a process, for a range somewhat wider than asked for."""
        low, high = float(a.min()), float(a.max())
        seen = EXAMINED.setdefault((self.rule, self.network.noise, self.network.states), [])
        if not any(least <= low and high <= most for least, most, _ in seen):
            margin = (high - low) / 2
            grid = torch.linspace(low - margin, high + margin, PROBES, dtype=a.dtype, device=a.device)
            wide = torch.cat((grid, probed(a, region)[0]))
            noisy = self.noisy(wide, self.region(wide), thorough=True)
            if noisy:
                self.trust(*probed(wide, self.region(wide)))
            seen.append((low - margin, high + margin, noisy))
            del seen[:-8]
        known = [noisy for least, most, noisy in seen if least <= low and high <= most]
        return any(known) or self.noisy(a, region)

    def noisy(self, a: Float[Tensor, " s"], region: Region, thorough: bool = False) -> bool:
        """Whether c depends on u beyond x, anywhere at (some of) these pre-activations."""
        a, region = probed(a, region)
        middle = self.local(a, region(a.new_zeros(1)))[1]
        logit = logits(a).unsqueeze(1).expand(-1, 2 * len(a))
        if thorough:
            count = max(LEAST, SIGHTS // (2 * len(a)))
            logit = torch.cat((logit, sights(count, 2 * len(a), a)[0], even(count, 2 * len(a), a)))
        which = torch.arange(2 * len(a), device=a.device)
        c = self.local(a.repeat(2), region.at(which, logit))[1].view(-1, 2, len(a)).transpose(0, 1)
        spread = (c - middle).abs().amax(1)
        return bool(((spread > 1e-9 * c.abs().amax(1)) & (region.mass > 0)).any())

    def __call__(self, a: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape 3 2"]:
        """E[c^k 1{x}] for k = 0, 1, 2 and x = lo, hi, c averaged over the rule's `noises`."""
        dependence = elementwise(self.rule.unit, self.network, a.reshape(-1, a.shape[-1]))
        if dependence:
            raise self.refuse(dependence)
        flat = a.reshape(-1)
        turned = self.network.noise.cdf(-flat) < BEYOND
        turned &= bool(turned.any()) and self.symmetric(flat)
        flat = torch.where(turned, -flat, flat)
        region = self.region(flat)
        noisy = self.examined(flat, region)
        parts = [self.moments(part, Region(p, q), noisy)
                 for part, p, q in zip(*(whole.split(BATCH) for whole in (flat, region.p, region.q)), strict=True)]
        found = torch.cat(parts)
        return torch.where(turned[:, None, None], found.flip(-1), found).view(*a.shape, 3, 2)

    def symmetric(self, a: Float[Tensor, " s"]) -> bool:
        """Whether x(a, u) and x(-a, 1 - u) are each other's opposite, and c the same, as far as u can tell the states apart."""
        seen = a[torch.minimum(self.network.noise.cdf(a), self.network.noise.cdf(-a)) > BEYOND**0.5][:PROBES]
        seen = torch.cat((seen, torch.linspace(-2.0, 2.0, 33, dtype=a.dtype, device=a.device)))
        region = Region(self.network.noise.cdf(seen), self.network.noise.cdf(-seen))
        u = region(torch.tensor([-1.0, 1.0], dtype=a.dtype, device=a.device)).reshape(-1, len(seen))
        (high, c), (other, own) = self.local(seen, u), self.local(-seen, 1 - u)
        return not bool((high == other).any()) and torch.allclose(c, own, rtol=1e-6, atol=1e-9 * float(c.abs().max()))

    def integrals(self, a: Float[Tensor, " s"], region: Region) -> Float[Tensor, "2 r"]:
        """The means of c and of c^2 over the regions."""
        try:
            return means(lambda which, logit: self.local(a[which % len(a)], region.at(which, logit))[1], region.mass.flatten())
        except NotSmooth as error:
            raise self.refuse(f"the quadrature of its derivative over u does not converge ({error})") from error

    def trust(self, a: Float[Tensor, " s"], region: Region) -> None:
        """Raises Unsuitable where the quadrature, at (some of) these pre-activations, cannot be trusted."""
        which = torch.arange(2 * len(a), device=a.device)
        why = doubtful(lambda logit: self.local(a.repeat(2), region.at(which, logit))[1], self.integrals(a, region), region.mass.flatten())
        if why:
            raise self.refuse(f"the quadrature of its derivative over u is not to be trusted: {why}")

    def moments(self, a: Float[Tensor, " s"], region: Region, noisy: bool) -> Float[Tensor, "s 3 2"]:
        """The same for a batch of pre-activations; c is integrated over u where it is `noisy`."""
        state, c = (part[:, 0] for part in self.local(a, region(a.new_zeros(1))))
        first, second = c, c * c
        if noisy:
            first, second = self.integrals(a, region).view(2, 2, -1)
            second = second / self.rule.noises + first.square() * (1 - 1 / self.rule.noises)
        # a derivative may be infinite where its state cannot occur
        powers = [torch.where(region.mass > 0, region.mass * power, 0.0) for power in (torch.ones_like(first), first, second)]
        chosen = torch.stack((~state, state), -1).unsqueeze(2).to(a)
        return (torch.stack(powers, -1).unsqueeze(-1) * chosen).sum(0)


def probed(a: Float[Tensor, " s"], region: Region) -> tuple[Float[Tensor, " t"], Region]:
    """At most PROBES of these pre-activations, from the lowest to the highest, and their regions."""
    which = torch.argsort(a)[torch.linspace(0, len(a) - 1, min(len(a), PROBES), device=a.device).long()]
    return a[which], Region(region.p[which], region.q[which])
