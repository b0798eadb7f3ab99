"""The Gibbs sampler's Stein operator, whose mean is zero whatever function it is applied to.

    A h(x) = mean over the units i of P(x_i flips) (h(x with i flipped) - h(x)),     E A h = 0

Shapes: n rows of k samples, b data points, i units, c = b, or 1 where units are shared by all points.
"""

from collections.abc import Callable

from jaxtyping import Float
from torch import Tensor

from straightedge.estimators.network.network import Network
from straightedge.estimators.sampling.sample import Site

Surrogate = Callable[[Tensor], tuple[Tensor, Tensor]]


def stein(site: Network | Site, a: Float[Tensor, "n k c i"], x: Float[Tensor, "n k c i"], score: Float[Tensor, "n k c i"],
          slope: Float[Tensor, "n k c i"], h: Surrogate) -> tuple[Float[Tensor, "n k b"], Float[Tensor, "n k b i"]]:
    """(A h, A (h' d log P / d a)) at x, for two functions h and h' of <slope, x> alone, which `h` gives together.

    `h` takes the inner products [n, k, b, 1] at x and [n, k, b, i] with each unit flipped; `slope` must not depend on x."""
    step, noise = sum(site.states) - 2 * x, site.noise
    upper = step < 0
    change = noise.cdf(a * step.sign())
    linear = (slope * x).sum(-1, keepdim=True)
    here, here_2 = h(linear)
    there, there_2 = h(linear + slope * step)
    moved = (change * (there_2 - here_2)).mean(-1, keepdim=True) * score
    own = change * there_2 * (noise.score(a, ~upper) - score) / a.shape[-1]
    return (change * (there - here)).mean(-1), moved + own
