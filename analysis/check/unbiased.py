"""Is this function an unbiased estimator of a gradient?  For code that is not ours: one line in anyone's pytest.

    assert_unbiased(estimate, loss, logits)

`estimate(logits, loss, rng)` estimates the gradient by the logits of E loss(x), for one vector x of independent bits with
P(x_i = 1) = sigmoid(logits_i).  Its mean is held against exact enumeration, with more and more rows, until it is

    unbiased     every bias is, at 95 %, below `resolution` times the length of the exact gradient
    biased       a bias is seen that an unbiased estimator shows with probability `false_alarm`, all looks and coordinates together
    cannot tell  neither, with the rows that were allowed

Shapes: n rows, u units (bits).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from scipy.stats import norm
from torch import Tensor

from straightedge.analysis.accuracy.bias_test import EVENTS, BiasTest

Loss = Callable[[Tensor], Tensor]
Estimate = Callable[[Tensor, Loss, torch.Generator], Tensor]

CONFIDENCE = 0.95
FIRST, CHUNK, WIDEST = 1024, 65536, 20


@dataclass(frozen=True)
class Verdict:
    """What the rows say about the mean of an estimate."""

    outcome: Literal["unbiased", "biased", "cannot tell"]
    rows: int
    """Estimates drawn."""
    scale: float
    """Length of the mean along the exact gradient, over the exact length, minus one."""
    scale_error: float
    """Half the width of its 95 % interval."""
    bound: float
    """No coordinate's bias is larger, nor that of the scale, at 95 % together; relative to the length of the exact gradient."""
    evidence: str
    """What was seen where it is biased; why it cannot be told, where that is not for want of precision."""

    def __str__(self) -> str:
        length = f"mean/exact along the gradient {1 + self.scale:.4f} +- {self.scale_error:.4f}"
        if self.outcome == "biased":
            return f"biased: {self.evidence} ({self.rows} rows)"
        if self.outcome == "unbiased":
            return f"unbiased: any bias is below {self.bound:.1%} of the gradient's length at 95 % ({self.rows} rows, {length})"
        reason = self.evidence or f"a bias may be up to {self.bound:.1%} of the gradient's length, {length}"
        return f"cannot tell with {self.rows} rows: {reason}; allow more rows, or a coarser resolution"


def enumerated(loss: Loss, logits: Float[Tensor, " u"], states: tuple[float, float] = (0.0, 1.0)) -> Float[Tensor, " u"]:
    """The exact gradient of E loss(x) by the logits, by enumeration of all states."""
    if logits.dim() != 1 or not 0 < len(logits) <= WIDEST:
        raise ValueError(f"expected one vector of 1 to {WIDEST} logits, got shape {tuple(logits.shape)}")
    corners = torch.cartesian_prod(*[torch.tensor((0.0, 1.0), dtype=logits.dtype)] * len(logits)).reshape(-1, len(logits))
    values = torch.as_tensor(loss(states[0] + (states[1] - states[0]) * corners.to(logits.device))).detach()
    if values.shape != corners.shape[:1]:
        raise ValueError(f"loss must map states [.., {len(logits)}] to values [..], "
                         f"but shape {tuple(corners.shape)} became {tuple(values.shape)}")
    logits, bits = logits.detach().cpu().double(), corners.double()
    p = torch.where(bits > 0, torch.sigmoid(logits), torch.sigmoid(-logits)).prod(1)
    return (p * values.cpu().double()) @ (bits - torch.sigmoid(logits))


def sampled(estimate: Estimate, loss: Loss, logits: Tensor, n: int, rng: torch.Generator, batched: bool) -> Float[Tensor, "n u"]:
    """n rows of estimates."""
    if batched:
        rows = estimate(logits.expand(n, -1).clone(), loss, rng)
    else:
        rows = torch.stack([torch.as_tensor(estimate(logits.clone(), loss, rng)).detach() for _ in range(n)])
    if rows.shape != (n, len(logits)):
        raise ValueError(f"estimate must return one gradient a row, shape {(n, len(logits))}, got {tuple(rows.shape)}"
                         + ("; for a function of one vector say batched=False" if batched else ""))
    if not bool(torch.isfinite(rows).all()):
        raise AssertionError("the estimate holds NaN or infinity")
    return rows.detach().cpu()


def judge(estimate: Estimate, loss: Loss, logits: Float[Tensor, " u"], *, rows: int = 1 << 20, resolution: float = 0.05,
            false_alarm: float = 1e-6, seed: int = 0, states: tuple[float, float] = (0.0, 1.0), batched: bool = True) -> Verdict:
    """The verdict on an estimate; `batched` says that it takes logits [n, u], one estimate a row, and not one vector [u].

    The global generator is seeded for the time of the call, for estimates that draw from it."""
    exact, rng = enumerated(loss, logits, states), torch.Generator(logits.device).manual_seed(seed)
    test = BiasTest(exact, float(torch.as_tensor(loss(states[0] + (states[1] - states[0]) * (logits > 0).to(logits))).abs()) or 1.0)
    looks = max(1, (max(rows, 1) - 1).bit_length() - FIRST.bit_length() + 2)
    rare = float(torch.sigmoid(-logits.double().abs()).min())
    outcome, evidence, target = "cannot tell", "", FIRST
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        while outcome == "cannot tell" and test.n < rows:
            while test.n < min(target, rows):
                test.add(sampled(estimate, loss, logits, min(CHUNK, min(target, rows) - test.n), rng, batched))
            target *= 2
            if test.n * rare < EVENTS:
                evidence = f"a unit's rarer state has probability {rare:.1g} and was hardly seen"
                continue
            evidence = test.alarm(false_alarm / looks)
            if evidence:
                outcome = "biased"
            elif bool(test.judged.all()) and bound(test) <= resolution:
                outcome = "unbiased"
    return Verdict(outcome, test.n, test.scale, test.scale_error, bound(test), evidence)


def bound(test: BiasTest) -> float:
    """What no bias exceeds at 95 %, all statistics together, relative to the length of the exact gradient."""
    quantile = float(norm.isf((1 - CONFIDENCE) / (2 * len(test.bias))))
    return float((test.bias.abs() + quantile * test.error).max()) / test.unit


def assert_unbiased(estimate: Estimate, loss: Loss, logits: Float[Tensor, " u"], **options) -> Verdict:
    """The verdict, where it is unbiased; raises AssertionError with the verdict's sentence where it is not, or cannot be told.

    Options are those of `judge`: rows, resolution, false_alarm, seed, states, batched."""
    found = judge(estimate, loss, logits, **options)
    if found.outcome != "unbiased":
        raise AssertionError(str(found))
    return found
