"""Exact means over the one uniform of a unit, for the tests: no sampling, no code of the package but the rule itself.

The interval (0, 1) is cut at p = F(a), where the state changes, and each part into panels that shrink geometrically towards both
of its ends; every panel takes a Gauss-Legendre rule.  Peaks of any width at u = p and logarithmic ends come out to 1e-10.
"""

import numpy as np
import torch

POINTS, WEIGHTS = np.polynomial.legendre.leggauss(16)
LEVELS = 44


def panels(start: float, stop: float, levels: int) -> np.ndarray:
    """Edges of panels that halve towards both ends."""
    halves = 0.5 ** np.arange(1, levels)
    return start + (stop - start) * np.concatenate(([0.0], halves[::-1], 1 - halves[1:], [1.0]))


def nodes(p: float, levels: int = LEVELS) -> tuple[torch.Tensor, torch.Tensor]:
    """Nodes u in (0, 1) and their weights."""
    edges = [panels(start, stop, levels) for start, stop in ((0.0, p), (p, 1.0)) if stop > start]
    u = np.concatenate([(e[1:] + e[:-1])[:, None] / 2 + np.diff(e)[:, None] / 2 * POINTS for e in edges])
    w = np.concatenate([np.diff(e)[:, None] / 2 * WEIGHTS for e in edges])
    return torch.from_numpy(u.ravel()), torch.from_numpy(w.ravel())


def unit(rule, a: float, noise) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """(x, dx / da, weights) of a rule (a, u, noise) -> x at the nodes."""
    leaf = torch.tensor(a, dtype=torch.float64)
    u, w = nodes(noise.cdf(leaf).item())
    leaf = leaf.expand_as(u).clone().requires_grad_()
    x = rule(leaf, u, noise)
    factor, = torch.autograd.grad(x.sum(), leaf)
    return x.detach(), factor, w


def mean(rule, a: float, noise, slope=torch.ones_like) -> float:
    """E[f'(x) dx / da], the mean estimate for one unit and a loss with the derivative `slope`."""
    x, factor, w = unit(rule, a, noise)
    return (w * factor * slope(x)).sum().item()


def variance(rule, a: float, noise, slope=torch.ones_like) -> float:
    """Var[f'(x) dx / da]."""
    x, factor, w = unit(rule, a, noise)
    g = factor * slope(x)
    first = (w * g).sum()
    return (w * (g - first).square()).sum().item()


def truth(loss, a: float, noise) -> float:
    """d E f(x) / da = F'(a) (f(1) - f(-1))."""
    one = torch.ones((), dtype=torch.float64)
    return (noise.density(a * one) * (loss(one) - loss(-one))).item()
