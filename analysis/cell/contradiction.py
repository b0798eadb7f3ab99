"""Do an estimator's own rows contradict the moments that are said to be exact?

Where the moments are right, coordinate by coordinate, the mean of n rows differs from the exact mean by a known standard error, and
the mean of the squares about it from the exact variance by one that the rows show.  What makes an alarm as rare as it is said to be:

    unseen events   an event that no row shows moves the mean by less than the *exact* standard error, so the larger of it and the rows'
                    own counts; that rows show *less* variance than there is, is held against the moments only where every unit's rarer
                    state is expected EVENTS times or more, and a rule's derivatives depend on states alone: a relaxed step is seen
                    where a noise falls into it, which no unit's probability tells
    few events      a coordinate whose sum rests on fewer than EVENTS rows in effect, n / skewness^2, is not judged
    skewness        the score is corrected for it, to first order (Cornish, Fisher)
    rounding        differences below the square root of the rounding of the largest row are none, nor those below the rounding of the loss

Shapes: n rows, d parameters.
"""

import torch
from jaxtyping import Float
from scipy.stats import norm
from torch import Tensor

from straightedge.analysis.cell.memory import block_rows
from straightedge.estimators.base import Estimator, Rule
from straightedge.estimators.moment.factor import Factor
from straightedge.estimators.moment.marginal import Moments
from straightedge.estimators.network.network import Network
from straightedge.estimators.sampling.sample import draw

FALSE_ALARM = 1e-6
"""Probability of an alarm in one cell whose moments are right."""
EVENTS = 50
STREAM = 0x5EED0FACE
"""Far from the seeds that people give to rows."""


def contradiction(estimator: Estimator, network: Network, found: Moments, n: int, false_alarm: float = FALSE_ALARM,
                  seed: int = STREAM) -> str:
    """How n rows contradict these moments; nothing where they do not."""
    rng = torch.Generator(network.theta.device).manual_seed(seed)
    step = min(n, block_rows(network, estimator))
    rows = torch.cat([estimator(network, min(step, n - start), rng).detach().double() for start in range(0, n, step)])
    chance, loss = outline(network, rng)
    resolution = torch.finfo(network.theta.dtype).eps
    noise = 64 * resolution * loss * max(1.0, float(network.inputs.abs().amax()) if network.inputs.numel() else 1.0)
    common = chance * n >= EVENTS and not noisy(estimator, network, rng)
    return against(rows, found, common, noise, false_alarm, resolution)


def noisy(estimator: Estimator, network: Network, rng: torch.Generator) -> bool:
    """Whether a rule's derivatives depend on more than pre-activation and state."""
    if not isinstance(estimator, Rule):
        return False
    wide = network.to(network.theta.device, torch.float64)
    factor = Factor(estimator, wide)
    a = torch.cat([site.a.reshape(-1) for site in draw(wide, wide.uniform(rng, 2)).sites])
    return factor.noisy(a, factor.region(a))


def outline(network: Network, rng: torch.Generator, n: int = 64) -> tuple[float, float]:
    """(the probability of the rarest state of any unit at any data point, by sampled states below, 1 where every unit is certain; the
    largest loss)."""
    sample = draw(network, network.uniform(rng, n))
    chances = [site.noise.cdf(-site.a.abs()).mean(0) for site in sample.sites]
    rarest = min((float(chance[chance > 0].min()) for chance in chances if bool((chance > 0).any())), default=1.0)
    return rarest, float(sample.value.abs().max())


def against(rows: Float[Tensor, "n d"], found: Moments, common: bool, noise: float = 0.0, false_alarm: float = FALSE_ALARM,
            resolution: float = torch.finfo(torch.float64).eps) -> str:
    """The same from the rows; `common` where no event is rare among so many, `noise` the rounding of what rows are made of, `resolution`
    that of one number."""
    if not bool(torch.isfinite(rows).all()):
        return "rows hold NaN or infinity" if bool(torch.isfinite(found.mean).all()) else ""
    if not bool(torch.isfinite(found.mean).all() & torch.isfinite(found.variance).all()):
        return "the moments hold NaN or infinity, which rows do not"
    difference = rows - found.mean
    size = rows.abs().amax(0)
    floor = resolution**0.5 * size + noise + 1e-300
    limit = float(norm.isf(false_alarm / (4 * rows.shape[1])))
    mean_z = scores(difference, torch.maximum(found.variance, rows.var(0, correction=0)), floor)
    square_z = scores(difference.square() - found.variance, None, 2 * floor * (size + noise))
    if not common:
        square_z = square_z.clamp_min(0)
    seen = rows.mean(0), difference.square().mean(0)
    for name, z, wrong, right in zip(("mean", "variance"), (mean_z, square_z), seen, (found.mean, found.variance), strict=True):
        worst = int(z.abs().argmax())
        if float(z[worst].abs()) > limit:
            return (f"the {name} of {len(rows)} rows contradicts it: parameter {worst} has {wrong[worst]:.4g} where {right[worst]:.4g} is "
                    f"said to be exact, z = {z[worst]:.3g} where {limit:.1f} is allowed")
    return ""


def scores(values: Float[Tensor, "n d"], variance: Float[Tensor, " d"] | None, floor: Float[Tensor, " d"]) -> Float[Tensor, " d"]:
    """Normal scores of the means of the values, whose expectations should be zero; 0 where they cannot be judged."""
    n, mean = len(values), values.mean(0)
    centred = values - mean
    spread = centred.square().mean(0)
    moments = spread if variance is None else variance
    deviation = (moments + floor.square()).sqrt()
    asymmetry = centred.pow(3).mean(0) / (spread + floor.square()).pow(1.5) / n**0.5
    z = mean * n**0.5 / deviation
    within = mean.abs() <= floor
    if variance is None:  # studentised
        corrected = z + asymmetry * z.square() / 3 + asymmetry.square() * z.pow(3) / 27 + asymmetry / 6
    else:
        corrected = z - asymmetry * (z.square().clamp_max(49.0) - 1) / 6
    return torch.where((asymmetry.square() > 1 / EVENTS) | within, 0.0, corrected)
