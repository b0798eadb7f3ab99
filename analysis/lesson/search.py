"""The best straight-through rule there is, of a form: found by exact gradients of exact efficiency, judged on networks it was not found on.

Every symmetric rule that knows a unit's pre-activation and state alone is a shape, the logarithm of its derivative by the log-odds of the
unit's own state (FreeForm).  A form says which shapes are tried, and whether the last hidden layer has one of its own.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import ClassVar, Literal, get_args

import numpy as np
import torch
from torch import Tensor

from straightedge.analysis.lesson.lesson import Found, Task
from straightedge.analysis.problem.classification import Classification, Digits, Points
from straightedge.analysis.problem.problem import ProblemError
from straightedge.analysis.problem.teacher import Teacher
from straightedge.estimators.moment.free import FreePlan, Shape
from straightedge.estimators.moment.marginal import Moments
from straightedge.estimators.network.margin import MARGINS, interpolated
from straightedge.estimators.network.network import Network
from straightedge.estimators.straight_through import StraightThrough
from straightedge.estimators.sum.expectation import exact_gradient
from straightedge.estimators.tempered import Tempered

Form = Literal["exponents", "exponents_by_layer", "free", "free_by_layer", "own"]
"""tempered straight-through; with exponents of its own in the last hidden layer; any shape; with one of its own there; a free form found
for each network, and judged on it: no rule of its kind is better there."""
KINDS: dict[str, Classification] = {
    "moons": Points((5, 5, 5), points=60), "rings": Points((5, 5, 5), shape="rings", points=60), "digits": Digits((6, 6), points=60),
    "normal": Points((6, 6), noise="normal", points=60), "deep": Points((4,) * 4, points=60), "teacher": Teacher((5, 5), points=60)}
STAGES = ((200, "exact"), (1000, "exact"), (300, "straight_through"))
"""(steps, trainer) of the networks."""
RATE = 0.05
"""Of Adam, at first; it falls to zero."""
PEAK = 30
"""Steps of a search on one network alone."""


@dataclass(frozen=True)
class Search(Task):
    """Adam, a network a step in random order, along the gradient of mean efficiency over hidden layers.

    Rules are found on the networks of even seeds and judged on those of odd ones."""

    told: ClassVar[tuple[str, ...]] = ("form", "draws")
    form: Form = "free"
    draws: int = 10
    """Estimates averaged."""
    steps: int = 200
    kinds: tuple[str, ...] = tuple(KINDS)
    networks: int = 2
    """Of each kind and stage."""

    def __post_init__(self):
        unknown = {*self.kinds} - {*KINDS}
        if unknown or self.form not in get_args(Form) or self.networks < 2 or min(self.draws, self.steps) < 1:
            raise ProblemError(f"search: {self.form}, {self.draws} draws, {self.steps} steps, {self.networks} networks of "
                               f"{', '.join(self.kinds)}; expected a form ({', '.join(get_args(Form))}), whole numbers from 1, two "
                               f"networks at least, kinds of {', '.join(KINDS)}")

    @property
    def title(self):
        return f"search {self.form.replace('_', ' ')}, {self.draws} estimates"

    def problems(self) -> list[Classification]:
        """All networks, those of one kind and stage together."""
        return [replace(KINDS[kind], steps=steps, trainer=trainer, seed=seed)
                for kind in self.kinds for steps, trainer in STAGES for seed in range(self.networks)]

    def learn(self, rule, seeds, report):
        """`rule` is where searches begin."""
        if not isinstance(rule, Tempered):
            raise ProblemError(f"search: it begins at {type(rule).__name__}; expected tempered straight-through")
        return [self.found(rule, seed, report) for seed in range(seeds)]

    def found(self, begin: Tempered, seed: int, report: Callable[..., object]) -> Found:
        """A group for each network judged: its efficiency; in the groups of layers, s at every margin; in all, the two means."""
        fit, judged = ([one for one in self.problems() if one.seed % 2 == odd] for odd in (0, 1))
        if self.form == "own":
            parameters = [self.peak(one, begin, report) for one in judged]
            values = [value(one, own, self.form, self.draws) for one, own in zip(judged, parameters, strict=True)]
            return told(judged, values) | {"all": {"judged": float(np.mean(values))}}
        best = self.climb(fit, begin, self.steps, seed, report)
        values = [value(one, best, self.form, self.draws) for one in judged]
        means = {"judged": float(np.mean(values)), "fit": float(np.mean([value(one, best, self.form, self.draws) for one in fit]))}
        shapes = dict(zip(("layer0", "layer1"), shaped(best, self.form, 2), strict=True))
        grid = torch.tensor(MARGINS, dtype=torch.float64)
        tables = {group: dict(zip((f"s{place:g}" for place in MARGINS), shape(grid).tolist(), strict=True))
                  for group, shape in shapes.items()}
        return told(judged, values) | {"all": means} | tables

    def climb(self, problems: list[Classification], begin: Tempered, steps: int, seed: int, report: Callable[..., object]) -> list[Tensor]:
        """The parameters after these steps."""
        parameters = [one.requires_grad_() for one in first(begin, self.form)]
        adam = torch.optim.Adam(parameters, lr=RATE)
        for step, one in zip(range(steps), endless(problems, seed), strict=False):
            adam.param_groups[0]["lr"] = RATE * (1 - step / steps)
            loss = -efficiency(one, parameters, self.form, self.draws)
            adam.zero_grad()
            loss.backward()
            adam.step()
            report(1, float(-loss.detach()))
        return [one.detach() for one in parameters]


    def peak(self, problem: Classification, begin: Tempered, report: Callable[..., object]) -> list[Tensor]:
        """The best parameters seen for one network, by a quasi-Newton method (BFGS): there is no chance in its gradient.  A step of it may
        be so long that nothing is a number there."""
        parameters = [one.requires_grad_() for one in first(begin, self.form)]
        search = torch.optim.LBFGS(parameters, max_iter=PEAK, line_search_fn="strong_wolfe")
        most, best = 0.0, [one.detach().clone() for one in parameters]

        def again() -> Tensor:
            nonlocal most, best
            search.zero_grad()
            loss = -efficiency(problem, parameters, self.form, self.draws)
            loss.backward()
            reached = float(-loss.detach())
            if reached > most:
                most, best = reached, [one.detach().clone() for one in parameters]
            report(1, reached)
            return loss

        search.step(again)
        return best


def told(problems: list[Classification], values: list[float]) -> Found:
    """A group for each network, by its name."""
    return {one.name: {"efficiency": found} for one, found in zip(problems, values, strict=True)}


def endless(problems: list[Classification], seed: int) -> Iterator[Classification]:
    """All of them in random order, again and again."""
    rng = np.random.default_rng(seed)
    while True:
        yield from (problems[place] for place in rng.permutation(len(problems)))


def tempered(g: Tensor, h: Tensor) -> Shape:
    """The shape of tempered straight-through under logistic noise: F' F'(0)^-1 = 4 p q."""
    def shape(t: Tensor) -> Tensor:
        own, other = torch.nn.functional.logsigmoid(t), torch.nn.functional.logsigmoid(-t)
        return g * (own + other + np.log(4)) + (h - 1) * own - torch.logaddexp(h * own, h * other)

    return shape


def free(values: Tensor) -> Shape:
    """The shape with these values at the margins."""
    margins = torch.tensor(MARGINS, dtype=values.dtype)
    return lambda t: interpolated(t, margins, values)


def first(begin: Tempered, form: Form) -> list[Tensor]:
    """Where a form begins: parameters of all layers but the last, and, where it has its own, of the last."""
    exponents = torch.tensor([begin.g, begin.h], dtype=torch.float64)
    one = exponents if form.startswith("exponents") else tempered(*exponents)(torch.tensor(MARGINS, dtype=torch.float64))
    return [one.clone() for _ in range(1 if form in ("exponents", "free") else 2)]


def shaped(parameters: list[Tensor], form: Form, depth: int) -> tuple[Shape, ...]:
    """The shape of every layer."""
    made = [tempered(*one) if form.startswith("exponents") else free(one) for one in parameters]
    return (*[made[0]] * (depth - 1), made[-1])


@lru_cache(maxsize=256)
def known(problem: Classification) -> tuple[Network, Tensor]:
    """The network and its exact gradient."""
    network = problem.network()
    return network, exact_gradient(network)


def efficiency(problem: Classification, parameters: list[Tensor], form: Form, draws: int) -> Tensor:
    """Mean over hidden layers, differentiable in the parameters; the definition is that of `analysis.accuracy.metric`."""
    network, gradient = known(problem)
    moments = FreePlan(network, StraightThrough(), shaped(parameters, form, network.depth)).moments()
    return torch.stack([share(moments, gradient, where, draws) for where in list(network.groups.values())[: network.depth]]).mean()


def share(moments: Moments, gradient: Tensor, where: slice, draws: int) -> Tensor:
    """The efficiency of a group of parameters."""
    mean, g = moments.mean[where], gradient[where]
    return (mean @ g).square() / (g.square().sum() * (mean.square().sum() + moments.variance[where].sum() / draws))


@torch.no_grad()
def value(problem: Classification, parameters: list[Tensor], form: Form, draws: int) -> float:
    """The efficiency as a number."""
    return float(efficiency(problem, parameters, form, draws))
