"""Checks of the law of rows: it is the same whatever the size of the call, the place in it, and the precision.

Two samples are compared by ranks, in place and in spread, along several directions and in length: ranks, so that z is nearly normal
whatever the tails.  Each check raises a false alarm with a probability of about FALSE_ALARM, were the estimator right.

Shapes: n rows, d parameters, k statistics of a row.
"""

from collections.abc import Mapping

import numpy as np
import torch
from jaxtyping import Float
from scipy.stats import norm
from torch import Tensor

from straightedge.analysis.accuracy.bias_test import critical
from straightedge.analysis.check.draw import SIZES, Networks, rows
from straightedge.estimators.base import Estimator

FALSE_ALARM = 1e-6
SAME = 1e-5
"""Values that are nearer than this part of their spread are the same value: sums of another order, or of another precision."""


def directions(reference: Float[Tensor, "n d"]) -> Float[Tensor, "d k"]:
    """Up to six coordinates, three fixed directions, and the mean, for rows in units of the reference's spread."""
    d = reference.shape[1]
    fixed = torch.randn(d, 3, generator=torch.Generator().manual_seed(0), dtype=reference.dtype) / d**0.5
    return torch.cat((torch.eye(d, dtype=reference.dtype)[:, :6], fixed, unit(reference).mean(0).unsqueeze(1)), 1)


def unit(reference: Float[Tensor, "n d"]) -> Float[Tensor, "n d"]:
    """Rows in units of their own spread."""
    return reference / spread(reference)


def spread(reference: Float[Tensor, "n d"]) -> Float[Tensor, " d"]:
    """The standard deviation of every coordinate; its size where it is constant."""
    deviation, size = reference.std(0), reference.abs().mean(0)
    return torch.where(deviation > SAME * size, deviation, torch.where(size > 0, size, 1.0))


def statistics(sample: Float[Tensor, "n d"], reference: Float[Tensor, "m d"]) -> Float[Tensor, "n k"]:
    """What rows are compared by: values along the directions, and the length, in units of the reference's spread."""
    scaled = sample / spread(reference)
    return torch.cat((scaled @ directions(reference), scaled.norm(dim=1, keepdim=True)), 1)


def scores(values: np.ndarray) -> np.ndarray:
    """Normal scores of values, the same for values that are the same; mean zero and variance one, or all zero."""
    order = np.argsort(values, kind="stable")
    group = np.empty(len(values), int)
    group[order] = np.concatenate(([0], np.cumsum(np.diff(values[order]) > SAME)))
    counts = np.bincount(group)
    middle = np.cumsum(counts) - (counts - 1) / 2
    found = norm.ppf((middle[group] - 0.5) / len(values))
    found -= found.mean()
    return found / found.std() if len(counts) > 1 else 0 * found


def contrast(first: Float[Tensor, "n d"], reference: Float[Tensor, "m d"]) -> float:
    """The largest |z| that tells the laws of two samples apart."""
    pooled, worst = statistics(torch.cat((first, reference)), reference).numpy(), 0.0
    error = (1 / len(first) + 1 / len(reference)) ** 0.5
    for column in pooled.T:
        place = scores(column)
        for values in (place, np.abs(place)):
            if values.std() > 0:
                difference = values[: len(first)].mean() - values[len(first):].mean()
                worst = max(worst, abs(difference) / values.std() / error)
    return float(worst)


def compare(pairs: Mapping[str, tuple[Float[Tensor, "n d"], Float[Tensor, "m d"]]], where: str, share: float) -> float:
    """The largest |z| of any pair of samples.  Raises AssertionError for those that do not follow one law."""
    statistic = max(2 * (directions(reference).shape[1] + 1) for _, reference in pairs.values())
    limit = critical(len(pairs) * statistic, FALSE_ALARM * share)
    found = {name: contrast(*pair) for name, pair in pairs.items()}
    wrong = [f"{name} (|z| = {z:.1f})" for name, z in found.items() if not z <= limit]
    if wrong:
        raise AssertionError(f"{where}: rows do not follow one law: {', '.join(wrong)}; |z| up to {limit:.1f} is chance")
    return max(found.values())


def check_sizes(estimator: Estimator, networks: Networks) -> str:
    """Rows follow one law whatever the number of rows of a call, from one to thousands."""
    names = networks.looked_at()[:1] if estimator.random else []
    for name, network in networks.items() if not names else ():
        first = rows(estimator, network, 1)
        if not all(torch.allclose(rows(estimator, network, n), first, 1e-4, 1e-4 * float(first.abs().max())) for n in SIZES):
            raise AssertionError(f"{name}: rows depend on the number of rows of the call")
    worst = [compare({f"calls of {n}": (networks.calls(name, n).flatten(0, 1), networks.chunk(name)) for n in SIZES}, name, 1 / len(names))
             for name in names]
    return f"calls of {', '.join(map(str, SIZES))} rows" + (f" on {', '.join(names)}: |z| at most {max(worst):.1f}" if names else "")


def check_place(estimator: Estimator, networks: Networks) -> str:
    """Rows follow one law whatever their place in a call: first, second, last, even, early."""
    names = networks.looked_at() if estimator.random else []
    for name in names:
        calls, chunk = [networks.calls(name, n) for n in SIZES if 1 < n <= 257] if name == names[0] else [], networks.chunk(name)
        places = {place: torch.cat([call[:, index] for call in calls])
                  for place, index in (("first", 0), ("second", 1), ("last", -1)) if calls}
        half = len(chunk) // 2
        compare({f"the {place} rows of calls": (sample, chunk) for place, sample in places.items()}
                | {"every other row": (chunk[::2], chunk[1::2]), "every third row": (chunk[::3], chunk[1::3]),
                   "half of a long call": (chunk[:half], chunk[half:]), "the first 300 rows of a long call": (chunk[:300], chunk[300:]),
                   "the last 300 rows of a long call": (chunk[-300:], chunk[:-300])}, name, 1 / len(names))
    return f"first, second, last, even and early rows alike on {', '.join(names)}" if names else "not random"


def check_precision(estimator: Estimator, networks: Networks) -> str:
    """Rows in float32 follow the law of those in float64."""
    names = networks.looked_at() if estimator.random else list(networks)
    for name in names:
        network = networks[name].to("cpu", torch.float32)
        if estimator.random:
            single = rows(estimator, network, 4096, seed=9).detach().double()
            compare({"float32": (single, networks.chunk(name))}, name, 1 / len(names))
            continue
        found, expected = rows(estimator, network, 1).double(), rows(estimator, networks[name], 1).double()
        if not torch.allclose(found, expected, 1e-2, 1e-3 * float(expected.norm()) + 1e-9):
            raise AssertionError(f"{name}: rows in float32 are not those in float64")
    return f"float32 as float64 on {', '.join(names[:2])}{' and others' if names[2:] else ''}"
